package person

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// UnlinkIdentifier takes a link back. It names the link, never the value.
type UnlinkIdentifier struct {
	event.Timed
	Type   IdentifierType `json:"type"`
	Link   event.UUID     `json:"link"`
	Reason UnlinkReason   `json:"reason"`
}

// Validate names the fields that cannot be accepted.
func (c UnlinkIdentifier) Validate() []fault.Field {
	var f fault.Fields
	fault.OneOf(&f, "/type", c.Type, IdentifierTypes)
	f.If(c.Link.IsZero(), "/link", "required", "this must be given")
	fault.OneOf(&f, "/reason", c.Reason, UnlinkReasons)
	return f
}

// Check refuses a link that does not stand or is of another type, and one of a
// merged record: it is taken back where it was made, so that it stays taken back
// if the records turn out to be two people's.
func (c UnlinkIdentifier) Check(s State, _ event.Context) error {
	switch l, ok := s.Link(c.Link); {
	case !ok || !l.Live() || l.Type != c.Type:
		return fault.Refuse("identifier-not-linked", "there is no such link")
	case l.Elsewhere:
		return fault.Refuse("linked-in-the-merged-record", "the identifier is linked in the record merged into this one: take it back there")
	}
	return nil
}

// Freed is the identifier that the command frees for other people, in
// canonical form; false if the case does not hold it.
func (c UnlinkIdentifier) Freed(s State) (kind, canonical string, ok bool) {
	l, found := s.Link(c.Link)
	return string(l.Type), l.Value, found && l.Live() && !l.Elsewhere && l.Value != ""
}

// Events records that the link is taken back.
func (c UnlinkIdentifier) Events(s State, _ event.Context) []event.Draft {
	unlinked := IdentifierUnlinked{Link: c.Link, Type: c.Type, Reason: c.Reason}
	if l, ok := s.Link(c.Link); ok && l.Value != "" {
		unlinked.Value = event.Own(l.Value)
	}
	return []event.Draft{{Data: unlinked}}
}
