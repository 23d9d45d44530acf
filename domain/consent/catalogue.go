package consent

import "caseledger/domain/event"

// Events lists the area's event definitions.
var Events = []*event.Definition{
	capacityAssessed,
	bestInterestsDecisionRecorded,
	consentOffered,
	consentGranted,
	consentRefused,
	consentNarrowed,
	consentWithdrawn,
	consentReconfirmed,
	consentExpired,
	consentInvalidated,
	objectionRecorded,
	objectionLifted,
	optOutStatusChecked,
	authorityToActRecorded,
}
