package disclosure

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// RecordCourtOrder says that a court ordered something to be told (rule R16).
type RecordCourtOrder struct {
	event.Timed
	Categories []event.Category `json:"categories"`
	// ToOrg is whom the order names; left out, the court.
	ToOrg event.UUID `json:"toOrg,omitzero"`
	From  event.Day  `json:"from"`
	To    event.Day  `json:"to"` // the last day
	// Reference is the court and its reference.
	Reference string `json:"reference"`
}

// Validate names what cannot be understood.
func (b RecordCourtOrder) Validate() []fault.Field {
	var f fault.Fields
	f.If(len(b.Categories) == 0, "/categories", "required", "say what is ordered to be told")
	f.Under("/categories", validCategories(b.Categories))
	f.If(b.From == 0, "/from", "required", "say from when the order runs")
	f.If(b.To < b.From, "/to", "ends-before-it-begins", "the order ends before it begins")
	f.Text("/reference", b.Reference, 200, false)
	return f
}

// Check lets every order stand: it is a fact.
func (b RecordCourtOrder) Check(State, event.Context) error { return nil }

// Events records the order.
func (b RecordCourtOrder) Events(_ State, c event.Context) []event.Draft {
	return []event.Draft{{Data: CourtOrderRecorded{CourtOrder: c.NewID("court-order"), Categories: b.Categories, ToOrg: b.ToOrg,
		From: b.From, To: b.To, Reference: event.Own(b.Reference)}}}
}

// RecordMappaRequest says that the MAPPA responsible authority asked for
// something (rule R12).
type RecordMappaRequest struct {
	event.Timed
	Categories []event.Category `json:"categories"`
	Meeting    MappaMeeting     `json:"meeting"`
}

// Validate names what cannot be understood.
func (b RecordMappaRequest) Validate() []fault.Field {
	var f fault.Fields
	f.If(len(b.Categories) == 0, "/categories", "required", "say what was asked for")
	f.Under("/categories", validCategories(b.Categories))
	f.If(b.Meeting.Level < 1 || b.Meeting.Level > 3, "/meeting/level", "out-of-range", "the levels are 1, 2 and 3")
	f.Text("/meeting/reference", b.Meeting.Reference, 200, false)
	return f
}

// Check lets every request stand: it is a fact.
func (b RecordMappaRequest) Check(State, event.Context) error { return nil }

// Events records the request.
func (b RecordMappaRequest) Events(_ State, c event.Context) []event.Draft {
	return []event.Draft{{Data: MappaRequestRecorded{MappaRequest: c.NewID("mappa-request"), Categories: b.Categories, Request: event.Own(b.Meeting)}}}
}

// ReviewEmergencyDisclosure says what somebody else thinks of a disclosure to
// an emergency service (rule R11). A late review is recorded like any other.
type ReviewEmergencyDisclosure struct {
	event.Timed
	Disclosure event.UUID `json:"disclosure"`
	Justified  bool       `json:"justified"`
	Reason     string     `json:"reason"`
}

// Validate names what cannot be understood.
func (b ReviewEmergencyDisclosure) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Disclosure.IsZero(), "/disclosure", "required", "say which disclosure")
	f.Text("/reason", b.Reason, 2000, false)
	return f
}

// Check refuses a disclosure that another controller made or that was of no
// emergency, whoever told or decided it as reviewer, and a second review.
func (b ReviewEmergencyDisclosure) Check(s State, c event.Context) error {
	d, ok := s.Disclosure(b.Disclosure)
	decision, _ := s.Decision(d.Decision)
	switch {
	case !ok || d.Flow.FromOrg != c.Actor.Org && !slices.Contains(c.Peers, d.Flow.FromOrg):
		return fault.Refuse("no-such-disclosure", "this record holds no such disclosure")
	case d.Flow.Purpose != "EMERGENCY":
		return fault.Refuse("not-an-emergency", "it was not told for an emergency")
	case c.Actor.ID == d.By || c.Actor.ID == decision.By:
		return fault.Refuse("reviewer-took-part", "somebody else reviews it")
	case !d.At.Begun(c.Asked()):
		return fault.Refuse("reviewed-before-it-was-told", "it is reviewed after it was told")
	case slices.ContainsFunc(s.Reviews, func(r EmergencyReview) bool { return r.Disclosure == b.Disclosure }):
		return fault.Refuse("emergency-reviewed", "it was reviewed")
	}
	return nil
}

// Events records the review.
func (b ReviewEmergencyDisclosure) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: EmergencyDisclosureReviewed{b.Disclosure, b.Justified, event.Own(b.Reason)}}}
}
