package disclosure

import (
	"slices"
	"strconv"
	"strings"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// MakeDisclosure tells what a decision permits. What is told is taken from the
// case: package casefile gathers it.
type MakeDisclosure struct {
	event.Timed
	Decision event.UUID `json:"decision"`
	// Categories are those told; left out, all that were decided.
	Categories []event.Category `json:"categories,omitempty"`
	Method     Method           `json:"method"`
	// Identifier is the link of the identifier that the disclosure was keyed on.
	Identifier event.UUID `json:"identifier,omitzero"`
	// Sources narrows what is told to what came from these events.
	Sources []event.ID `json:"sources,omitempty"`
	// Items is what was told, of an imported disclosure. Live, the case says.
	Items []event.Item `json:"items,omitempty"`
	// To says who was told, of an imported disclosure that cites no decision.
	To *Flow `json:"flow,omitempty"`
}

// most is how many events or items one disclosure may name.
const most = 256

// Validate names what cannot be understood.
func (b MakeDisclosure) Validate() []fault.Field {
	var f fault.Fields
	fault.OneOf(&f, "/method", b.Method, Methods)
	f.Under("/categories", validCategories(b.Categories))
	f.If(len(b.Sources) > most, "/sources", "too-many", "too many events")
	f.Under("/items", validItems(b.Items))
	if b.To != nil {
		f.Under("/flow", b.To.validate())
	}
	f.If(b.Decision.IsZero() && b.To == nil, "/decision", "required", "say under which decision")
	return f
}

func validItems(items []event.Item) []fault.Field {
	var f fault.Fields
	f.If(len(items) > most, "", "too-many", "too many items")
	for i, item := range items {
		at := "/" + strconv.Itoa(i)
		f.If(!reference.Categories.Listed(item.Category), at+"/category", "unknown-category", "name a single category of the list")
		f.If(len(item.Facts) > most, at+"/facts", "too-many", "too many facts")
		for j, fact := range item.Facts {
			f.Text(at+"/facts/"+strconv.Itoa(j)+"/name", fact.Name, 64, false)
			f.Text(at+"/facts/"+strconv.Itoa(j)+"/value", fact.Value, 4000, true)
		}
	}
	return f
}

// Flow is what was told to whom: as decided, with the categories actually told.
func (b MakeDisclosure) Flow(k Decision) Flow {
	flow := k.Flow
	if b.To != nil && flow.Unsaid() {
		flow = *b.To
	}
	if len(b.Categories) > 0 {
		flow.Categories = slices.Clone(b.Categories)
	}
	return flow
}

// Check refuses what no standing decision permits. What was relied on is
// judged by package casefile.
func (b MakeDisclosure) Check(s State, c event.Context) error {
	k, ok := s.Decision(b.Decision)
	at := c.Asked()
	switch {
	case !ok:
		return fault.Refuse("no-such-decision", "this case holds no such decision")
	case k.Outcome != Permit:
		return fault.Refuse("no-permit", "the decision does not permit it")
	case k.Closed:
		return fault.Refuse("decision-closed", "the decision is closed")
	case !k.At.Begun(at):
		return fault.Refuse("disclosure-before-decision", "it was decided later")
	case k.LapsedAt(at):
		return fault.Refuse("decision-lapsed", "the decision's last moment is past")
	case k.Flow.Direction.From != c.Actor.Side:
		return fault.Refuse("not-the-holder", "only the side that decided may tell it")
	case len(b.Items) > 0 || b.To != nil:
		return fault.Refuse("items-come-from-the-case", "what is told is taken from the case, and to whom from the decision")
	}
	for i, category := range b.Categories {
		if !slices.Contains(k.Flow.Categories, category) {
			f := fault.Refuse("excess-category", "the decision does not permit all of these categories")
			f.Gates = []string{"G9"}
			f.Fields = []fault.Field{{Pointer: "/categories/" + strconv.Itoa(i), Code: "excess-category", Message: "this category was not decided"}}
			return f
		}
	}
	return nil
}

// Events records the disclosure with the items the body gives.
func (b MakeDisclosure) Events(s State, c event.Context) []event.Draft {
	return b.Record(s, c, b.Items)
}

// Record records the disclosure of items.
func (b MakeDisclosure) Record(s State, c event.Context, items []event.Item) []event.Draft {
	k, _ := s.Decision(b.Decision)
	flow := b.Flow(k)
	d := DisclosureMade{Disclosure: c.NewID("disclosure"), Decision: b.Decision, Flow: flow, Method: b.Method,
		Identifier: b.Identifier, Sources: sources(items)}
	if k.Basis.Confidence == ExplicitConsent {
		d.Consent, d.ConsentVersion = k.Basis.Consent, k.Basis.ConsentVersion
	}
	if flow.Direction.To != "" {
		d.Notice = event.Own(Notice{d.Disclosure, d.Decision, flow, d.Method})
		d.ToldIdentity, d.ToldHealth, d.ToldOffence = boxed(items)
	}
	return []event.Draft{{Data: d}}
}

// sources lists the events that items came from, each once.
func sources(items []event.Item) []event.ID {
	ids := []event.ID{}
	for _, item := range items {
		if !item.Source.IsZero() && !slices.Contains(ids, item.Source) {
			ids = append(ids, item.Source)
		}
	}
	return ids
}

// boxed parts items by the class of data they are.
func boxed(items []event.Item) (identity, health, offence event.Personal[[]event.Item]) {
	parts := map[event.Class][]event.Item{}
	for _, item := range items {
		parts[ClassOf(item.Category)] = append(parts[ClassOf(item.Category)], item)
	}
	own := func(c event.Class) event.Personal[[]event.Item] {
		if len(parts[c]) == 0 {
			return event.Personal[[]event.Item]{}
		}
		return event.Own(parts[c])
	}
	return own(event.Identity), own(event.Health), own(event.Offence)
}

// ClassOf is the data class of a category: offence for justice data, health
// for everything else that is special, identity for the rest.
func ClassOf(category event.Category) event.Class {
	e, _ := reference.Categories.Latest(category)
	switch {
	case strings.HasPrefix(string(category), "H."):
		return event.Health
	case strings.HasPrefix(string(category), "J.") || e.Criminal:
		return event.Offence
	case e.Special || category == "W.SAFEGUARD":
		return event.Health
	}
	return event.Identity
}
