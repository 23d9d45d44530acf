package disclosure

import "caseledger/domain/event"

// Events lists the area's event definitions.
var Events = []*event.Definition{
	disclosureProposed,
	disclosureDecided,
	disclosureMade,
	disclosureReceived,
	onwardDisclosed,
	unplannedDisclosureReported,
	publicInterestDecisionRecorded,
	disclosureDecisionClosed,
	courtOrderRecorded,
	mappaRequestRecorded,
	emergencyDisclosureReviewed,
}
