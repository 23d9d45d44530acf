package api

import (
	"context"
	"slices"
	"time"

	"caseledger/domain/event"
)

// fakeRegisters hold one row of each register.
type fakeRegisters struct {
	findings  []Finding
	finding   FindingDetail
	agreement AgreementDetail
	review    ReviewDetail
}

func newFakeRegisters() fakeRegisters {
	f := Finding{ID: event1.UUID, Monitor: "L01", Severity: "CRITICAL", Status: "OPEN", Person: person1, Position: 37}
	return fakeRegisters{
		agreement: AgreementDetail{Agreement: Agreement{ID: event1.UUID, Label: "DSA-1", Position: 33}, Stream: event.Agreement(event1.UUID)},
		review:    ReviewDetail{Review: Review{ID: event1.UUID, Reference: "BG-7C9E6679"}, Person: person1, Position: 32},
		findings:  []Finding{f},
		finding: FindingDetail{Finding: f, Stream: event.StreamID{Kind: event.FindingStream, Of: person1},
			Steps:   []FindingStep{{Status: "OPEN", Position: 37}},
			Entries: []Evidence{{Event: event1, Position: 36, Type: "disclosure.made", Item: true, OfCase: true}, {Event: event1, Position: 5, Type: "agreement.signed"}}},
	}
}

func (f *fakeView) Findings(_ context.Context, q FindingFilter, p Page) ([]Finding, int, Reflects, error) {
	f.note(q)
	f.note(p)
	return slices.Clone(f.registers.findings), len(f.registers.findings), f.reflects, f.err
}

func (f *fakeView) Finding(_ context.Context, id event.UUID) (FindingDetail, Reflects, error) {
	if id != f.registers.finding.ID {
		return FindingDetail{}, Reflects{}, errNoFinding
	}
	return f.registers.finding, f.reflects, f.err
}

func (f *fakeView) Agreements(_ context.Context, q AgreementFilter, p Page) ([]Agreement, int, Reflects, error) {
	f.note(q)
	f.note(p)
	return []Agreement{f.registers.agreement.Agreement}, 1, f.reflects, f.err
}

func (f *fakeView) Agreement(_ context.Context, id event.UUID, at time.Time) (AgreementDetail, Reflects, error) {
	f.note(at)
	if id != f.registers.agreement.ID {
		return AgreementDetail{}, Reflects{}, errNoAgreement
	}
	return f.registers.agreement, f.reflects, f.err
}

func (f *fakeView) RightsRequests(_ context.Context, q RightsFilter, p Page) ([]RightsRequest, int, Reflects, error) {
	f.note(q)
	f.note(p)
	return []RightsRequest{{ID: event1.UUID, Person: person1, Position: 31}}, 1, f.reflects, f.err
}

func (f *fakeView) Retention(_ context.Context, q RetentionFilter, p Page) ([]Retention, int, Reflects, error) {
	f.note(q)
	f.note(p)
	return []Retention{{ID: event1.UUID, Person: person1, Position: 30}}, 1, f.reflects, f.err
}

func (f *fakeView) Reviews(_ context.Context, q ReviewFilter, p Page) ([]Review, int, Reflects, error) {
	f.note(q)
	f.note(p)
	return []Review{f.registers.review.Review}, 1, f.reflects, f.err
}

func (f *fakeView) Review(_ context.Context, id event.UUID) (ReviewDetail, Reflects, error) {
	if id != f.registers.review.ID {
		return ReviewDetail{}, Reflects{}, errNoReview
	}
	return f.registers.review, f.reflects, f.err
}

func (f *fakeView) Governance(_ context.Context, q GovernanceFilter, p Page) ([]Governance, int, Reflects, error) {
	f.note(q)
	f.note(p)
	return []Governance{{ID: event1.UUID, Register: q.Register, Position: 29}}, 1, f.reflects, f.err
}
