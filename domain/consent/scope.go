package consent

import (
	"slices"
	"strconv"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// Scope is what a consent, a refusal or an objection is about: what may go
// from which side, to whom, for what.
type Scope struct {
	// From is the side that holds what may be told; left out in a refusal or an
	// objection, any side.
	From event.Side `json:"from,omitzero"`
	// Recipients may be told; none means, in a refusal or an objection, anybody.
	Recipients []Recipient `json:"recipients,omitempty"`
	// Purposes it may be told for; none means, in a refusal or an objection, any.
	Purposes []event.Purpose `json:"purposes,omitempty"`
	// Categories, or groups such as "H.*"; none means, in a refusal or an
	// objection, all.
	Categories []event.Category `json:"categories,omitempty"`
}

// Recipient names who may be told, by any of the four; all that are given must
// fit. More specific is: person, then role, then organisation, then side.
type Recipient struct {
	Side   event.Side `json:"side,omitzero"`
	Org    event.UUID `json:"org,omitzero"`
	Role   event.Role `json:"role,omitzero"`
	Person event.UUID `json:"person,omitzero"`
}

// Receiver is somebody in particular whom something is to be told.
type Receiver = Recipient

// Cell is one question a scope can answer: one category, to one receiver, for
// one purpose.
type Cell struct {
	From     event.Side
	To       Receiver
	Category event.Category
	Purpose  event.Purpose
}

// admits reports whether the receiver fits everything r names.
func (r Recipient) admits(to Receiver) bool {
	return (r.Side == "" || r.Side == to.Side) && (r.Org.IsZero() || r.Org == to.Org) &&
		(r.Role == "" || r.Role == to.Role) && (r.Person.IsZero() || r.Person == to.Person)
}

// rank orders recipients by how specific they are.
func (r Recipient) rank() int {
	rank := 0
	for i, given := range []bool{r.Side != "", !r.Org.IsZero(), r.Role != "", !r.Person.IsZero()} {
		if given {
			rank |= 1 << i
		}
	}
	return rank
}

// Covers reports whether the scope covers a category, told to a receiver, for
// a purpose.
func (s Scope) Covers(c Cell) bool {
	_, covers := s.specificity(c)
	return covers
}

// CoversRecipient reports whether the receiver is within the scope.
func (s Scope) CoversRecipient(to Receiver) bool {
	return len(s.Recipients) == 0 || slices.ContainsFunc(s.Recipients, func(r Recipient) bool { return r.admits(to) })
}

// CoversPurpose reports whether the purpose is within the scope.
func (s Scope) CoversPurpose(p event.Purpose) bool {
	return len(s.Purposes) == 0 || slices.Contains(s.Purposes, p)
}

// CoversCategory reports whether the category is within the scope.
func (s Scope) CoversCategory(c event.Category) bool {
	return len(s.Categories) == 0 || reference.CoveredBy(s.Categories, c)
}

// specificity says how specific the scope is about a cell that it covers:
// recipient first, then category, then purpose (domain reference section 8.8).
type specificity [3]int

func (a specificity) compare(b specificity) int { return slices.Compare(a[:], b[:]) }

const exact = 1 << 10 // no group's name is that long

func (s Scope) specificity(c Cell) (specificity, bool) {
	if s.From != "" && s.From != c.From || !s.CoversRecipient(c.To) || !s.CoversPurpose(c.Purpose) || !s.CoversCategory(c.Category) {
		return specificity{}, false
	}
	var of specificity
	for _, r := range s.Recipients {
		if r.admits(c.To) {
			of[0] = max(of[0], r.rank())
		}
	}
	for _, g := range s.Categories {
		switch {
		case g == c.Category:
			of[1] = exact
		case reference.Covers(g, c.Category):
			of[1] = max(of[1], len(g))
		}
	}
	if len(s.Purposes) > 0 {
		of[2] = 1
	}
	return of, true
}

// Within reports whether everything the scope covers, wider covers too.
func (s Scope) Within(wider Scope) bool {
	if wider.From != "" && wider.From != s.From {
		return false
	}
	if len(wider.Recipients) > 0 {
		if len(s.Recipients) == 0 {
			return false
		}
		for _, r := range s.Recipients {
			if !slices.ContainsFunc(wider.Recipients, func(w Recipient) bool { return w.admits(r) }) {
				return false
			}
		}
	}
	if len(wider.Purposes) > 0 {
		if len(s.Purposes) == 0 || slices.ContainsFunc(s.Purposes, func(p event.Purpose) bool { return !slices.Contains(wider.Purposes, p) }) {
			return false
		}
	}
	if len(wider.Categories) > 0 {
		if len(s.Categories) == 0 || slices.ContainsFunc(s.Categories, func(c event.Category) bool { return !reference.CoveredBy(wider.Categories, c) }) {
			return false
		}
	}
	return true
}

// Empty reports whether the scope says nothing about at least one of: from
// whom, to whom, what, and what for.
func (s Scope) Empty() bool {
	return s.From == "" || len(s.Recipients) == 0 || len(s.Purposes) == 0 || len(s.Categories) == 0
}

// Unsaid reports whether the scope says nothing at all.
func (s Scope) Unsaid() bool {
	return s.From == "" && len(s.Recipients) == 0 && len(s.Purposes) == 0 && len(s.Categories) == 0
}

// most is how many members one part of a scope may have.
const most = 64

func (s Scope) validate() []fault.Field {
	var c fault.Fields
	c.If(s.From != "" && !slices.Contains(event.Sides, s.From), "/from", "unknown-side", "there is no such side")
	c.If(len(s.Recipients) > most, "/recipients", "too-many", "too many recipients")
	c.If(len(s.Purposes) > most, "/purposes", "too-many", "too many purposes")
	c.If(len(s.Categories) > most, "/categories", "too-many", "too many categories")
	for i, r := range s.Recipients {
		at := "/recipients/" + strconv.Itoa(i)
		c.If(r == Recipient{}, at, "required", "say who the recipient is")
		c.If(r.Side != "" && !slices.Contains(event.Sides, r.Side), at+"/side", "unknown-side", "there is no such side")
		c.If(r.Role != "" && !reference.Roles.Listed(r.Role), at+"/role", "unknown-role", "there is no such role")
	}
	for i, p := range s.Purposes {
		c.If(!reference.Purposes.Listed(p), "/purposes/"+strconv.Itoa(i), "unknown-purpose", "there is no such purpose")
	}
	for i, g := range s.Categories {
		c.If(!reference.ValidScope(g), "/categories/"+strconv.Itoa(i), "unknown-category", "there is no such category or group")
	}
	return c
}
