package disclosure

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// RecordOnwardDisclosure says that what this side had been told was told on,
// under a decision of its own.
type RecordOnwardDisclosure struct {
	event.Timed
	Origin             event.UUID       `json:"origin"`
	Decision           event.UUID       `json:"decision"`
	Categories         []event.Category `json:"categories"`
	OriginatorInformed bool             `json:"originatorInformed"`
}

// Validate names what cannot be understood.
func (b RecordOnwardDisclosure) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Origin.IsZero(), "/origin", "required", "say by which disclosure it was learnt")
	f.If(len(b.Categories) == 0, "/categories", "required", "say what was told on")
	f.Under("/categories", validCategories(b.Categories))
	return f
}

// Check refuses to tell on what was not told, more than that, or without an
// own decision that the originator knows of.
func (b RecordOnwardDisclosure) Check(s State, c event.Context) error {
	origin, ok := s.Disclosure(b.Origin)
	if !ok || origin.Flow.Direction.To != c.Actor.Side {
		return fault.Refuse("unknown-source", "nothing of that id was told to this side")
	}
	k, ok := s.Decision(b.Decision)
	if !ok || k.Side != c.Actor.Side || !k.PermitsAt(c.Asked()) {
		return fault.Refuse("no-permit", "telling it on needs a decision of this side that permits it")
	}
	for _, category := range b.Categories {
		if !reference.CoveredBy(origin.Flow.Categories, category) || !reference.CoveredBy(k.Flow.Categories, category) {
			return fault.Refuse("excess-category", "more would be told on than was told, or was decided")
		}
	}
	if !b.OriginatorInformed {
		return fault.Refuse("originator-not-informed", "inform whoever told it first")
	}
	return nil
}

// Events records it.
func (b RecordOnwardDisclosure) Events(_ State, c event.Context) []event.Draft {
	return []event.Draft{{Data: OnwardDisclosed{c.NewID("onward"), b.Origin, b.Decision, b.Categories, b.OriginatorInformed}}}
}
