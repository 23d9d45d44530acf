package api

import (
	"net/http"

	"caseledger/domain/access"
	"caseledger/domain/event"
)

var getReferrals = operation[[]Referral]{
	ID: "get-referrals", Method: http.MethodGet, Path: prefix + "/people/{person}/referrals",
	Summary: "A person's referrals and how far they have come",
	Action:  "referral.read", Audit: access.ReadOne, View: "referrals",
	Handle: (*API).getReferrals,
}

func (a *API) getReferrals(c *call) (answer[[]Referral], error) {
	referrals, reflects, err := c.view.Referrals(c.ctx, c.person)
	for i := range referrals {
		referrals[i].Entry = c.entry(referrals[i].Position)
	}
	return answer[[]Referral]{Data: referrals, Reflects: reflects, Subjects: []event.UUID{c.person},
		Items: len(referrals), Person: c.person}, err
}
