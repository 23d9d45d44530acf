package catalogue_test

import (
	"slices"
	"testing"

	"caseledger/domain/catalogue"
)

// rows are the rows of domain reference section 11 in their order, and the
// stored names of the events that each one asks for.
var rows = [63][]string{
	{"person.registered"},
	{"person.identifier-linked"},
	{"person.identifier-verified"},
	{"person.identifier-unlinked"},
	{"person.merged", "person.unmerged", "person.merge-fenced"},
	{"person.address-recorded"},
	{"person.access-restriction-set", "person.access-restriction-lifted"},
	{"person.communication-need-recorded"},
	{"person.privacy-notice-given"},
	{"supervision.started"}, // 10
	{"supervision.requirement-imposed"},
	{"supervision.requirement-willingness-recorded"},
	{"supervision.requirement-ended"},
	{"supervision.practitioner-allocated"},
	{"supervision.breach-warning-issued"},
	{"supervision.enforcement-referred"},
	{"supervision.custody-entered", "supervision.released-on-licence", "supervision.recalled"},
	{"supervision.case-transferred"},
	{"supervision.ended"},
	{"supervision.risk-registration-noted"}, // 20
	{"appointment.scheduled"},
	{"appointment.rescheduled", "appointment.cancelled"},
	{"appointment.attendance-recorded"},
	{"appointment.co-presence-agreed", "appointment.co-presence-declined", "appointment.co-presence-ended"},
	{"appointment.barrier-recorded"},
	{"consent.capacity-assessed"},
	{"consent.best-interests-decision-recorded"},
	{"consent.offered"},
	{"consent.granted"},
	{"consent.refused"}, // 30
	{"consent.narrowed"},
	{"consent.withdrawn"},
	{"consent.reconfirmed", "consent.expired", "consent.invalidated"},
	{"consent.objection-recorded", "consent.objection-lifted"},
	{"consent.opt-out-status-checked"},
	{"screening.offered", "screening.declined"},
	{"screening.completed"},
	{"screening.risk-flag-raised", "screening.risk-flag-reviewed", "screening.risk-flag-closed"},
	{"screening.test-result-recorded"},
	{"screening.eligibility-assessed"}, // 40
	{"referral.drafted", "referral.sent"},
	{"referral.acknowledged", "referral.accepted", "referral.rejected", "referral.returned"},
	{"referral.put-on-hold", "referral.resumed", "referral.withdrawn", "referral.cancelled", "referral.closed-not-engaged", "referral.escalation-opened"},
	{"referral.wait-started", "referral.first-contact-made", "referral.treatment-started", "referral.outcome-recorded"},
	{"referral.gp-registration-refused", "referral.gp-registration-accepted"},
	{"referral.wait-threshold-crossed"},
	{"disclosure.proposed"},
	{"disclosure.decided"},
	{"disclosure.made"},
	{"disclosure.received", "disclosure.onward-disclosed"}, // 50
	{"disclosure.unplanned-reported"},
	{"disclosure.public-interest-decision-recorded"},
	{"record.accessed"},
	{"break-glass.invoked", "break-glass.ended", "break-glass.reviewed"},
	{"agreement.drafted", "agreement.signed", "agreement.amended", "agreement.suspended", "agreement.terminated", "agreement.expired"},
	{"governance.dpia-approved", "governance.policy-document-published", "governance.ropa-entry-recorded"},
	{"rights.request-received", "rights.request-clarified", "rights.request-extended", "rights.request-responded", "rights.request-paused"},
	{"governance.breach-detected", "governance.breach-assessed", "governance.regulator-notified", "governance.subjects-informed"},
	{"finding.raised", "finding.superseded", "finding.acknowledged", "finding.resolved", "finding.waived"},
	{"rights.retention-period-set", "rights.legal-hold-placed", "rights.legal-hold-lifted", "rights.record-disposed"}, // 60
	{"record.corrected", "record.entered-in-error"},
	{"governance.training-recorded", "governance.undertaking-signed"},
	{"record.ledger-read", "record.replay-exported"},
}

// added are the events that section 8.8 adds, and those that only the kernel
// asks for: the keys, and the bytes that decisions are judged by.
var added = []string{
	"agreement.resumed", "disclosure.decision-closed", "disclosure.court-order-recorded", "disclosure.mappa-request-recorded",
	"consent.authority-to-act-recorded", "referral.gp-refusal-letter-recorded", "disclosure.emergency-reviewed", "rights.retention-reviewed",
	"supervision.reporting-explained", "governance.staff-role-assigned", "governance.staff-role-ended", "governance.processing-changed",
	"key.created", "key.destroyed", "ledger.heads-committed", "ledger.signer-changed", "rights.erasure-decided", "rights.erasure-completed", "finding.recheck-lost",
	"policy.document-published", "policy.rule-set-published", "policy.reference-data-published",
}

func TestEveryRowOfTheReferenceIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	named := slices.Clone(added)
	for i, row := range rows {
		if len(row) == 0 {
			t.Errorf("row %d has no event", i+1)
		}
		named = append(named, row...)
	}
	slices.Sort(named)
	if got, want := catalogue.Events.Names(), named; !slices.Equal(got, want) {
		for _, n := range got {
			if !slices.Contains(want, n) {
				t.Errorf("%s is in the catalogue, and no row asks for it", n)
			}
		}
		for _, n := range want {
			if !slices.Contains(got, n) {
				t.Errorf("%s is not in the catalogue", n)
			}
		}
		if len(slices.Compact(named)) != len(want) {
			t.Error("an event is named twice")
		}
	}
}

func TestCommandsAreFoundByTheirNames(t *testing.T) {
	t.Parallel()
	all := catalogue.Commands()
	for i, c := range all {
		if i > 0 && all[i-1].Name >= c.Name {
			t.Errorf("%s comes after %s: out of order, or twice", c.Name, all[i-1].Name)
		}
		if got, ok := catalogue.Named(c.Name); !ok || got.Name != c.Name || got.Kind != c.Kind {
			t.Errorf("%s is not found by its name", c.Name)
		}
		if c.Summary == "" || len(c.Roles) == 0 || c.Body == nil || c.Kind == 0 {
			t.Errorf("%s lacks a summary, a role, a body or a kind", c.Name)
		}
		of, ok := c.Case()
		if ok != (c.Kind == 1) || ok && of.Name != c.Name {
			t.Errorf("%s as a command of a case: %v", c.Name, ok)
		}
	}
	if _, ok := catalogue.Named("no-such-command"); ok {
		t.Error("found a command that there is not")
	}
	all[0].Name = "changed"
	if catalogue.Commands()[0].Name == "changed" {
		t.Error("the list is the caller's to change")
	}
}
