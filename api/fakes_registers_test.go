package api

import (
	"context"
	"slices"

	"caseledger/domain/event"
)

// fakeRegisters hold one row of each register.
type fakeRegisters struct {
	findings []Finding
	finding  FindingDetail
}

func newFakeRegisters() fakeRegisters {
	f := Finding{ID: event1.UUID, Monitor: "L01", Severity: "CRITICAL", Status: "OPEN", Person: person1, Position: 37}
	return fakeRegisters{
		findings: []Finding{f},
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
