// Package fault holds the kinds of "no" this system gives. A fault carries a
// stable code, never a personal value; what it says may be shown to anyone
// who may make the request.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what the caller can do about a fault. The HTTP status follows
// from it, in one table in package api.
type Kind int

// The kinds.
const (
	Invalid       Kind = iota + 1 // cannot be understood; Fields says where (400)
	Unidentified                  // who is asking is not established (401)
	Denied                        // your role may not (403)
	Absent                        // not here, or not for you to know: the same answer (404)
	Conflict                      // the state moved or clashes (409)
	Stale                         // the precondition given no longer holds (412)
	Refused                       // a rule of the case or a gate says no (422)
	Unconditional                 // a precondition is required and missing (428)
	TooMany                       // slow down (429)
	Unavailable                   // later; RetryAfter says when (503)
	Corrupt                       // stored bytes are not what was recorded (500, page someone)
)

// Fault is a "no" with its stable code.
type Fault struct {
	Kind       Kind
	Code       string // kebab-case, stable like an API
	Message    string // one sentence, no personal value
	Fields     []Field
	Rule       string   // the rule that refused, such as "R03"
	Gates      []string // the gates that failed, such as "G6"
	RetryAfter time.Duration
}

// Field is one place in the input that cannot be accepted. It never carries
// the value.
type Field struct {
	Pointer string `json:"pointer"` // RFC 6901, "/scope/categories/0"
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (f *Fault) Error() string { return f.Code + ": " + f.Message }

// Of returns the fault in err's chain; nil if there is none.
func Of(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return nil
}

// Is reports whether err's chain holds a fault with the code.
func Is(err error, code string) bool {
	f := Of(err)
	return f != nil && f.Code == code
}

// New makes a fault; the message is formatted and must hold no personal value.
func New(kind Kind, code, format string, args ...any) *Fault {
	return &Fault{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Refuse is [New] with kind Refused: a rule of the case says no.
func Refuse(code, format string, args ...any) *Fault { return New(Refused, code, format, args...) }

// Bad is one invalid field as a fault.
func Bad(pointer, code, format string, args ...any) *Fault {
	message := fmt.Sprintf(format, args...)
	return &Fault{Kind: Invalid, Code: code, Message: message,
		Fields: []Field{{Pointer: pointer, Code: code, Message: message}}}
}
