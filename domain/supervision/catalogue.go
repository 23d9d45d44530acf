package supervision

import "caseledger/domain/event"

// Events lists the area's event definitions.
var Events = []*event.Definition{
	supervisionStarted,
	requirementWillingnessRecorded,
	requirementImposed,
	requirementEnded,
	practitionerAllocated,
	breachWarningIssued,
	custodyEntered,
	releasedOnLicence,
	caseTransferred,
	supervisionEnded,
	enforcementReferred,
	licenceRecalled,
	riskRegistrationNoted,
	reportingExplained,
}
