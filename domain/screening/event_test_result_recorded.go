package screening

import "caseledger/domain/event"

// TestResultRecorded records the result of a test of a sample.
type TestResultRecorded struct {
	Test event.UUID `json:"test"`
	// Requirement is the treatment requirement that the test was made under.
	Requirement event.UUID                  `json:"requirement,omitzero"`
	Kind        event.Personal[TestKind]    `json:"kind" personal:"health"`
	Result      event.Personal[TestResult]  `json:"result" personal:"health"`
	Found       event.Personal[[]Substance] `json:"found" personal:"health"`
}

func (TestResultRecorded) isEvent() {}

var testResultRecorded = event.Define[TestResultRecorded]("screening.test-result-recorded", 1)
