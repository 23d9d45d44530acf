package lawfulness

import (
	"slices"
	"time"

	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/domain/screening"
)

// shareWithin is how long a risk may be known before the care team is told
// (policy); elapsed hours.
const shareWithin = 24 * time.Hour

// l45: a risk of self-harm had stood for 24 hours while a referral for direct
// care was open, and by rule R01, R02 or R11 it had been told neither to whom
// the person was referred, nor to a GP, nor to a crisis team; nobody had decided
// with a reason not to, and the person had not said no (Caldicott 7; Health and
// Social Care Act 2012 section 251B).
var l45 = Monitor{ID: "L45", Version: 1, Severity: finding.High,
	Title:  "Failure to share",
	Source: "Caldicott 7; HSCA 2012 s.251B",
	OfCase: func(v View) []Hit {
		var hits []Hit
		for e, raised := range All[screening.RiskFlagRaised](v) {
			if raised.Level.Value() == screening.NoRisk {
				continue
			}
			var first Hit
			for _, r := range v.Case.Referral.Referrals {
				due, open := untoldOpen(v, e, raised, r)
				if open && (first.Due.IsZero() || due.Before(first.Due)) {
					sent, _, _ := Last(v, func(_ event.Recorded, s referral.ReferralSent) bool { return s.Referral == r.ID })
					first = Hit{Item: e.ID, Due: due, Evidence: []event.ID{sent.ID}}
				}
			}
			if !first.Due.IsZero() {
				hits = append(hits, first)
			}
		}
		return hits
	},
}

// untoldOpen reports whether a risk stood, with a referral open, until 24 hours
// were over, and who should have known was not told; due is when they were.
func untoldOpen(v View, e event.Recorded, raised screening.RiskFlagRaised, r referral.Referral) (due time.Time, untold bool) {
	to, listed := reference.ReferralDestinations.Latest(r.Details.Destination)
	if !listed || to.Purpose != "DIRECT_CARE" || r.SentAt.IsZero() || v.Shared.SameController(e.Actor.Org, r.Details.ToOrg) {
		return due, false
	}
	from := e.Effective.Earliest()
	if sent := r.SentAt.Earliest(); sent.After(from) {
		from = sent
	}
	due = from.Add(shareWithin)
	closed, _, ok := Last(v, func(_ event.Recorded, c screening.RiskFlagClosed) bool { return c.Flag == raised.Flag })
	if ok && closed.Effective.Begun(due) || r.Stage.Ended() && r.At.Begun(due) {
		return due, false
	}
	return due, !sharedOrDecided(v, e.Effective, due, r.Details.ToOrg)
}

// sharedOrDecided reports whether, from a risk's being raised until due, it was
// told to the care team, it was decided with a reason not to, or the person
// had said no.
func sharedOrDecided(v View, raised event.When, due time.Time, to event.UUID) bool {
	within := func(f disclosure.Flow, at event.When) bool {
		o, _ := v.Shared.Organisation(f.ToOrg)
		team := slices.Contains([]reference.OrganisationKind{"GP", "CRISIS_TEAM", "AMBULANCE"}, o.Kind) || v.Shared.SameController(f.ToOrg, to)
		return team && slices.Contains(f.Categories, "H.RISK_SELF") && at.Begun(due) && !at.Latest().Before(raised.Earliest())
	}
	for d := range v.Disclosures() {
		if slices.Contains([]disclosure.Rule{"R01", "R02", "R11"}, under(d)) && within(d.Flow, d.Event.Effective) {
			return true
		}
	}
	for d := range v.Decisions() {
		if d.Outcome == disclosure.Refuse && d.Reason != "" && within(d.Flow, d.Event.Effective) {
			return true
		}
	}
	return v.Case.Consent.Denied(consent.Cell{From: event.NHS, To: consent.Receiver{Side: v.Shared.Side(to), Org: to},
		Category: "H.RISK_SELF", Purpose: "DIRECT_CARE"}, due)
}
