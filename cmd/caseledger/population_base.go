package main

import (
	"bufio"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
)

// governance is what an invented population rests on: what is in place before
// the first person comes, as for the journeys, agreements of its own, and what
// is renewed before it ends: training and agreements each year.
func (in invention) governance() life {
	years := 1
	for governBegin.AddMonths(12*years) <= in.end() {
		years++
	}
	b := &baseline{begin: governBegin, until: governBegin.AddMonths(12*years) - 5}
	b.write()
	b.prefix = "POP"
	for _, org := range moreGoverned {
		b.beginOf(org)
	}
	for y := range years {
		if y > 0 {
			b.at = governBegin.AddMonths(12 * y).Start().Add(-21*24*time.Hour + 9*time.Hour)
			b.renewTraining()
		}
		for _, p := range inventedPacts(y) {
			b.agree(p)
		}
	}
	return b.life()
}

// life is what a baseline says, as steps.
func (b *baseline) life() (l life) {
	lines := bufio.NewScanner(&b.text)
	for lines.Scan() {
		var line body
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			panic(err) // it was written a moment ago
		}
		at, err := time.Parse(time.RFC3339, line["clock"].(string))
		if err != nil {
			panic(err)
		}
		l.steps = append(l.steps, step{at, line})
	}
	slices.SortStableFunc(l.steps, func(a, b step) int { return a.at.Compare(b.at) })
	return l
}

// moreGoverned are organisations that only planted breaches speak of, and what
// they have in place: each lacks one thing that somebody may come to need.
var moreGoverned = []governs{
	{org: "DRUG2", flow: "DIRECT_CARE>NHS", staff: "TXP-DRUG2", role: "TX_PROV"},
	{org: "ICB1", dpia: true, flow: "PUBLIC_PROTECTION>PROBATION", staff: "CAL-ICB1", role: "CALDICOTT"},
}

// governs is an organisation without policy documents.
type governs struct {
	org         string
	dpia        bool
	flow        string // what it tells, as purpose>side
	staff, role string // who acts there, by label
}

// actor is who acts there, as lines name them.
func (g governs) actor() body { return body{"label": g.staff, "role": g.role, "org": g.org} }

func (b *baseline) beginOf(g governs) {
	stream, lead := "org:"+g.org, leadOf(g.org)
	if g.dpia {
		b.assess(g.org)
	}
	b.register(g.org, g.flow)
	b.say(stream, "assign-staff-role", lead, 0, body{"staff": "@actor:" + g.staff, "role": g.role})
	b.say(stream, "record-training", lead, 0, body{"staff": "@actor:" + g.staff, "course": "DATA_SECURITY"})
}

// renewTraining has everybody taught again.
func (b *baseline) renewTraining() {
	for _, m := range cast {
		o, _ := theRegister.ByCode(m.org)
		b.say("org:"+o.Label, "record-training", leadOf(o.Label), 0, body{"staff": "@actor:" + m.label, "course": "DATA_SECURITY"})
	}
	for _, g := range moreGoverned {
		b.say("org:"+g.org, "record-training", leadOf(g.org), 0, body{"staff": "@actor:" + g.staff, "course": "DATA_SECURITY"})
	}
}

// pactFor is the label of the agreement about something on a day.
func pactFor(about string, on event.Day) string {
	y := 0
	for governBegin.AddMonths(12*(y+1)) <= on {
		y++
	}
	return fmt.Sprintf("POP-%s-%d", about, y+1)
}

// pact is the agreement about something that is in force now.
func (v *visit) pact(about string) string { return pactFor(about, event.DayOf(v.at)) }

// lapsedPact ended on the first day of the population.
const lapsedPact = "POP-LAPSED"

// inventedPacts are the agreements of a year of the population, from 0: each
// year's begins when that of the year before ends.
func inventedPacts(y int) []pact {
	from, to := governBegin.AddMonths(12*y), governBegin.AddMonths(12*(y+1))
	reporting := []string{"H.ATTENDANCE", "H.REFERRAL", "H.DRUGTEST", "J.REQUIREMENT", "J.SUPERVISION", "ID.*"}
	treating := []string{"ID.*", "H.SUBSTANCE", "H.SCREEN_*", "H.RISK_SELF", "H.MEDICATION", "H.ATTENDANCE"}
	all := []pact{
		{"REPORTING", "Hubs, trust and drug service with probation", from, to, slices.Concat(hubs, []string{"TRUST", "DRUG1"}, regions),
			[]string{"REHAB_SUPPORT", "REQ_MGMT", "DIRECT_CARE"}, []body{flow("NHS", "PROBATION", reporting...), flow("VCSE", "PROBATION", reporting...),
				flow("PROBATION", "NHS", reporting...), flow("PROBATION", "VCSE", reporting...)}},
		{"TREATING", "Hubs with the drug service", from, to, slices.Concat(hubs, []string{"DRUG1"}),
			[]string{"DIRECT_CARE"}, []body{flow("NHS", "VCSE", treating...), flow("VCSE", "NHS", treating...)}},
		{"CHARITY", "Hubs with the drug charity", from, to, slices.Concat(hubs, []string{"DRUG2"}),
			[]string{"DIRECT_CARE"}, []body{flow("VCSE", "NHS", treating...)}},
		{"HOUSING", "Hubs and probation with housing", from, to, slices.Concat(hubs, regions, []string{"HOUSE-MID", "HOUSE-HAM"}),
			[]string{"HOUSING_SUPPORT"}, []body{flow("NHS", "LOCAL_AUTHORITY", "ID.*", "W.HOUSING"),
				flow("PROBATION", "LOCAL_AUTHORITY", "ID.*", "J.SUPERVISION", "W.HOUSING")}},
		{"SUPPORT", "Hubs with the volunteers", from, to, slices.Concat(hubs, []string{"VOL1"}),
			[]string{"REHAB_SUPPORT"}, []body{flow("NHS", "VCSE", "ID.*", "W.*", "H.REFERRAL")}},
		{"RESEARCH", "Hubs with the university", from, to, slices.Concat(hubs, []string{"RESEARCH1"}),
			[]string{"RESEARCH", "EVALUATION"}, []body{flow("NHS", "RESEARCH", "H.ATTENDANCE", "H.SCREEN_*")}},
		{"AUDIT", "Hubs with the regulator", from, to, slices.Concat(hubs, []string{"REGULATOR1"}),
			[]string{"AUDIT"}, []body{flow("NHS", "REGULATOR", "H.ATTENDANCE", "H.REFERRAL")}},
	}
	for i := range all {
		all[i].label = pactFor(all[i].label, from)
	}
	if y == 0 {
		all = append(all, pact{lapsedPact, "Hubs with the volunteers, the year before", from.AddMonths(-12), inventBegin, slices.Concat(hubs, []string{"VOL1"}),
			[]string{"REHAB_SUPPORT"}, []body{flow("NHS", "VCSE", "ID.*", "W.*", "H.REFERRAL")}})
	}
	return all
}
