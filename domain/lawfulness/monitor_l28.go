package lawfulness

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/screening"
	"caseledger/domain/supervision"
)

// l28: a sample was tested, or a report went to the responsible officer, under
// a requirement when no order ran or no such requirement was live; a drug test
// result needs a requirement under which samples are given (Sentencing Act 2020
// Schedule 9; rule R05).
var l28 = Monitor{ID: "L28", Version: 1, Severity: finding.High,
	Title:  "Drug test or requirement report outside order period, or no live requirement",
	Source: "Sentencing Act 2020 Sch 9",
	OfEvent: func(v View, e event.Recorded) []Hit {
		var meant func(supervision.Requirement) bool
		if t, ok := e.Data.(screening.TestResultRecorded); ok && !t.Requirement.IsZero() {
			meant = func(r supervision.Requirement) bool { return r.ID == t.Requirement }
		} else if d, ok := v.disclosure(e); ok && v.crosses(d) && reports(d) {
			drugs := slices.Contains(d.Flow.Categories, "H.DRUGTEST")
			meant = func(r supervision.Requirement) bool { return !drugs || r.Terms.Value().Testing }
		} else {
			return nil
		}
		day := event.DayOf(e.Effective.Earliest())
		for _, r := range v.Case.Supervision.Requirements {
			if unreadable(v, r) || meant(r) && runs(v, r, day) {
				return nil
			}
		}
		return found(orderEvents(v)...)
	},
}

// reports reports whether a disclosure tells the responsible officer how a
// requirement goes: by rule R05, or for its purpose where nobody decided.
func reports(d Disclosure) bool {
	if d.Decision == nil {
		return d.Flow.Purpose == "REQ_MGMT" && d.Flow.Direction.To == event.Probation && d.Flow.Direction.From != event.Probation
	}
	return under(d) == "R05"
}

// runs reports whether a requirement is live on a day, and so is its order.
func runs(v View, r supervision.Requirement, day event.Day) bool {
	o, ok := v.Case.Supervision.Order(r.Supervision)
	return ok && o.LiveOn(day) && r.LiveOn(day)
}

// unreadable reports whether the terms of a requirement or its order cannot be
// opened: nobody can say that it did not run.
func unreadable(v View, r supervision.Requirement) bool {
	o, ok := v.Case.Supervision.Order(r.Supervision)
	return r.Terms.State() != event.Open || ok && o.Terms.State() != event.Open
}

// orderEvents are the events that say when orders and requirements ran.
func orderEvents(v View) []event.ID {
	var ids []event.ID
	for _, e := range v.Events() {
		switch e.Data.(type) {
		case supervision.SupervisionStarted, supervision.ReleasedOnLicence, supervision.RequirementImposed,
			supervision.RequirementEnded, supervision.LicenceRecalled, supervision.SupervisionEnded:
			ids = append(ids, e.ID)
		}
	}
	return ids
}
