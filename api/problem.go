package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"caseledger/domain/fault"
	"caseledger/eventstore"
)

// Problem is how every refusal looks (RFC 9457). Nothing in it comes from the
// request.
type Problem struct {
	Type             string        `json:"type" doc:"urn:caseledger:problem: and the error code"`
	Title            string        `json:"title"`
	Status           int           `json:"status"`
	Detail           string        `json:"detail"`
	Instance         string        `json:"instance" doc:"names this one answer, for a report of it"`
	ErrorCode        string        `json:"errorCode" doc:"kebab-case, stable"`
	UserMessage      string        `json:"userMessage"`
	DeveloperMessage string        `json:"developerMessage"`
	TraceID          string        `json:"traceId"`
	Rule             string        `json:"rule,omitempty" doc:"the rule that refused"`
	Gates            []string      `json:"gates,omitempty" doc:"the gates that failed"`
	Errors           []fault.Field `json:"errors,omitempty" doc:"places in the body; never the values"`

	retryAfter time.Duration
	challenge  bool
}

// Error implements error; it is the stable code.
func (p *Problem) Error() string { return p.ErrorCode }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

type outcome struct {
	status    int
	user      string
	developer string
}

// outcomes is the one table from what went wrong to what is answered.
var outcomes = map[fault.Kind]outcome{
	fault.Invalid:       {http.StatusBadRequest, "Something in the request is not right. Check what was entered.", "Repair the request; repeating it unchanged has the same outcome."},
	fault.Unidentified:  {http.StatusUnauthorized, "Sign in again.", "Send a valid bearer token of a configured issuer."},
	fault.Denied:        {http.StatusForbidden, "Your role does not allow this.", "The token's role has no row for this operation."},
	fault.Absent:        {http.StatusNotFound, "There is nothing here, or nothing that you may see.", "Absent and hidden have the same answer."},
	fault.Conflict:      {http.StatusConflict, "Someone else has changed this. Look at it again.", "Read the resource again, then decide again."},
	fault.Stale:         {http.StatusPreconditionFailed, "This has changed since you looked at it. Look at it again.", "Read the resource again and send its new ETag in If-Match."},
	fault.Refused:       {http.StatusUnprocessableEntity, "This cannot be recorded, for the reason given.", "The request was understood; a rule of the case or a gate refuses it."},
	fault.Unconditional: {http.StatusPreconditionRequired, "Look at the record before you change it.", "Send the ETag of the person in If-Match."},
	fault.TooMany:       {http.StatusTooManyRequests, "Too much at once. Try again in a moment.", "Wait for Retry-After, then repeat."},
	fault.Unavailable:   {http.StatusServiceUnavailable, "This does not work at the moment. Try again later.", "Wait for Retry-After, then repeat with the same Idempotency-Key."},
	fault.Corrupt:       {http.StatusInternalServerError, "The record is damaged. It has been reported.", "Stored bytes are not what was recorded; an operator has to look."},
}

// narrowed are codes for which HTTP has a more exact status than their kind's.
var narrowed = map[string]int{
	"body-too-large":           http.StatusRequestEntityTooLarge,
	"event-too-large":          http.StatusRequestEntityTooLarge,
	"header-too-large":         http.StatusRequestHeaderFieldsTooLarge,
	"content-type-unsupported": http.StatusUnsupportedMediaType,
	"content-encoding-refused": http.StatusUnsupportedMediaType,
	"method-not-allowed":       http.StatusMethodNotAllowed,
	"not-acceptable":           http.StatusNotAcceptable,
	"cursor-not-in-ledger":     http.StatusGone,
}

// retryLater is the wait suggested where a fault names none.
const retryLater = time.Second

// asFault finds the refusal in an error; what is not one is the caller's
// business only as "internal-error".
func asFault(err error) *fault.Fault {
	if f := fault.Of(err); f != nil {
		return f
	}
	switch {
	case errors.Is(err, eventstore.ErrUnknown):
		return fault.New(fault.Unavailable, "outcome-unknown", "it is not known whether this was recorded; repeat it with the same Idempotency-Key")
	case errors.Is(err, eventstore.ErrUnavailable), errors.Is(err, eventstore.ErrClosed):
		return fault.New(fault.Unavailable, "store-unavailable", "the record cannot be reached")
	case errors.Is(err, eventstore.ErrTooLarge):
		return fault.New(fault.Invalid, "event-too-large", "what is to be recorded is too large for one event")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fault.New(fault.Unavailable, "timed-out", "this took too long")
	}
	return nil
}

// problemOf turns an error into what is answered. A message from below the
// domain never gets out.
func problemOf(err error, r *request) *Problem {
	f := asFault(err)
	if f == nil {
		return r.problem(http.StatusInternalServerError, "internal-error", "something went wrong on our side",
			"This does not work at the moment. It has been reported.", "The log has the cause under the trace id.")
	}
	o, known := outcomes[f.Kind]
	if !known {
		o = outcomes[fault.Corrupt]
	}
	status := o.status
	if s, ok := narrowed[f.Code]; ok {
		status = s
	}
	p := r.problem(status, f.Code, f.Message, o.user, o.developer)
	p.Rule, p.Gates, p.Errors = f.Rule, f.Gates, f.Fields
	p.challenge = f.Kind == fault.Unidentified
	if f.Kind == fault.Unavailable || f.Kind == fault.TooMany {
		p.retryAfter = max(f.RetryAfter, retryLater)
	}
	return p
}

func (r *request) problem(status int, code, detail, user, developer string) *Problem {
	return &Problem{
		Type: "urn:caseledger:problem:" + code, Title: titleOf(code), Status: status, Detail: detail,
		Instance: "urn:uuid:" + r.id.String(), ErrorCode: code, UserMessage: user, DeveloperMessage: developer, TraceID: r.trace,
	}
}

// titleOf makes a title of a code: "Consent not active".
func titleOf(code string) string {
	if code == "" {
		return ""
	}
	return strings.ToUpper(code[:1]) + strings.ReplaceAll(code[1:], "-", " ")
}

// write answers with the problem.
func (p *Problem) write(w http.ResponseWriter) {
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // the type has no value that cannot be marshalled
	}
	h := w.Header()
	h.Set("Content-Type", problemType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Del("ETag")
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.retryAfter+time.Second-1)/time.Second)))
	}
	if p.challenge {
		h.Set("WWW-Authenticate", `Bearer realm="caseledger"`)
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}

// Huma's own errors carry the value they refuse. No operation of ours lets
// huma read a request, and this makes sure that none ever echoes.
func init() {
	huma.NewErrorWithContext = func(h huma.Context, status int, _ string, _ ...error) huma.StatusError {
		r := &request{}
		if h != nil {
			r = requestOf(h.Context())
		}
		if status == http.StatusUnprocessableEntity {
			status = http.StatusBadRequest
		}
		o := outcomes[fault.Invalid]
		return r.problem(status, "invalid-request", "the request cannot be understood", o.user, o.developer)
	}
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return huma.NewErrorWithContext(nil, status, msg, errs...)
	}
}
