package casefile

import (
	"slices"
	"strings"

	"caseledger/domain/appointment"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/domain/screening"
	"caseledger/domain/supervision"
)

// Tellable lists what of the case the actor's controller could tell, of some
// categories: what it holds. Who somebody is, what they need and where they
// live, either side holds whoever wrote it down; health and justice data only
// the controller in whose record it is.
func Tellable(s State, from event.Side, c event.Context, categories []event.Category) []event.Item {
	var items []event.Item
	for _, item := range slices.Concat(person.Tellable(s.Person), supervision.Tellable(s.Supervision),
		appointment.Tellable(s.Appointment), screening.Tellable(s.Screening)) {
		e, ok := reference.Categories.Latest(item.Category)
		if !ok || !reference.CoveredBy(categories, item.Category) {
			continue
		}
		group, _, _ := strings.Cut(string(item.Category), ".")
		common := group != "H" && group != "J" && slices.Contains(e.Holder, from)
		by := s.Log[item.Source].Actor
		if common || by.Side == from && (by.Org == c.Actor.Org || slices.Contains(c.Peers, by.Org)) {
			items = append(items, item)
		}
	}
	for _, item := range referral.Tellable(s.Referral.Of(from)) { // its recipient's steps are part of it
		if reference.CoveredBy(categories, item.Category) {
			items = append(items, item)
		}
	}
	return items
}
