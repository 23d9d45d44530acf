package person

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// VerifyIdentifier says how a trace of a linked NHS number came out.
type VerifyIdentifier struct {
	event.Timed
	Link   event.UUID                `json:"link"`
	Status reference.NHSNumberStatus `json:"status"`
}

// Validate names the fields that cannot be accepted.
func (c VerifyIdentifier) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Link.IsZero(), "/link", "required", "this must be given")
	fault.Listed(&f, "/status", c.Status, reference.NHSNumberStatuses.Listed)
	return f
}

// Check refuses a link that does not stand, or is not an NHS number's.
func (c VerifyIdentifier) Check(s State, _ event.Context) error {
	l, ok := s.Link(c.Link)
	switch {
	case !ok || !l.Live():
		return fault.Refuse("identifier-not-linked", "there is no such link")
	case l.Type != NHSNumberType:
		return fault.Refuse("identifier-not-traceable", "only an NHS number can be traced")
	}
	return nil
}

// Events records the outcome; nothing if it is what the link says already.
func (c VerifyIdentifier) Events(s State, _ event.Context) []event.Draft {
	l, ok := s.Link(c.Link)
	if ok && l.Live() && l.Status == c.Status {
		return nil
	}
	return []event.Draft{{Data: IdentifierVerified{Link: c.Link, Type: NHSNumberType, Status: c.Status}}}
}
