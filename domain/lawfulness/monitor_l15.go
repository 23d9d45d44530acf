package lawfulness

import (
	"slices"
	"strings"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
)

// l15: an organisation decided to tell, or told, on a condition that needs an
// appropriate policy document, and had none that was in review (DPA 2018
// Schedule 1 paragraph 39, section 42). It is found once per organisation,
// condition and lapse (domain reference section 8.8).
var l15 = Monitor{ID: "L15", Version: 1, Severity: finding.Medium,
	Title:  "Appropriate policy document missing/out of review when A9G, Sch 1 Pt 2 or s.42 relied on",
	Source: "Sch 1 para 39; s.42",
	OfEvent: func(v View, e event.Recorded) []Hit {
		var flow disclosure.Flow
		var basis disclosure.Basis
		if d, ok := v.disclosure(e); ok && v.crosses(d) {
			flow = d.Flow
			basis, _ = basisOf(d)
		} else if k, ok := e.Data.(disclosure.DisclosureDecided); ok && k.Outcome == disclosure.Permit {
			flow, basis = k.Flow, k.Basis
		}
		var hits []Hit
		for _, c := range policyNeeded(flow, basis) {
			if lapsed, in := documentOf(v, flow.FromOrg, c); !in {
				key := strings.ToLower(strings.ReplaceAll(string(c), "_", "-"))
				if lapsed.ReviewDue != 0 {
					key += "-" + lapsed.ReviewDue.String()
				}
				hits = append(hits, Hit{Organisation: flow.FromOrg, Key: finding.Note(key), Evidence: []event.ID{lapsed.Source}})
			}
		}
		return hits
	},
}

// policyNeeded are the conditions relied on that need a policy document.
func policyNeeded(f disclosure.Flow, b disclosure.Basis) []governance.Condition {
	var needed []governance.Condition
	sensitive := len(ofKind(f.Categories, special)) > 0
	if sensitive && b.Article9 == "A9G" {
		needed = append(needed, governance.SubstantialPublicInterest)
	}
	if len(ofKind(f.Categories, criminal)) > 0 && slices.Contains(partTwo, b.Schedule1) && !underOfficialAuthority(f.Direction.From) {
		needed = append(needed, governance.ScheduleOne)
	}
	if sensitive && b.Article6 == "P3" {
		needed = append(needed, governance.PartThree)
	}
	return needed
}

// documentOf reports whether an organisation's controller had a policy document
// for a condition that was in review, and which lapsed last if it had none.
func documentOf(v View, org event.UUID, c governance.Condition) (lapsed governance.Document, in bool) {
	today := event.DayOf(v.At)
	for _, g := range v.Shared.Governances() {
		if !v.Shared.SameController(g.Org, org) {
			continue
		}
		for _, d := range g.Documents {
			if d.Condition != c || !d.At.Begun(v.At) || today < d.From {
				continue
			}
			if d.ReviewDue == 0 || today < d.ReviewDue {
				return d, true
			}
			if d.ReviewDue > lapsed.ReviewDue {
				lapsed = d
			}
		}
	}
	return lapsed, false
}
