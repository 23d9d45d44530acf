package casefile

import (
	"slices"

	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/domain/reference"
)

// Sharing says in a word whether something may be told.
type Sharing string

// The words. The person's own come before the rules': what was refused or taken
// back is said to be so.
const (
	CanShare   Sharing = "CAN_SHARE"
	AskFirst   Sharing = "ASK_FIRST" // a rule is about it, and something else than the person's agreement is wanting
	NotAsked   Sharing = "NOT_ASKED" // the person's agreement alone is wanting
	WasRefused Sharing = "REFUSED"   // or objected to
	TakenBack  Sharing = "WITHDRAWN"
	HasExpired Sharing = "EXPIRED"
	Never      Sharing = "NEVER" // no rule is about it, or none that covers the category
)

// Cell is whether one category may be told for one purpose, and why.
type Cell struct {
	Purpose  event.Purpose
	Category event.Category
	Answer   Sharing
	Verdict  lawfulness.Verdict
	// Consent is the person's consent or refusal that the answer rests on, and
	// Events what was recorded of it; zero and empty where it rests on none.
	Consent event.UUID
	Events  []event.ID
}

// Matrix is whether each category that the actor's side holds may be told to an
// organisation, for each purpose that a rule is about between the two, at the
// moment the context asks about, to somebody in the first role of the
// recipient's side. It changes nothing.
//
// Its cost is one [Ask] for each cell: the purposes that a rule is about times
// the categories of the code list, and no more.
func Matrix(s State, to reference.Organisation, c event.Context) []Cell {
	from, day := c.Actor.Side, event.DayOf(c.Asked())
	var role event.Role
	if i := slices.IndexFunc(reference.Roles.Codes(), func(r event.Role) bool { return reference.HeldOn(r, to.Side) }); i >= 0 {
		role = reference.Roles.Codes()[i]
	}
	var cells []Cell
	for _, purpose := range reference.Purposes.Codes() {
		for _, e := range reference.Categories.All() {
			if !slices.Contains(e.Holder, from) || !reference.Categories.Known(e.Code, day) {
				continue
			}
			p := disclosure.Proposal{Flow: disclosure.Flow{FromOrg: c.Actor.Org, ToOrg: to.ID, ToRole: role,
				Direction: disclosure.Direction{From: from, To: to.Side}, Purpose: purpose, Categories: []event.Category{e.Code}}}
			v := Ask(s, p, c)
			if v.Rule == "" {
				break // no rule is about the purpose, whatever the category
			}
			cells = append(cells, s.cell(p, v, c))
		}
	}
	return cells
}

// cell is the answer to one question.
func (s State) cell(p disclosure.Proposal, v lawfulness.Verdict, c event.Context) Cell {
	out := Cell{Purpose: p.Purpose, Category: p.Categories[0], Verdict: v}
	asked := consent.Cell{From: p.Direction.From, To: consent.Receiver{Side: p.Direction.To, Org: p.ToOrg, Role: p.ToRole}, Category: out.Category, Purpose: out.Purpose}
	said, status := s.said(asked, c)
	rests := false
	switch reached := slices.ContainsFunc(v.Candidates, covers); {
	case v.Permit:
		out.Answer = CanShare
		rests = status == consent.Active
	case !reached:
		out.Answer = Never
	case s.Consent.Denied(asked, c.Asked()):
		out.Answer, rests = WasRefused, true
	case status == consent.Withdrawn:
		out.Answer, rests = TakenBack, true
	case status == consent.Expired:
		out.Answer, rests = HasExpired, true
	case said.IsZero() && slices.ContainsFunc(v.Candidates, func(k lawfulness.Candidate) bool {
		return slices.Equal(k.Gates(), []disclosure.Gate{"G6"})
	}):
		out.Answer = NotAsked
	default:
		out.Answer = AskFirst
	}
	if rests && !said.IsZero() {
		out.Consent, out.Events = said, s.about(said)
	}
	return out
}

// covers reports whether a rule is about the category, whatever else is wanting.
func covers(c lawfulness.Candidate) bool { return c.Rule != "" && !slices.Contains(c.Gates(), "G9") }

// said is the last disclosure consent or refusal about a cell, and what it is
// at the moment asked about.
func (s State) said(cell consent.Cell, c event.Context) (id event.UUID, status consent.Status) {
	for _, one := range slices.Backward(s.Consent.Consents) {
		if one.Kind != consent.Disclosure {
			continue
		}
		scope := one.Refusal.Scope
		if v, given := one.VersionAt(c.Asked()); given {
			scope = v.Scope
		} else if one.Refusal.At.IsZero() {
			continue // it was offered, and not answered
		}
		if scope.Covers(cell) {
			return one.ID, one.StatusAt(c.Asked())
		}
	}
	return event.UUID{}, consent.None
}

// about lists the standing events about a consent, in order.
func (s State) about(id event.UUID) []event.ID {
	var events []event.ID
	for _, e := range s.standing {
		if of := consent.Evolve(consent.State{}, e); len(of.Consents) == 1 && of.Consents[0].ID == id {
			events = append(events, e.ID)
		}
	}
	return events
}
