package disclosure

import "caseledger/domain/event"

// CourtOrderRecorded says that a court ordered something to be told (rule
// R16): what, to whom, and while it runs.
type CourtOrderRecorded struct {
	CourtOrder event.UUID       `json:"courtOrder"`
	Categories []event.Category `json:"categories"`
	// ToOrg is whom the order names; zero where it names none, and the court is
	// told.
	ToOrg     event.UUID             `json:"toOrg,omitzero"`
	From      event.Day              `json:"from"`
	To        event.Day              `json:"to"` // the last day
	Reference event.Personal[string] `json:"reference" personal:"offence"`
}

func (CourtOrderRecorded) isEvent() {}

// MappaRequestRecorded says that the MAPPA responsible authority asked for
// something about a person it manages (rule R12; CJA 2003 section 325).
type MappaRequestRecorded struct {
	MappaRequest event.UUID                   `json:"mappaRequest"`
	Categories   []event.Category             `json:"categories"`
	Request      event.Personal[MappaMeeting] `json:"meeting" personal:"offence"`
}

// MappaMeeting is at which level and meeting it was asked.
type MappaMeeting struct {
	Level     int    `json:"level"` // 1 to 3
	Reference string `json:"reference"`
}

func (MappaRequestRecorded) isEvent() {}

// EmergencyDisclosureReviewed says what somebody else thought of a disclosure
// to an emergency service (rule R11; within 72 hours, policy).
type EmergencyDisclosureReviewed struct {
	Disclosure event.UUID             `json:"disclosure"`
	Justified  bool                   `json:"justified"`
	Reason     event.Personal[string] `json:"reason" personal:"decision"`
}

func (EmergencyDisclosureReviewed) isEvent() {}

var (
	courtOrderRecorded          = event.Define[CourtOrderRecorded]("disclosure.court-order-recorded", 1)
	mappaRequestRecorded        = event.Define[MappaRequestRecorded]("disclosure.mappa-request-recorded", 1)
	emergencyDisclosureReviewed = event.Define[EmergencyDisclosureReviewed]("disclosure.emergency-reviewed", 1)
)
