package relay

import (
	"slices"

	"caseledger/domain/event"
)

// publication says to whom an event type is published, and why. The mere type of
// an event about somebody may say too much, so a type that is not here, or has
// nobody, is published to nobody.
//
// Nobody is ever told of what is another side's record. own lists the sides that
// are told of what is in their own; told is whether the side to which it
// disclosed something is.
type publication struct {
	name string
	own  []event.Side
	told bool
	// says is the description in an HMPPS domain event; "" if it is none: those
	// are read by many services, and tell nothing of health, of an offence or of how
	// a decision was made.
	says string
	why  string
}

var (
	nobody  []event.Side
	every   = event.Sides // whose record it is
	care    = []event.Side{event.NHS}
	justice = []event.Side{event.Probation, event.Prison}
)

// The reasons.
const (
	actOn    = "its side's services act on it; the type says no more than that the person is known to them"
	clinical = "the type alone says something about health: only where health records are held"
	sentence = "the type alone says something about a sentence: only where it is administered"
	fetched  = "whoever fetched the entry must fetch it again"
	deciding = "how it is decided whether something may be shared is for those who decide"
	watching = "it is about those who watch over the record, and would warn whom they watch"
	kernel   = "it is about the record's own keeping"
	noPerson = "it is about no person; whoever it binds reads it in the registry"
	guarded  = "it says of somebody that they are guarded, or what they asked for: only on a page, to a named reader"
)

// publications is every event type, in order.
var publications = []publication{
	{"agreement.amended", nobody, false, "", noPerson},
	{"agreement.drafted", nobody, false, "", noPerson},
	{"agreement.expired", nobody, false, "", noPerson},
	{"agreement.resumed", nobody, false, "", noPerson},
	{"agreement.signed", nobody, false, "", noPerson},
	{"agreement.suspended", nobody, false, "", noPerson},
	{"agreement.terminated", nobody, false, "", noPerson},
	{"appointment.attendance-recorded", every, false, "Attendance at an appointment was recorded", actOn},
	{"appointment.barrier-recorded", care, false, "", clinical},
	{"appointment.cancelled", every, false, "An appointment was cancelled", actOn},
	{"appointment.co-presence-agreed", every, false, "", actOn},
	{"appointment.co-presence-declined", every, false, "", actOn},
	{"appointment.co-presence-ended", every, false, "", actOn},
	{"appointment.rescheduled", every, false, "An appointment was moved", actOn},
	{"appointment.scheduled", every, false, "An appointment was made", actOn},
	{"break-glass.ended", nobody, false, "", watching},
	{"break-glass.invoked", nobody, false, "", watching},
	{"break-glass.reviewed", nobody, false, "", watching},
	{"consent.authority-to-act-recorded", every, false, "", actOn},
	{"consent.best-interests-decision-recorded", care, false, "", clinical},
	{"consent.capacity-assessed", care, false, "", clinical},
	{"consent.expired", every, false, "A consent expired", actOn},
	{"consent.granted", every, false, "A consent was given", actOn},
	{"consent.invalidated", every, false, "A consent was found to be invalid", actOn},
	{"consent.narrowed", every, false, "A consent was narrowed", actOn},
	{"consent.objection-lifted", every, false, "An objection was lifted", actOn},
	{"consent.objection-recorded", every, false, "An objection was recorded", actOn},
	{"consent.offered", every, false, "", actOn},
	{"consent.opt-out-status-checked", care, false, "", clinical},
	{"consent.reconfirmed", every, false, "A consent was confirmed again", actOn},
	{"consent.refused", every, false, "A consent was refused", actOn},
	{"consent.withdrawn", every, false, "A consent was withdrawn", actOn},
	{"disclosure.court-order-recorded", nobody, false, "", deciding},
	{"disclosure.decided", nobody, false, "", deciding},
	{"disclosure.decision-closed", nobody, false, "", deciding},
	{"disclosure.emergency-reviewed", nobody, false, "", deciding},
	{"disclosure.made", every, true, "Information was shared", "who told, and who was told, may both fetch what it was"},
	{"disclosure.mappa-request-recorded", nobody, false, "", deciding},
	{"disclosure.onward-disclosed", every, false, "", actOn},
	{"disclosure.proposed", nobody, false, "", deciding},
	{"disclosure.public-interest-decision-recorded", nobody, false, "", deciding},
	{"disclosure.received", every, false, "", actOn},
	{"disclosure.unplanned-reported", nobody, false, "", watching},
	{"finding.acknowledged", nobody, false, "", watching},
	{"finding.raised", nobody, false, "", watching},
	{"finding.recheck-lost", nobody, false, "", watching},
	{"finding.resolved", nobody, false, "", watching},
	{"finding.superseded", nobody, false, "", watching},
	{"finding.waived", nobody, false, "", watching},
	{"governance.breach-assessed", nobody, false, "", watching},
	{"governance.breach-detected", nobody, false, "", watching},
	{"governance.dpia-approved", nobody, false, "", noPerson},
	{"governance.policy-document-published", nobody, false, "", noPerson},
	{"governance.processing-changed", nobody, false, "", noPerson},
	{"governance.regulator-notified", nobody, false, "", watching},
	{"governance.ropa-entry-recorded", nobody, false, "", noPerson},
	{"governance.staff-role-assigned", nobody, false, "", noPerson},
	{"governance.staff-role-ended", nobody, false, "", noPerson},
	{"governance.subjects-informed", nobody, false, "", watching},
	{"governance.training-recorded", nobody, false, "", noPerson},
	{"governance.undertaking-signed", nobody, false, "", noPerson},
	{"key.created", nobody, false, "", kernel},
	{"key.destroyed", nobody, false, "", kernel},
	{"ledger.heads-committed", nobody, false, "", kernel},
	{"ledger.signer-changed", nobody, false, "", kernel},
	{"person.access-restriction-lifted", nobody, false, "", guarded},
	{"person.access-restriction-set", nobody, false, "", guarded},
	{"person.address-recorded", every, false, "", actOn},
	{"person.communication-need-recorded", care, false, "", clinical},
	{"person.identifier-linked", every, false, "An identifier was linked", actOn},
	{"person.identifier-unlinked", every, false, "An identifier was unlinked", actOn},
	{"person.identifier-verified", every, false, "", actOn},
	{"person.merge-fenced", nobody, false, "", kernel},
	{"person.merged", every, false, "Two records were found to be of one person", fetched},
	{"person.privacy-notice-given", every, false, "", actOn},
	{"person.registered", every, false, "A person was registered", actOn},
	{"person.unmerged", every, false, "Two records were found to be of two people", fetched},
	{"policy.document-published", nobody, false, "", noPerson},
	{"policy.reference-data-published", nobody, false, "", noPerson},
	{"policy.rule-set-published", nobody, false, "", noPerson},
	{"record.accessed", nobody, false, "", watching},
	{"record.corrected", every, false, "An entry was corrected", fetched},
	{"record.entered-in-error", every, false, "An entry was struck out", fetched},
	{"record.ledger-read", nobody, false, "", watching},
	{"record.replay-exported", nobody, false, "", watching},
	{"referral.accepted", every, false, "A referral was accepted", actOn},
	{"referral.acknowledged", every, false, "A referral was acknowledged", actOn},
	{"referral.cancelled", every, false, "A referral was cancelled", actOn},
	{"referral.closed-not-engaged", every, false, "", actOn},
	{"referral.drafted", nobody, false, "", "nothing has happened yet"},
	{"referral.escalation-opened", every, false, "", actOn},
	{"referral.first-contact-made", every, false, "", actOn},
	{"referral.gp-refusal-letter-recorded", care, false, "", clinical},
	{"referral.gp-registration-accepted", care, false, "", clinical},
	{"referral.gp-registration-refused", care, false, "", clinical},
	{"referral.outcome-recorded", care, false, "", clinical},
	{"referral.put-on-hold", every, false, "", actOn},
	{"referral.rejected", every, false, "A referral was rejected", actOn},
	{"referral.resumed", every, false, "", actOn},
	{"referral.returned", every, false, "A referral was returned", actOn},
	{"referral.sent", every, false, "A referral was sent", actOn},
	{"referral.treatment-started", care, false, "", clinical},
	{"referral.wait-started", every, false, "", actOn},
	{"referral.wait-threshold-crossed", every, false, "", actOn},
	{"referral.withdrawn", every, false, "A referral was withdrawn", actOn},
	{"rights.erasure-completed", nobody, false, "", guarded},
	{"rights.erasure-decided", nobody, false, "", guarded},
	{"rights.legal-hold-lifted", nobody, false, "", guarded},
	{"rights.legal-hold-placed", nobody, false, "", guarded},
	{"rights.record-disposed", nobody, false, "", guarded},
	{"rights.request-clarified", nobody, false, "", guarded},
	{"rights.request-extended", nobody, false, "", guarded},
	{"rights.request-paused", nobody, false, "", guarded},
	{"rights.request-received", nobody, false, "", guarded},
	{"rights.request-responded", nobody, false, "", guarded},
	{"rights.retention-period-set", nobody, false, "", guarded},
	{"rights.retention-reviewed", nobody, false, "", guarded},
	{"screening.completed", care, false, "", clinical},
	{"screening.declined", care, false, "", clinical},
	{"screening.eligibility-assessed", care, false, "", clinical},
	{"screening.offered", care, false, "", clinical},
	{"screening.risk-flag-closed", care, false, "", clinical},
	{"screening.risk-flag-raised", care, false, "", clinical},
	{"screening.risk-flag-reviewed", care, false, "", clinical},
	{"screening.test-result-recorded", care, false, "", clinical},
	{"supervision.breach-warning-issued", justice, false, "", sentence},
	{"supervision.case-transferred", justice, false, "", sentence},
	{"supervision.custody-entered", justice, false, "", sentence},
	{"supervision.ended", justice, false, "", sentence},
	{"supervision.enforcement-referred", justice, false, "", sentence},
	{"supervision.practitioner-allocated", justice, false, "", sentence},
	{"supervision.recalled", justice, false, "", sentence},
	{"supervision.released-on-licence", justice, false, "", sentence},
	{"supervision.reporting-explained", justice, false, "", sentence},
	{"supervision.requirement-ended", justice, false, "", sentence},
	{"supervision.requirement-imposed", justice, false, "", sentence},
	{"supervision.requirement-willingness-recorded", justice, false, "", sentence},
	{"supervision.risk-registration-noted", nobody, false, "", "it is about others whom somebody may harm"},
	{"supervision.started", justice, false, "", sentence},
}

// Part is how an event is part of what an audience holds.
type Part uint8

// The parts.
const (
	Absent Part = iota // it is another's, and said nothing to the audience
	Own                // it is in the audience's own record
	Told               // it told the audience something of another's
)

func publicationOf(name string) (publication, bool) {
	i, ok := slices.BinarySearchFunc(publications, name, func(p publication, name string) int {
		switch {
		case p.name < name:
			return -1
		case p.name > name:
			return 1
		}
		return 0
	})
	if !ok {
		return publication{}, false
	}
	return publications[i], true
}

// to reports whether a side is told of it, as the part it is of what that side
// holds, in a format.
func (p publication) to(side event.Side, part Part, f Format) bool {
	if f == DomainEvents && p.says == "" {
		return false
	}
	return part == Own && slices.Contains(p.own, side) || part == Told && p.told
}
