package screening

import "caseledger/domain/event"

// Events lists the area's event definitions.
var Events = []*event.Definition{
	screeningOffered,
	screeningDeclined,
	screeningCompleted,
	riskFlagRaised,
	riskFlagReviewed,
	riskFlagClosed,
	testResultRecorded,
	screeningEligibilityAssessed,
}
