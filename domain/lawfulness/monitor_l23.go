package lawfulness

import (
	"slices"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/reference"
)

// l23: a probation practitioner took down that the NHS may tell probation; or
// the person was asked in a shared appointment, and it is not on the record that
// refusing has no effect on supervision and that nobody asked for the other side
// (UK GDPR Article 4(11), freely given; domain reference sections 7.1 and 8.8).
var l23 = Monitor{ID: "L23", Version: 1, Severity: finding.Medium,
	Title:  "Consent captured by supervising PP for NHS→PROBATION, or no voluntariness statement",
	Source: "freely given",
	OfEvent: func(v View, e event.Recorded) []Hit {
		d, ok := e.Data.(consent.ConsentGranted)
		if !ok || e.Operational != event.Open {
			return nil
		}
		hit := Hit{}
		if e.Actor.Role == "PP" && tellsProbation(v, d.Scope) {
			hit.Notes = append(hit.Notes, "captured-by-practitioner")
		}
		said := d.Voluntary.NoEffect && d.Voluntary.AskedFreely
		if (d.Kind == consent.Screening || d.Kind == consent.Disclosure) && !said && askedInShared(v, d) {
			hit.Notes = append(hit.Notes, "no-voluntariness-statement")
		}
		if len(hit.Notes) == 0 {
			return nil
		}
		return []Hit{hit}
	},
}

// tellsProbation reports whether a scope lets the NHS tell probation something.
func tellsProbation(v View, s consent.Scope) bool {
	return (s.From == event.NHS || s.From == "") && slices.ContainsFunc(s.Recipients, func(r consent.Recipient) bool {
		return r.Side == event.Probation || !r.Org.IsZero() && v.Shared.Side(r.Org) == event.Probation || r.Role == "PP" || r.Role == "SPO"
	})
}

// askedInShared reports whether a consent was given in a shared appointment.
func askedInShared(v View, d consent.ConsentGranted) bool {
	if a, ok := v.Case.Appointment.Find(d.Appointment); ok {
		return a.Kind == reference.CoLocated
	}
	_, shared := v.Case.Appointment.SharedAt(v.At)
	return shared
}
