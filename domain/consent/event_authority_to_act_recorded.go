package consent

import "caseledger/domain/event"

// AuthorityToActRecorded says that somebody may act for the person: an
// attorney or a deputy (Mental Capacity Act 2005 sections 9 and 16). Telling
// them is telling the person.
type AuthorityToActRecorded struct {
	Authority event.UUID `json:"authority"`
	Kind      Giver      `json:"kind"`
	// Reference names the document, as a grant made under it does.
	Reference Reference `json:"reference"`
	// Holder is who may act; Decisions the kinds of decision it extends to, none
	// meaning all.
	Holder    event.UUID `json:"holder"`
	Decisions []Kind     `json:"decisions,omitempty"`
	From      event.Day  `json:"from"`
	To        event.Day  `json:"to,omitzero"` // the last day; zero: no end
	// Document says what was seen.
	Document event.Personal[string] `json:"document" personal:"identity"`
}

func (AuthorityToActRecorded) isEvent() {}

var authorityToActRecorded = event.Define[AuthorityToActRecorded]("consent.authority-to-act-recorded", 1)
