package person

import (
	"fmt"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// RecordCommunicationNeed says which adjustments the person needs. It takes
// the place of what was recorded before.
type RecordCommunicationNeed struct {
	event.Timed
	Adjustments []reference.CommunicationNeed `json:"adjustments"`
	Language    Language                      `json:"language,omitempty"`
	Note        string                        `json:"note,omitempty"`
}

// Validate names the fields that cannot be accepted.
func (c RecordCommunicationNeed) Validate() []fault.Field {
	var f fault.Fields
	f.If(len(c.Adjustments) == 0 && c.Language == "", "/adjustments", "required", "name an adjustment or a language")
	seen := map[reference.CommunicationNeed]bool{}
	for i, a := range c.Adjustments {
		pointer := fmt.Sprintf("/adjustments/%d", i)
		fault.Listed(&f, pointer, a, reference.CommunicationNeeds.Listed)
		f.If(seen[a], pointer, "duplicate", "this is named before")
		seen[a] = true
	}
	f.If(c.Language != "" && !c.Language.wellFormed(), "/language", "malformed", "this does not have the form of a language tag")
	f.Text("/note", c.Note, longestReason, true)
	return f
}

// wellFormed reports whether l has the form of a BCP 47 tag: parts of one to
// eight letters and digits, the first of two or three letters.
func (l Language) wellFormed() bool {
	part, first := 0, true
	for i := range len(l) + 1 {
		if i < len(l) && l[i] != '-' {
			c := l[i]
			lower := c | 0x20
			isLetter := 'a' <= lower && lower <= 'z'
			if part++; part > 8 || !isLetter && (first || !digit(c)) {
				return false
			}
			continue
		}
		if part == 0 || first && (part < 2 || part > 3) {
			return false
		}
		part, first = 0, false
	}
	return len(l) <= 35
}

// Check accepts every need that can be understood.
func (c RecordCommunicationNeed) Check(State, event.Context) error { return nil }

// Events records the need.
func (c RecordCommunicationNeed) Events(State, event.Context) []event.Draft {
	e := CommunicationNeedRecorded{Adjustments: event.Own(c.Adjustments)}
	if c.Language != "" {
		e.Language = event.Own(c.Language)
	}
	if c.Note != "" {
		e.Note = event.Own(c.Note)
	}
	return []event.Draft{{Data: e}}
}
