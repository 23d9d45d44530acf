package breakglass

import "caseledger/domain/event"

// Events lists the area's event definitions.
var Events = []*event.Definition{breakGlassInvoked, breakGlassEnded, breakGlassReviewed}
