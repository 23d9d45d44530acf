// Package siteactivity is the read model that the hubs' figures are counted
// from: one row for each person, of what was done in which week at which site.
// Rows are never shown: only counts over many people are, and of those only what
// [Suppress] lets pass.
package siteactivity

import (
	"slices"
	"time"

	"caseledger/domain/appointment"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/domain/screening"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Measure is something that is counted.
type Measure string

// The measures. People are counted once a week, the rest each time.
const (
	FirstSeen        Measure = "REGISTERED"        // people of whom a side's record first says something
	Screened         Measure = "SCREENED"          // people screened
	Referred         Measure = "REFERRED"          // referrals sent
	GPRegistered     Measure = "GP_REGISTERED"     // referrals to a practice that ended in registration
	MissedClinic     Measure = "MISSED_HUB_CLINIC" // appointments at the hub's clinic that the person did not attend
	ConsentAsked     Measure = "CONSENT_ASKED"     // consents asked for
	ConsentGiven     Measure = "CONSENT_GIVEN"     // consents given
	ConsentWithdrawn Measure = "CONSENT_WITHDRAWN" // consents taken back
	Disclosed        Measure = "DISCLOSURES"       // tellings
)

// Measures lists them.
var Measures = []Measure{FirstSeen, Screened, Referred, GPRegistered, MissedClinic, ConsentAsked, ConsentGiven, ConsentWithdrawn, Disclosed}

// Row is what was done for one person.
type Row struct {
	Person event.StreamID `db:"stream"`
	// Site is where the person was last seen; empty while nothing says so.
	Site     reference.Site `db:"site"`
	Done     []Done         `db:"done,json"`
	LastWeek event.Day      `db:"last_week"` // of Done
}

// Done is one thing that counts.
type Done struct {
	Measure Measure        `json:"measure"`
	Of      event.UUID     `json:"of,omitzero"` // what it was done to; zero where people are counted
	Site    reference.Site `json:"site,omitempty"`
	Week    event.Day      `json:"week"` // its Monday
}

// Model declares the read model for one viewer. The auditors' has no rows: they
// open no health data, so they could not count.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "site_activity", Version: 1,
		Types: []string{"person.registered", "person.privacy-notice-given", "screening.completed", "referral.sent",
			"referral.gp-registration-accepted", "appointment.scheduled", "appointment.attendance-recorded",
			"consent.offered", "consent.granted", "consent.refused", "consent.withdrawn", "disclosure.made", "disclosure.unplanned-reported"},
		Keys: func(e event.Recorded) []projections.Key {
			if _, own := v.Owner(e); own && v.Side != "" {
				return []projections.Key{""} // the person's one row
			}
			return []projections.Key{}
		},
		Fold:    fold,
		Indexes: []projections.Index{{Columns: []string{"last_week"}}},
	})
}

// hubs are the sites of the organisations that work at one.
var hubs = func() map[event.UUID]reference.Site {
	sites := map[event.UUID]reference.Site{}
	for _, o := range reference.Organisations.All() {
		for _, s := range reference.Sites.All() {
			if s.Hub == o.Code {
				sites[o.ID] = s.Code
			}
		}
	}
	return sites
}()

// Week is the Monday of the Europe/London week that a day is in.
func Week(d event.Day) event.Day {
	return d - event.Day((int(d.Start().In(event.London).Weekday())+6)%7)
}

func fold(row *Row, e event.Recorded) *Row {
	next := projections.Copy(row)
	next.Done = slices.Clone(next.Done)
	next.seen(e)
	if row == nil {
		next.count(FirstSeen, event.UUID{}, e)
	}
	switch d := e.Data.(type) {
	case screening.ScreeningCompleted:
		next.count(Screened, event.UUID{}, e)
	case referral.ReferralSent:
		next.count(Referred, d.Referral, e)
	case referral.GPRegistrationAccepted:
		next.count(GPRegistered, d.Referral, e)
	case appointment.AttendanceRecorded:
		next.Done = slices.DeleteFunc(next.Done, func(one Done) bool { return one.Measure == MissedClinic && one.Of == d.Appointment })
		if d.Kind == reference.HubClinic && d.NHS.Value() == appointment.DidNotAttend {
			next.count(MissedClinic, d.Appointment, e)
		}
	case consent.ConsentOffered:
		next.count(ConsentAsked, d.Consent, e)
	case consent.ConsentRefused:
		next.count(ConsentAsked, d.Consent, e)
	case consent.ConsentGranted:
		next.count(ConsentAsked, d.Consent, e)
		next.count(ConsentGiven, d.Consent, e)
	case consent.ConsentWithdrawn:
		next.count(ConsentWithdrawn, d.Consent, e)
	case disclosure.DisclosureMade:
		next.count(Disclosed, d.Disclosure, e)
	case disclosure.UnplannedDisclosureReported:
		next.count(Disclosed, d.Disclosure, e)
	}
	return next
}

// seen says where the person was seen: at the hub that recorded it, or else
// where the event says.
func (r *Row) seen(e event.Recorded) {
	site := hubs[e.Actor.Org]
	switch d := e.Data.(type) {
	case person.PersonRegistered:
		site = or(site, d.Site)
	case appointment.AppointmentScheduled:
		site = or(site, d.Site)
	}
	r.Site = or(site, r.Site)
}

func or(a, b reference.Site) reference.Site {
	if a != "" {
		return a
	}
	return b
}

// count adds what was done, once: people in a week, and anything else at all.
func (r *Row) count(m Measure, of event.UUID, e event.Recorded) {
	one := Done{Measure: m, Of: of, Site: r.Site, Week: Week(event.DayOf(e.Effective.Earliest()))}
	if slices.ContainsFunc(r.Done, func(other Done) bool {
		return other.Measure == m && other.Of == of && (!of.IsZero() || other.Week == one.Week)
	}) {
		return
	}
	r.Done = append(r.Done, one)
	r.LastWeek = max(r.LastWeek, one.Week)
}

// Figures are counts by week, measure and site.
type Figures map[event.Day]map[Measure]map[reference.Site]int

// Add counts what a row says of the weeks from a Monday to another, both
// included. What was done at no site of a hub's counts nowhere.
func (f Figures) Add(r Row, from, to event.Day) {
	for _, d := range r.Done {
		if d.Week < from || d.Week > to || d.Site == "" {
			continue
		}
		if f[d.Week] == nil {
			f[d.Week] = map[Measure]map[reference.Site]int{}
		}
		if f[d.Week][d.Measure] == nil {
			f[d.Week][d.Measure] = map[reference.Site]int{}
		}
		f[d.Week][d.Measure][d.Site]++
	}
}

// Published is one measure of one week as it may be published.
type Published struct {
	Measure Measure
	Cells   []Cell // of the sites, in order
	Total   Cell
}

// Week publishes the figures of the week that begins on a Monday.
func (f Figures) Week(monday event.Day, sites []reference.Site, threshold int) []Published {
	var all []Published
	for _, m := range Measures {
		counts := make([]int, len(sites))
		for i, s := range sites {
			counts[i] = f[monday][m][s]
		}
		p := Published{Measure: m}
		p.Cells, p.Total = Suppress(counts, threshold)
		all = append(all, p)
	}
	return all
}

// Active asks for the people for whom something was done since a Monday. The
// cost of the figures grows with their number.
func Active(since event.Day) projections.Query {
	return projections.Query{Where: []projections.Condition{projections.AtLeast("last_week", since)}, Limit: projections.MaxLimit}
}

// Weeks lists the Mondays from the week of a day to that of another.
func Weeks(from, to event.Day) []event.Day {
	var all []event.Day
	for w := Week(from); w <= to; w += 7 {
		all = append(all, w)
	}
	return all
}

// Latest is the last Monday on or before t.
func Latest(t time.Time) event.Day { return Week(event.DayOf(t)) }
