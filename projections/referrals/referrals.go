// Package referrals is the referral tracker: how far each referral of a person
// has come and since when. It never closes one.
package referrals

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Row is one referral of one person.
type Row struct {
	Person     event.StreamID `db:"stream"`
	Referral   event.UUID     `db:"referral,key"`
	Controller event.UUID     `db:"controller"` // of whoever wrote it
	// Recipient is the controller of the organisation it goes to, which follows
	// it where both are on one side.
	Recipient   event.UUID                    `db:"recipient"`
	ToOrg       event.UUID                    `db:"to_org"`
	Destination reference.ReferralDestination `db:"destination"`
	Priority    referral.Priority             `db:"priority"`
	Side        event.Side                    `db:"side"`
	Stage       referral.Stage                `db:"stage"`
	Held        referral.Stage                `db:"held"` // where it stood before it was put on hold
	At          event.When                    `db:"at"`   // since when it is at its stage
	SentAt      event.When                    `db:"sent_at"`
	ContactAt   event.When                    `db:"contact_at"` // the first contact
	Letter      bool                          `db:"letter"`
	Reason      reference.ReferralReason      `db:"reason"` // of what last stopped or returned it
	Crossed     []reference.Timer             `db:"crossed,json"`
	Open        bool                          `db:"open"`
	Position    event.Position                `db:"position"`
}

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "referrals", Version: 1,
		Types: types(),
		Keys: func(e event.Recorded) []projections.Key {
			if _, own := v.Owner(e); own {
				if r, about := evolved(referral.State{}, e); about {
					return []projections.Key{projections.Keyed(r.ID.String())}
				}
			}
			return []projections.Key{}
		},
		Fold: func(row *Row, e event.Recorded) *Row { return fold(v, row, e) },
		Indexes: []projections.Index{
			{Columns: []string{"controller", "open", "destination"}},
			{Columns: []string{"recipient", "open"}},
		},
	})
}

func types() []string {
	names := make([]string, 0, len(referral.Events))
	for _, d := range referral.Events {
		names = append(names, d.Name())
	}
	return names
}

// evolved lets the area evolve one referral; false if the event changes none.
func evolved(s referral.State, e event.Recorded) (referral.Referral, bool) {
	s = referral.Evolve(s, e)
	if len(s.Referrals) != 1 {
		return referral.Referral{}, false
	}
	return s.Referrals[0], true
}

// fold lets the area say how far the referral has come.
func fold(v boundary.Viewer, row *Row, e event.Recorded) *Row {
	next := projections.Copy(row)
	var s referral.State
	if row == nil {
		next.Controller, _ = v.Owner(e)
	} else {
		s.Referrals = []referral.Referral{{ID: row.Referral, Side: row.Side, Stage: row.Stage, Held: row.Held, At: row.At,
			SentAt: row.SentAt, Letter: row.Letter, Crossed: row.Crossed,
			Details: referral.Details{Destination: row.Destination, Priority: row.Priority, ToOrg: row.ToOrg}}}
	}
	r, _ := evolved(s, e)
	next.Side, next.Stage, next.Held, next.At, next.SentAt = r.Side, r.Stage, r.Held, r.At, r.SentAt
	next.Letter, next.Crossed, next.Open = r.Letter, r.Crossed, r.Stage.Open()
	next.ToOrg, next.Destination, next.Priority = r.Details.ToOrg, r.Details.Destination, r.Details.Priority
	next.Recipient = v.Controller(next.ToOrg)
	switch d := e.Data.(type) {
	case referral.FirstContactMade:
		next.ContactAt = e.Effective
	case referral.ReferralRejected:
		next.Reason = d.Reason
	case referral.ReferralReturned:
		next.Reason = d.Reason
	case referral.ReferralPutOnHold:
		next.Reason = d.Reason
	case referral.ReferralWithdrawn:
		next.Reason = d.Reason
	case referral.ReferralCancelled:
		next.Reason = d.Reason
	case referral.ReferralClosed:
		next.Reason = d.Reason
	case referral.GPRegistrationRefused:
		next.Reason = reference.ReferralReason(d.Reason)
	case referral.ReferralResumed, referral.ReferralSent:
		next.Reason = ""
	}
	next.Position = e.Position
	return next
}
