package rights

import "caseledger/domain/event"

// Events lists the area's event definitions.
var Events = []*event.Definition{requestReceived, requestPaused, requestClarified, requestExtended, requestResponded,
	retentionPeriodSet, retentionReviewed, legalHoldPlaced, legalHoldLifted, recordDisposed,
	erasureDecided, erasureCompleted}
