package casefile

import "caseledger/domain/disclosure"

var authorityCommands = []Command{
	in[disclosure.State, disclosure.RecordCourtOrder]("record-court-order", "Record that a court ordered something to be told.", ofDisclosure,
		"CALDICOTT", "SPO", "IG_LEAD", "DPO"),
	in[disclosure.State, disclosure.RecordMappaRequest]("record-mappa-request", "Record that the MAPPA responsible authority asked for something.", ofDisclosure,
		"CALDICOTT", "SPO", "HUB_CLIN", "IG_LEAD"),
	in[disclosure.State, disclosure.ReviewEmergencyDisclosure]("review-emergency-disclosure", "Record what somebody else thinks of a disclosure to an emergency service.", ofDisclosure,
		"CALDICOTT", "IG_LEAD", "DPO"),
}
