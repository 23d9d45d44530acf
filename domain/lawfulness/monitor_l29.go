package lawfulness

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/supervision"
)

// l29: what was said in therapy was reported under a mental health treatment
// requirement (rule R05; UK GDPR Article 5(1)(c); domain reference section 8.8:
// of other requirements it is an excess, finding L05).
var l29 = Monitor{ID: "L29", Version: 1, Severity: finding.High,
	Title:  "Therapy content reported under MHTR",
	Source: "UK GDPR Art 5(1)(c), minimisation; rule R05",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		if !reports(d) || !slices.Contains(d.Flow.Categories, "H.NOTE") {
			return nil
		}
		reported := reportedUnder(v, d)
		if !slices.ContainsFunc(reported, func(r supervision.Requirement) bool { return r.Terms.Value().Kind == "MHTR" }) {
			return nil
		}
		evidence := []event.ID{decidedBy(d)}
		for e, imposed := range All[supervision.RequirementImposed](v) {
			if slices.ContainsFunc(reported, func(r supervision.Requirement) bool { return r.ID == imposed.Requirement }) {
				evidence = append(evidence, e.ID)
			}
		}
		return []Hit{{Evidence: evidence, Categories: []event.Category{"H.NOTE"}}}
	},
}

// reportedUnder returns the requirements that ran on the day of a report: those
// that the one who tells provides treatment under, if any, or else all.
func reportedUnder(v View, d Disclosure) []supervision.Requirement {
	var all, own []supervision.Requirement
	for _, r := range v.Case.Supervision.Requirements {
		if !runs(v, r, event.DayOf(d.Event.Effective.Earliest())) {
			continue
		}
		all = append(all, r)
		if p := r.Terms.Value().Provider; !p.IsZero() && v.Shared.SameController(p, d.Flow.FromOrg) {
			own = append(own, r)
		}
	}
	if len(own) > 0 {
		return own
	}
	return all
}
