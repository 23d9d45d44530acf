package disclosure

import "caseledger/domain/event"

// UnplannedDisclosureReported says that something was told that nobody had
// decided to tell, or more than was decided. Reporting it is never refused.
type UnplannedDisclosureReported struct {
	Disclosure event.UUID `json:"disclosure"`
	// Decision is the one it went beyond, and Consent the one it was thought to
	// rest on, if any.
	Decision event.UUID `json:"decision,omitzero"`
	Consent  event.UUID `json:"consent,omitzero"`
	Flow     Flow       `json:"flow"`
	Mishap   Mishap     `json:"mishap"`
	Method   Method     `json:"method,omitzero"`
	// Snapshot: what was told is kept for the recipient. Otherwise nothing of
	// the report reaches the recipient's record.
	Snapshot bool                   `json:"snapshot"`
	How      event.Personal[string] `json:"how" personal:"decision"`

	Notice       event.Personal[Notice]       `json:"notice" personal:"operational,recipient"`
	ToldIdentity event.Personal[[]event.Item] `json:"toldIdentity" personal:"identity,recipient"`
	ToldHealth   event.Personal[[]event.Item] `json:"toldHealth" personal:"health,recipient"`
	ToldOffence  event.Personal[[]event.Item] `json:"toldOffence" personal:"offence,recipient"`
}

func (UnplannedDisclosureReported) isEvent() {}

// RecipientSide is the side under whose keys the snapshot is; empty where
// there is none, or neither side's box is open.
func (d UnplannedDisclosureReported) RecipientSide() event.Side { return d.flow().Direction.To }

// RecipientOrg is the organisation whose record holds the snapshot; zero where
// there is none, or neither side's box is open.
func (d UnplannedDisclosureReported) RecipientOrg() event.UUID { return d.flow().ToOrg }

func (d UnplannedDisclosureReported) flow() Flow {
	if d.Snapshot {
		return d.Flow
	}
	return d.Notice.Value().Flow
}

var unplannedDisclosureReported = event.Define[UnplannedDisclosureReported]("disclosure.unplanned-reported", 1)
