package lawfulness

import (
	"slices"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/reference"
)

// l25: something that another side holds, or told, was told on, without a
// decision of one's own and the record that the originator was informed (UK
// GDPR Article 5(1)(b); common law duty of confidentiality; rule R21).
var l25 = Monitor{ID: "L25", Version: 1, Severity: finding.High,
	Title:  "Onward disclosure of other side's data without own decision",
	Source: "Art 5(1)(b); CLDC",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		if d.Flow.Direction.To == event.PersonSide { // their own data, whoever holds it
			return nil
		}
		var hit Hit
		for _, c := range d.Flow.Categories {
			if heldElsewhere(v, d, c) {
				hit.Categories = append(hit.Categories, c)
			}
		}
		hit.Evidence = learntBy(v, d)
		if len(hit.Categories) == 0 && len(hit.Evidence) == 0 || recordsOriginator(v, d) {
			return nil
		}
		hit.Evidence = append(hit.Evidence, decidedBy(d))
		return []Hit{hit}
	},
}

// heldElsewhere reports whether a category is another side's to hold, and that
// is not the side that was told: a provider who reports how a requirement goes
// tells its own.
func heldElsewhere(v View, d Disclosure, c event.Category) bool {
	e, ok := reference.Categories.Latest(c)
	from, to := d.Flow.Direction.From, d.Flow.Direction.To
	if !ok || slices.Contains(e.Holder, from) || slices.Contains(e.Holder, to) || !e.Special && !e.Criminal && !e.Confidential {
		return false
	}
	health := reference.Covers("H.*", c) || reference.Covers("EQ.*", c) || c == "ID.NHSNO"
	if o, known := v.Shared.Organisation(d.Flow.FromOrg); health && (from == event.VCSE || known && o.Care) {
		return false // treats the person itself
	}
	return health || !slices.Contains(competent, from) // who enforce sentences hold offence data of their own
}

// learntBy are the disclosures by which a source of what was told came from
// another side.
func learntBy(v View, d Disclosure) []event.ID {
	var from []event.ID
	for _, source := range d.Sources {
		e, ok := v.Find(source)
		if !ok {
			continue
		}
		came, ok := v.disclosure(e)
		if ok && came.Flow.Direction.From != d.Flow.Direction.From && v.Shared.SameController(came.Flow.ToOrg, d.Flow.FromOrg) &&
			!v.Shared.SameController(came.Flow.FromOrg, d.Flow.ToOrg) {
			from = append(from, e.ID)
		}
	}
	return from
}

// recordsOriginator reports whether it was decided to tell it on, by whoever
// told it, and the originator informed of everything that was told.
func recordsOriginator(v View, d Disclosure) bool {
	if _, decided := basisOf(d); !decided {
		return false
	}
	is := func(_ event.Recorded, o disclosure.OnwardDisclosed) bool {
		return o.Decision == d.Decided && !o.Origin.IsZero() && o.OriginatorInformed &&
			!slices.ContainsFunc(d.Flow.Categories, func(c event.Category) bool { return !reference.CoveredBy(o.Categories, c) })
	}
	_, _, ok := last(v.given, is)
	return ok
}
