package person

import (
	"errors"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// LinkIdentifier says that an identifier of another system is this person's.
// The value may be written as people write it.
type LinkIdentifier struct {
	event.Timed
	Type       IdentifierType   `json:"type"`
	Value      string           `json:"value"`
	Source     IdentifierSource `json:"source"`
	Confidence Confidence       `json:"confidence,omitempty"` // left out: CERTAIN
	// Status is the trace status of an NHS number, which needs one; other
	// types have none.
	Status reference.NHSNumberStatus `json:"status,omitempty"`
	// Legacy: a case reference number may have the older form, with two letters.
	Legacy bool `json:"legacy,omitempty"`
}

// canonical is [Canonical], in the older form where the command says so.
func (c LinkIdentifier) canonical(now time.Time) (string, error) {
	if c.Type == CRNType && c.Legacy {
		return CanonicalCRN(c.Value, true)
	}
	return Canonical(c.Type, c.Value, now)
}

// Validate names the fields that cannot be accepted.
func (c LinkIdentifier) Validate() []fault.Field {
	var f fault.Fields
	fault.OneOf(&f, "/type", c.Type, IdentifierTypes)
	fault.OneOf(&f, "/source", c.Source, IdentifierSources)
	if c.Confidence != "" {
		fault.OneOf(&f, "/confidence", c.Confidence, Confidences)
	}
	if c.Type == NHSNumberType {
		fault.Listed(&f, "/status", c.Status, reference.NHSNumberStatuses.Listed)
		f.If(c.Status == "07", "/status", "impossible", "this status says that there is no number")
	} else {
		f.If(c.Status != "", "/status", "impossible", "only an NHS number has a trace status")
	}
	f.If(c.Legacy && c.Type != CRNType, "/legacy", "impossible", "only a case reference number has an older form")
	// The century of a two-digit year changes neither form nor check letter.
	_, err := c.canonical(time.Time{})
	f.If(errors.Is(err, ErrMalformed), "/value", "malformed", "this does not have the form of its type")
	f.If(errors.Is(err, ErrCheck), "/value", "check-digit", "the check digit or letter does not fit")
	f.If(errors.Is(err, ErrNeverIssued), "/value", "never-issued", "no such number is issued")
	return f
}

// ValidateIn keeps real numbers out of a synthetic record, and numbers that
// are never issued out of any other.
func (c LinkIdentifier) ValidateIn(ctx event.Context) []fault.Field {
	var f fault.Fields
	if c.Type == NHSNumberType {
		n, _ := ParseNHSNumber(c.Value)
		f.If(ctx.Synthetic && !n.Usable(true), "/value", "real-number-in-synthetic-record", "this record takes only numbers that are never issued")
		f.If(!ctx.Synthetic && !n.Usable(false), "/value", "test-number", "this number is never issued to anybody")
	}
	return f
}

// Identifier is what the command claims for the person, in canonical form.
// now is when the command is carried out: it expands a two-digit year.
func (c LinkIdentifier) Identifier(now time.Time) (kind, canonical string) {
	value, _ := c.canonical(now) // Validate has refused what cannot be read
	return string(c.Type), value
}

// Check accepts any well-formed identifier; whether it is another person's is
// asked of the index of identifiers, which sees every case.
func (c LinkIdentifier) Check(State, event.Context) error { return nil }

// Events records the link; nothing if the identifier is linked already.
func (c LinkIdentifier) Events(s State, ctx event.Context) []event.Draft {
	_, value := c.Identifier(ctx.Now)
	for _, l := range s.Links {
		if l.Live() && l.Type == c.Type && l.Value == value {
			return nil
		}
	}
	confidence := c.Confidence
	if confidence == "" {
		confidence = Certain
	}
	return []event.Draft{{Data: IdentifierLinked{
		Link: ctx.NewID("link"), Type: c.Type, Value: event.Own(value),
		Source: c.Source, Confidence: confidence, Status: c.Status,
	}}}
}
