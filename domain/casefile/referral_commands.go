package casefile

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
)

var referralCommands = []Command{
	in[referral.State, referral.DraftReferral]("draft-referral", "Write a referral for somebody else to send.", ofReferral,
		"NAVIGATOR", "HUB_CLIN", "HUB_NURSE", "LD"),
	in[State, SendReferral]("send-referral", "Send a referral to its recipient.", whole,
		"HUB_CLIN", "HUB_NURSE", "LD"),
	in[referral.State, referral.AcknowledgeReferral]("acknowledge-referral", "Say that the recipient has a referral.", ofReferral,
		referred...),
	in[referral.State, referral.AcceptReferral]("accept-referral", "Say that the recipient takes the person on.", ofReferral,
		referred...),
	in[referral.State, referral.RejectReferral]("reject-referral", "Say that the recipient does not take the person on, and why.", ofReferral,
		referred...),
	in[referral.State, referral.ReturnReferral]("return-referral", "Say that the recipient needs to know more first.", ofReferral,
		referred...),
	in[referral.State, referral.HoldReferral]("hold-referral", "Say that nothing happens for now, and why.", ofReferral,
		referring...),
	in[referral.State, referral.ResumeReferral]("resume-referral", "Say that a referral on hold goes on.", ofReferral,
		referring...),
	in[referral.State, referral.StartReferralWait]("start-referral-wait", "Say that the person waits for a first appointment.", ofReferral,
		referred...),
	in[referral.State, referral.RecordFirstContact]("record-first-contact", "Say that the recipient saw the person for the first time.", ofReferral,
		referring...),
	in[referral.State, referral.StartReferralTreatment]("start-referral-treatment", "Say that the person is being treated or helped.", ofReferral,
		referred...),
	in[referral.State, referral.RecordReferralOutcome]("record-referral-outcome", "Say what came of a referral, which ends it.", ofReferral,
		referred...),
	in[referral.State, referral.WithdrawReferral]("withdraw-referral", "Take a referral back, and say why.", ofReferral,
		referring...),
	in[referral.State, referral.CancelReferral]("cancel-referral", "Say that a referral was a mistake.", ofReferral,
		"HUB_CLIN", "HUB_NURSE", "LD", "NAVIGATOR"),
	in[referral.State, referral.CloseReferralNotEngaged]("close-referral-not-engaged", "End the referral of somebody who does not come, as a clinician.", ofReferral,
		referral.Clinicians...),
	in[referral.State, referral.RefuseGPRegistration]("refuse-gp-registration", "Say that a practice did not register the person, and why.", ofReferral,
		practice...),
	in[referral.State, referral.AcceptGPRegistration]("accept-gp-registration", "Say that a practice registered the person.", ofReferral,
		practice...),
	in[referral.State, referral.RecordGPRefusalLetter]("record-gp-refusal-letter", "Say that a practice's reasons came in writing.", ofReferral,
		practice...),
	in[referral.State, referral.CrossWaitThreshold]("cross-wait-threshold", "Note that somebody waited longer than a standard allows.", ofReferral,
		"SYSTEM"),
}

var (
	// referred record what recipients do: the recipients themselves, or the hub
	// that hears of it.
	referred = []event.Role{"GP", "TX_PROV", "HOUSING", "PRISON_HC", "HUB_CLIN", "HUB_NURSE"}
	// referring may hold up, take back and follow a referral too.
	referring = []event.Role{"HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "LD", "GP", "TX_PROV", "HOUSING", "PRISON_HC"}
	practice  = []event.Role{"GP", "HUB_CLIN", "HUB_NURSE", "NAVIGATOR"}
)

func ofReferral(s State) referral.State { return s.Referral }

// SendReferral is [referral.SendReferral] to a recipient who may be told.
type SendReferral struct{ referral.SendReferral }

// Check refuses a referral out of custody into the community, one that no
// standing decision permits its recipient to be told of, and what the referral
// area refuses.
func (b SendReferral) Check(s State, c event.Context) error {
	if err := b.SendReferral.Check(s.Referral, c); err != nil {
		return err
	}
	to := b.Sends(s.Referral)
	if !reference.ReferralDestinations.Known(to.Destination, event.DayOf(c.When().Earliest())) {
		return fault.Refuse("destination-not-in-force", "there was no such destination then")
	}
	if s.Supervision.InCustody && referral.Community(to.Destination) {
		return fault.Refuse("in-custody", "somebody in custody is not referred into the community")
	}
	k, ok := b.decision(s, to, c)
	if !ok {
		return fault.Refuse("disclosure-decision-absent", "decide first that the recipient may be told")
	}
	flow := k.Flow
	flow.Categories = []event.Category{referral.Needs(to.Destination)}
	return telling(s, flow, k, c).Fault()
}

// decision is the one that permits to tell the recipient: the one named, or
// else the latest.
func (b SendReferral) decision(s State, to referral.Details, c event.Context) (disclosure.Decision, bool) {
	k, ok := s.Disclosure.Permitting(c.Actor.Side, to.ToOrg, referral.Needs(to.Destination), c.Asked())
	if b.Decision.IsZero() || ok && k.ID == b.Decision {
		return k, ok
	}
	named, ok := s.Disclosure.Decision(b.Decision)
	return named, ok && named.PermitsAt(c.Asked()) && named.Flow.Direction.From == c.Actor.Side && named.Flow.ToOrg == to.ToOrg &&
		reference.CoveredBy(named.Flow.Categories, referral.Needs(to.Destination))
}

// Events records it under the decision that permits it.
func (b SendReferral) Events(s State, c event.Context) []event.Draft {
	decision := b.Decision
	if k, ok := b.decision(s, b.Sends(s.Referral), c); ok && decision.IsZero() {
		decision = k.ID
	}
	return b.Record(s.Referral, c, decision)
}
