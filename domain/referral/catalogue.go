package referral

import "caseledger/domain/event"

// Events lists the area's event definitions.
var Events = []*event.Definition{
	referralDrafted,
	referralSent,
	referralAcknowledged,
	referralAccepted,
	referralRejected,
	referralReturned,
	referralPutOnHold,
	referralResumed,
	referralWaitStarted,
	firstContactMade,
	treatmentStarted,
	outcomeRecorded,
	referralWithdrawn,
	referralCancelled,
	referralClosed,
	gpRegistrationRefused,
	gpRegistrationAccepted,
	gpRefusalLetterRecorded,
	escalationOpened,
	waitThresholdCrossed,
}
