package disclosure

import "caseledger/domain/event"

// DisclosureMade says that something was told, and holds exactly what: a
// snapshot under the keys of the side that was told. A later correction
// reaches that side only by being told too.
//
// The plain fields are the telling side's record. A reader of the other side
// finds the same in Notice.
type DisclosureMade struct {
	Disclosure event.UUID `json:"disclosure"`
	Decision   event.UUID `json:"decision"`
	Flow       Flow       `json:"flow"` // with the categories actually told
	Method     Method     `json:"method"`
	// Consent, its version, and Identifier are what was relied on.
	Consent        event.UUID `json:"consent,omitzero"`
	ConsentVersion int        `json:"consentVersion,omitzero"`
	Identifier     event.UUID `json:"identifier,omitzero"` // the link of it
	Sources        []event.ID `json:"sources"`             // of what was told

	Notice       event.Personal[Notice]       `json:"notice" personal:"operational,recipient"`
	ToldIdentity event.Personal[[]event.Item] `json:"toldIdentity" personal:"identity,recipient"`
	ToldHealth   event.Personal[[]event.Item] `json:"toldHealth" personal:"health,recipient"`
	ToldOffence  event.Personal[[]event.Item] `json:"toldOffence" personal:"offence,recipient"`
}

// Notice is what the recipient knows of a disclosure beside what was told.
type Notice struct {
	Disclosure event.UUID `json:"disclosure"`
	Decision   event.UUID `json:"decision,omitzero"`
	Flow       Flow       `json:"flow"`
	Method     Method     `json:"method,omitzero"`
}

func (DisclosureMade) isEvent() {}

// RecipientSide is the side under whose keys the snapshot is; empty where
// neither side's box is open.
func (d DisclosureMade) RecipientSide() event.Side { return d.flow().Direction.To }

// RecipientOrg is the organisation that was told; zero where neither side's
// box is open.
func (d DisclosureMade) RecipientOrg() event.UUID { return d.flow().ToOrg }

// flow comes from whichever box is open.
func (d DisclosureMade) flow() Flow {
	if d.Flow.ToOrg.IsZero() {
		return d.Notice.Value().Flow
	}
	return d.Flow
}

var disclosureMade = event.Define[DisclosureMade]("disclosure.made", 1)
