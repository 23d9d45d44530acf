package breakglass

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

const (
	// Longest is how long one use may hold, in elapsed time (policy).
	Longest = 4 * time.Hour
	// shortestReason is in characters, spaces around it not counted (policy).
	shortestReason = 20
	// typing is how long before its recording a use may begin.
	typing = time.Minute
)

// InvokeBreakGlass opens the record past the usual rules because it cannot
// wait. It holds for whoever gives it, from when it is recorded: it never
// makes good a look that came before.
type InvokeBreakGlass struct {
	event.Timed
	ReasonCode ReasonCode `json:"reasonCode"`
	// ExpiresAt is an instant at most [Longest] on; left out, exactly that.
	ExpiresAt event.When `json:"expiresAt,omitzero"`
	// Reason is why it cannot wait, in at least 20 characters.
	Reason string `json:"reason"`
}

// Validate reports fields that cannot be understood. A reason that is too
// short can: an imported use may have one, and is found.
func (b InvokeBreakGlass) Validate() []fault.Field {
	var f fault.Fields
	fault.OneOf(&f, "/reasonCode", b.ReasonCode, ReasonCodes)
	_, day := b.ExpiresAt.Day()
	f.If(day, "/expiresAt", "instant-needed", "say the time, not the day")
	f.Text("/reason", b.Reason, 2000, true)
	return f
}

// Enough reports whether a reason has the length that is asked for.
func Enough(reason string) bool {
	return utf8.RuneCountInString(strings.TrimSpace(reason)) >= shortestReason
}

// Check refuses a reason that says too little, an end that is too late, a
// beginning that is past, and a second use beside one that still holds.
func (b InvokeBreakGlass) Check(s State, c event.Context) error {
	from := c.When().Earliest()
	switch {
	case !Enough(b.Reason):
		return fault.Refuse("reason-too-short", "say in at least %d characters why it cannot wait", shortestReason)
	case c.Now.Sub(from) > typing:
		return fault.Refuse("break-glass-back-dated", "a use begins when it is recorded, not before")
	case !b.ExpiresAt.IsZero() && !b.ExpiresAt.Earliest().After(from):
		return fault.Refuse("expires-before-it-begins", "a use ends after it begins")
	case !b.ExpiresAt.IsZero() && b.ExpiresAt.Earliest().Sub(from) > Longest:
		return fault.Refuse("expires-too-late", "a use holds for at most four hours")
	case s.Lifts(c.Actor.ID, c.Now):
		return fault.Refuse("break-glass-holds", "an earlier use of yours still holds")
	}
	return nil
}

// Events records the use.
func (b InvokeBreakGlass) Events(_ State, c event.Context) []event.Draft {
	expires := b.ExpiresAt
	if expires.IsZero() {
		expires = event.At(c.When().Earliest().Add(Longest))
	}
	d := BreakGlassInvoked{BreakGlass: c.NewID("break-glass"), ReasonCode: b.ReasonCode, ExpiresAt: expires}
	if b.Reason != "" {
		d.Reason = event.Own(b.Reason)
	}
	return []event.Draft{{Data: d}}
}

// use returns a use that the record of the actor's controller holds.
func (s State) use(id event.UUID, c event.Context) (Use, error) {
	u, ok := s.Use(id)
	if !ok || u.Invoker.Org != c.Actor.Org && !slices.Contains(c.Peers, u.Invoker.Org) {
		return Use{}, fault.Refuse("no-such-break-glass", "this record holds no such use")
	}
	return u, nil
}
