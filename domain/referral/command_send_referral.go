package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// SendReferral sends a referral: one that was drafted, one that came back for
// more, or one written on the spot. That the recipient may be told is for
// package casefile to see.
type SendReferral struct {
	event.Timed
	// Referral is the draft, or the one that came back.
	Referral event.UUID `json:"referral,omitzero"`
	// Details may be left out of one that was written before.
	Details
	Reason string `json:"reason,omitempty"`
	// Decision permits to tell the recipient; left out, the latest that does.
	Decision event.UUID `json:"decision,omitzero"`
}

// Validate names what cannot be understood.
func (b SendReferral) Validate() []fault.Field {
	var f fault.Fields
	if b.Referral.IsZero() || b.Details != (Details{}) {
		f.Under("", b.validate())
	}
	f.Text("/reason", b.Reason, 4000, true)
	return f
}

// Sends is what is sent: the details given, or those written before.
func (b SendReferral) Sends(s State) Details {
	if r, ok := s.Get(b.Referral); ok && b.Details == (Details{}) {
		return r.Details
	}
	return b.Details
}

// Check refuses to send what was sent and did not come back, or has ended.
func (b SendReferral) Check(s State, c event.Context) error {
	if b.Referral.IsZero() {
		return nil
	}
	_, err := may(s, b.Referral, send, c)
	return err
}

// Events records it under the decision the body names.
func (b SendReferral) Events(s State, c event.Context) []event.Draft {
	return b.Record(s, c, b.Decision)
}

// Record records it under a decision.
func (b SendReferral) Record(s State, c event.Context, decision event.UUID) []event.Draft {
	id := b.Referral
	if id.IsZero() {
		id = c.NewID("referral")
	}
	return record(s, id, ReferralSent{id, b.Sends(s), decision, ownText(b.Reason)})
}
