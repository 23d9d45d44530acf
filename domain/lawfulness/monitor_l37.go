package lawfulness

import (
	"strings"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
)

// l37: an organisation told something, or the NHS took down health
// information there, while its controller had no approved impact assessment of
// the health hub, or none since the hub's processing changed or the assessment
// was due for review (UK GDPR Article 35). It is found once for each
// organisation and lapse.
var l37 = Monitor{ID: "L37", Version: 1, Severity: finding.Medium,
	Title:  "No DPIA approved, or processing changed since",
	Source: "UK GDPR Art 35",
	OfEvent: func(v View, e event.Recorded) []Hit {
		org := e.Actor.Org
		if d, ok := v.disclosure(e); ok && v.crosses(d) && !d.Unplanned {
			org = d.Flow.FromOrg
		} else if !collectsHealth(e) {
			return nil
		}
		hit := Hit{Organisation: org, Key: kebab(string(governance.HealthHub))}
		var lapsed event.Day // since when the latest assessment no longer covers it
		for _, g := range ofController(v.Shared, org) {
			if _, covered := g.DPIACovers(governance.HealthHub, v.At); covered {
				return nil
			}
			for _, d := range g.DPIAs {
				if d.Processing != governance.HealthHub || !d.At.Begun(v.At) {
					continue
				}
				until := d.ReviewDue
				for _, c := range g.Changes {
					if day := event.DayOf(c.At.Earliest()); c.Processing == d.Processing && c.At.Begun(v.At) && c.At.Latest().After(d.At.Earliest()) && day < until {
						until = day
						hit.Evidence = append(hit.Evidence, c.Source)
					}
				}
				hit.Evidence = append(hit.Evidence, d.Source)
				lapsed = max(lapsed, until)
			}
		}
		if lapsed != 0 {
			hit.Key = kebab(string(governance.HealthHub), lapsed.String())
		}
		return []Hit{hit}
	},
}

// ofController returns the governance of an organisation's controller: of each
// organisation that shares it and of which something is known.
func ofController(k Known, org event.UUID) []governance.State {
	var all []governance.State
	for _, id := range k.streams(event.OrgStream) {
		if !k.SameController(id.Of, org) {
			continue
		}
		if g := k.Governance(id.Of); !g.Org.IsZero() {
			all = append(all, g)
		}
	}
	return all
}

// kebab makes a key of codes: "HEALTH_HUB" and "2026-01-05" give
// "health-hub-2026-01-05".
func kebab(codes ...string) finding.Note {
	return finding.Note(strings.ReplaceAll(strings.ToLower(strings.Join(codes, "-")), "_", "-"))
}
