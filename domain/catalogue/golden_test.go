package catalogue_test

import (
	"testing"

	"caseledger/domain/agreement"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
	"caseledger/domain/policy"
	"caseledger/eventstore/codec/goldentest"
)

var (
	sampleID    = event.MustUUID("5a000000-0000-4000-8000-00000000000a")
	sampleStaff = event.MustUUID("5a000000-0000-4000-8000-00000000000b")
	sampleOrg   = event.MustUUID("5a000000-0000-4000-8000-00000000000c")
	sampleOther = event.MustUUID("5a000000-0000-4000-8000-00000000000d")
	sampleHash  = event.Commitment{1, 2, 3}
	sampleWhy   = event.Own("An invented reason.")
	sampleTerms = agreement.Terms{Label: "DSA-1",
		Parties: []agreement.Party{
			{Org: sampleOrg, Side: event.NHS, Role: "JOINT", Article6: []agreement.Basis{"A6E"}, Article9: []agreement.Basis{"A9H"}},
			{Org: sampleOther, Side: event.Probation, Role: "SOLE", Article6: []agreement.Basis{"A6E"}, Schedule1: []agreement.Basis{"OFFICIAL"}}},
		Purposes: []event.Purpose{"REHAB_SUPPORT"},
		Flows:    []agreement.Flow{{From: event.NHS, To: event.Probation, Categories: []event.Category{"H.ATTENDANCE", "ID.*"}}},
		From:     event.MustDay("2026-01-05"), To: event.MustDay("2027-01-05"), ReviewDue: event.MustDay("2026-12-01"),
		DPIA: sampleID, Confidence: []agreement.Basis{"C-EXP"}, Gateways: []agreement.Basis{"G-OMA14"}, Methods: []agreement.Method{"SYSTEM"},
		KeepMonths: 96, Frequency: "AS_NEEDED", AtEnd: "DESTROY", BreachHours: 24, Onward: true}
	sampleContacts = event.Own(agreement.Contacts{Rights: "rights@hub.invalid", Breach: "breach@hub.invalid"})
)

// samples has one event of each type of the streams that are no case.
var samples = map[string]any{
	"agreement.drafted": agreement.AgreementDrafted{Agreement: sampleID, Terms: sampleTerms, Title: event.Own("Hubs and probation"),
		Security: event.Own("Sealed."), Contacts: sampleContacts},
	"agreement.amended": agreement.AgreementAmended{Version: 2, Terms: sampleTerms, Reason: sampleWhy, Security: event.Own("Sealed."), Contacts: sampleContacts},
	"agreement.signed":  agreement.AgreementSigned{Version: 1, Org: sampleOrg, Role: "CALDICOTT"},

	"agreement.suspended":  agreement.AgreementSuspended{Reason: sampleWhy},
	"agreement.resumed":    agreement.AgreementResumed{Reason: sampleWhy},
	"agreement.terminated": agreement.AgreementTerminated{Reason: sampleWhy},
	"agreement.expired":    agreement.AgreementExpired{Version: 1},

	"governance.dpia-approved": governance.DPIAApproved{DPIA: sampleID, Version: 1, Processing: governance.HealthHub, Residual: "MEDIUM", Consulted: true,
		ReviewDue: event.MustDay("2027-01-05"), DPOAdvice: event.Own("Go ahead."), Mitigation: event.Own("Less is shared.")},
	"governance.processing-changed": governance.ProcessingChanged{Processing: governance.HealthHub, Change: event.Own("A new supplier.")},
	"governance.policy-document-published": governance.PolicyDocumentPublished{Document: sampleID, Version: 1, Condition: governance.SubstantialPublicInterest,
		From: event.MustDay("2026-01-05"), ReviewDue: event.MustDay("2027-01-05")},
	"governance.ropa-entry-recorded": governance.RopaEntryRecorded{Entry: sampleID, Purpose: "REHAB_SUPPORT", RecipientSide: event.Probation,
		Categories: []event.Category{"H.ATTENDANCE"}, From: event.MustDay("2026-01-05")},
	"governance.staff-role-assigned": governance.StaffRoleAssigned{Assignment: sampleID, Staff: sampleStaff, Role: "HUB_CLIN", Senior: true},
	"governance.staff-role-ended":    governance.StaffRoleEnded{Assignment: sampleID},
	"governance.training-recorded":   governance.TrainingRecorded{Training: sampleID, Staff: sampleStaff, Course: governance.DataSecurity},
	"governance.undertaking-signed":  governance.UndertakingSigned{Undertaking: sampleID, Staff: sampleStaff, Until: event.MustDay("2026-12-31")},
	"governance.breach-detected": governance.BreachDetected{Breach: sampleID, Kind: "CONFIDENTIALITY", AwareAt: event.On(event.MustDay("2026-03-02")),
		Subjects: []event.UUID{sampleOther}, Notifiable: true, Description: event.Own("A letter went to the wrong house.")},
	"governance.breach-assessed":    governance.BreachAssessed{Breach: sampleID, Likelihood: "HIGH", Notifiable: true, Containment: event.Own("Fetched back.")},
	"governance.regulator-notified": governance.RegulatorNotified{Breach: sampleID, Delay: "INVESTIGATION"},
	"governance.subjects-informed":  governance.SubjectsInformed{Breach: sampleID, Subjects: []event.UUID{sampleOther}},

	"finding.raised": finding.FindingRaised{Finding: sampleID, To: 42, Again: true, Judged: finding.Judged{Monitor: "L05", Version: 1, Severity: finding.High,
		Item: event.ID{UUID: sampleID}, Key: "beyond-decision", Organisation: sampleOrg, Evidence: []event.ID{{UUID: sampleID}, {UUID: sampleOther}},
		At: event.On(event.MustDay("2026-02-06")), AsKnown: true, Hindsight: true, Indeterminate: true, Notes: []finding.Note{"beyond-decision"},
		Categories: []event.Category{"H.SCREEN_SCORE"}, By: sampleStaff, Org: sampleOrg, Side: event.NHS}},
	"finding.superseded":   finding.FindingSuperseded{Finding: sampleID, Cause: finding.Corrected, To: 43},
	"finding.recheck-lost": finding.FindingRecheckLost{Finding: sampleID, To: 44},
	"finding.acknowledged": finding.FindingAcknowledged{Finding: sampleID},
	"finding.resolved":     finding.FindingResolved{Finding: sampleID, Outcome: "INCIDENT_RAISED", Breach: sampleOther, Reason: sampleWhy},
	"finding.waived":       finding.FindingWaived{Finding: sampleID, Reason: sampleWhy},

	"policy.document-published":       policy.DocumentPublished{Hash: sampleHash, Name: policy.Rules, Part: 1, Parts: 2, Bytes: event.Own([]byte("{}"))},
	"policy.rule-set-published":       policy.RuleSetPublished{RuleSet: sampleHash, Version: "2026-01", Documents: []event.Commitment{sampleHash}, Reason: sampleWhy},
	"policy.reference-data-published": policy.ReferenceDataPublished{ReferenceData: sampleHash, Documents: []event.Commitment{sampleHash}},
}

// What was published of any event of these streams decodes for ever.
func TestPublishedEventsStay(t *testing.T) {
	t.Parallel()
	goldentest.Run(t, event.NewCatalogue(agreement.Events, governance.Events, finding.Events, policy.Events), "testdata/events", samples)
}
