package referral

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// Step is the body of every command that only says which referral.
type Step struct {
	event.Timed
	Referral event.UUID `json:"referral"`
}

// Validate names what cannot be understood.
func (b Step) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Referral.IsZero(), "/referral", "required", "say which referral")
	return f
}

// check refuses a move that does not start from where the referral stands, or
// that is dated before it was sent.
func (b Step) check(s State, m move, c event.Context) error {
	_, err := may(s, b.Referral, m, c)
	return err
}

func may(s State, id event.UUID, m move, c event.Context) (Referral, error) {
	r, ok := s.Get(id)
	switch {
	case !ok:
		return Referral{}, fault.Refuse("no-such-referral", "this case holds no such referral")
	case !slices.Contains(moves[m].from, r.Stage):
		return Referral{}, fault.Refuse("referral-not-at-that-stage", "a referral that is %s cannot take this step", r.Stage)
	case c.When().Latest().Before(r.SentAt.Earliest()):
		return Referral{}, fault.Refuse("before-sent", "the referral was sent later")
	}
	return r, nil
}

// record records a step in the record the referral belongs to, whoever takes
// it.
func record(s State, id event.UUID, data Event) []event.Draft {
	r, _ := s.Get(id)
	return []event.Draft{{Data: data, Side: r.Side}}
}

// Halt is the body of every command that ends a referral or holds it up.
type Halt struct {
	Step
	Reason reference.ReferralReason `json:"reason"`
	Note   string                   `json:"note,omitempty"`
}

func (b Halt) validate(use reference.ReferralReasonUse) []fault.Field {
	var f fault.Fields
	f.Under("", b.Step.Validate())
	f.If(b.Reason != "" && !reference.ReasonFor(b.Reason, use), "/reason", "unknown-code", "this is not one of the codes of its list")
	f.Text("/note", b.Note, 4000, true)
	return f
}

func (b Halt) check(s State, m move, c event.Context) error {
	if b.Reason == "" {
		return fault.Refuse("reason-absent", "say why")
	}
	return b.Step.check(s, m, c)
}

func ownText(text string) event.Personal[string] {
	if text == "" {
		return event.Personal[string]{}
	}
	return event.Own(text)
}
