package person

import "caseledger/domain/event"

// Events lists the area's event definitions.
var Events = []*event.Definition{
	personRegistered,
	identifierLinked,
	identifierVerified,
	identifierUnlinked,
	addressRecorded,
	accessRestrictionSet,
	accessRestrictionLifted,
	communicationNeedRecorded,
	privacyNoticeGiven,
	mergeFenced,
	personsMerged,
	personsUnmerged,
}
