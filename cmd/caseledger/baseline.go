package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// baseline is the information governance that invented people's records rest
// on (domain reference section 12): what organisations assessed, published and
// agreed before anybody came, as journal lines.
type baseline struct {
	begin event.Day // the day on which it is recorded
	until event.Day // the day up to which it is kept up, with a year to spare
	pacts []pact
	// prefix begins the refs of its lines; left out, BASE. The same lines have the
	// same refs wherever they are written.
	prefix string
	text   bytes.Buffer
	at     time.Time
	n      int
}

// pact is one agreement: its terms as a journal says them.
type pact struct {
	label, title string
	from, to     event.Day
	parties      []string // labels of organisations
	purposes     []string
	flows        []body
}

// flow is what may go from one side to another; both ways if back.
func flow(from, to string, categories ...string) body {
	return body{"from": from, "to": to, "categories": categories}
}

var (
	hubs    = []string{"HUB-CAM", "HUB-MID", "HUB-ILF", "HUB-HAM"}
	regions = []string{"PROB-N54", "PROB-N56", "PROB-N58", "PROB-N07"}
)

// journeyPacts are the agreements of the three journeys.
func journeyPacts() []pact {
	reporting := []string{"H.ATTENDANCE", "H.REFERRAL", "H.DRUGTEST", "J.REQUIREMENT", "J.SUPERVISION", "ID.*"}
	return []pact{
		{"DSA-1", "Hubs, trust and drug service with probation", event.MustDay("2026-01-05"), event.MustDay("2027-01-05"),
			slices.Concat(hubs, []string{"TRUST", "DRUG1", "PRISON-HC"}, regions), []string{"REHAB_SUPPORT", "REQ_MGMT", "DIRECT_CARE"},
			[]body{flow("NHS", "PROBATION", reporting...), flow("VCSE", "PROBATION", reporting...),
				flow("PROBATION", "NHS", reporting...), flow("PROBATION", "VCSE", reporting...)}},
		{"DSA-2", "Probation with housing, Middlesbrough", event.MustDay("2025-03-01"), event.MustDay("2026-03-01"),
			slices.Concat(regions, []string{"HOUSE-MID"}), []string{"HOUSING_SUPPORT"},
			[]body{flow("PROBATION", "LOCAL_AUTHORITY", "ID.*", "J.SUPERVISION", "W.HOUSING"),
				flow("LOCAL_AUTHORITY", "PROBATION", "ID.*", "J.SUPERVISION", "W.HOUSING")}},
		{"DSA-3", "Hubs with the drug service", event.MustDay("2026-01-05"), event.MustDay("2027-01-05"),
			slices.Concat(hubs, []string{"DRUG1"}), []string{"DIRECT_CARE"},
			[]body{flow("NHS", "VCSE", "ID.*", "H.SUBSTANCE", "H.SCREEN_*", "H.RISK_SELF", "H.MEDICATION", "H.ATTENDANCE"),
				flow("VCSE", "NHS", "ID.*", "H.SUBSTANCE", "H.SCREEN_*", "H.RISK_SELF", "H.MEDICATION", "H.ATTENDANCE")}},
		{"DSA-4", "Hubs with housing, Hammersmith", event.MustDay("2026-04-01"), event.MustDay("2027-04-01"),
			slices.Concat(hubs, []string{"HOUSE-HAM"}), []string{"HOUSING_SUPPORT"},
			[]body{flow("NHS", "LOCAL_AUTHORITY", "ID.*", "W.HOUSING"), flow("LOCAL_AUTHORITY", "NHS", "ID.*", "W.HOUSING")}},
	}
}

// journeyBaseline is what the three journeys begin with, on 5 January 2026.
func journeyBaseline() io.Reader {
	b := &baseline{begin: event.MustDay("2026-01-05"), until: event.MustDay("2026-12-31"), pacts: journeyPacts()}
	b.write()
	return &b.text
}

// openJourney opens one of the three journeys, with the baseline that it begins
// with.
func openJourney(name string) (io.ReadCloser, error) {
	f, err := journeys.Open("journeys/" + name + ".jsonl")
	if err != nil {
		return nil, fmt.Errorf("open the journey: %w", err)
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(journeyBaseline(), f), f}, nil
}

// governed are the organisations that act in invented records.
func governed() []string {
	var labels []string
	for _, m := range cast {
		if org, ok := theRegister.ByCode(m.org); ok && !slices.Contains(labels, org.Label) {
			labels = append(labels, org.Label)
		}
	}
	return append(labels, "CRISIS", "WALES-LHB")
}

// leadOf is the information governance lead of an organisation: of the cast, or
// else invented for it.
func leadOf(org string) any {
	for _, m := range cast {
		if o, ok := theRegister.ByCode(m.org); ok && m.role == "IG_LEAD" && o.Label == org {
			return m.label
		}
	}
	return body{"label": "IGL-" + org, "role": "IG_LEAD", "org": org}
}

// say writes a line on a stream; the next one is a second later.
func (b *baseline) say(stream, command string, actor any, effective event.Day, says body) {
	b.n++
	line := body{"ref": fmt.Sprintf("%s.%d", cmp.Or(b.prefix, "BASE"), b.n), "clock": b.at.In(event.London).Format(time.RFC3339), "command": command,
		"stream": stream, "actor": actor, "body": says}
	if effective != 0 && effective != event.DayOf(b.at) {
		line["effectiveAt"] = effective.String()
	}
	raw, err := json.Marshal(line, json.Deterministic(true))
	if err != nil {
		panic(err) // made of text and numbers
	}
	b.text.Write(raw)
	b.text.WriteByte('\n')
	b.at = b.at.Add(time.Second)
}

// write writes everything that is in place on the first day.
func (b *baseline) write() {
	b.at = b.begin.Start().Add(8 * time.Hour)
	review := b.review()
	for _, org := range governed() {
		o, _ := theRegister.ByCode(reference.OrganisationCode(org))
		stream := "org:" + org
		b.assess(org)
		conditions := []string{"A9G", "SCH1_PART2"}
		if o.Side == event.Probation {
			conditions = append(conditions, "S42")
		}
		for _, c := range conditions {
			b.say(stream, "publish-policy-document", leadOf(org), 0, body{"condition": c, "from": b.begin.String(), "reviewDue": review})
		}
		for _, f := range processing(o.Side) {
			b.register(org, f)
		}
	}
	b.staff(b.begin)
	for _, p := range b.pacts {
		b.agree(p)
	}
}

// review is the day on which what is in place is looked at again.
func (b *baseline) review() string { return (b.until + 366).String() }

// assess approves the impact assessment of the hub at an organisation.
func (b *baseline) assess(org string) {
	b.say("org:"+org, "approve-dpia", leadOf(org), 0, body{"processing": "HEALTH_HUB", "residualRisk": "MEDIUM", "reviewDue": b.review(),
		"dpoAdvice": "Proportionate, with the mitigations.", "mitigation": "Least detail, sealed by person, every look recorded."})
}

// register puts what an organisation tells, as purpose>side, into its record of
// processing.
func (b *baseline) register(org, flow string) {
	purpose, to, _ := strings.Cut(flow, ">")
	b.say("org:"+org, "record-ropa-entry", leadOf(org), 0, body{"purpose": purpose, "recipientSide": to,
		"categories": []string{"ID.*", "H.*", "J.*", "W.*"}, "from": b.begin.String()})
}

// processing is what the organisations of a side tell, as purpose>side; a side
// that is not listed answers the person alone.
func processing(side event.Side) []string {
	if told, ok := toldBy[side]; ok {
		return told
	}
	return []string{"SUBJECT_RIGHTS>PERSON"}
}

var toldBy = map[event.Side][]string{
	event.NHS: {"DIRECT_CARE>NHS", "DIRECT_CARE>VCSE", "REHAB_SUPPORT>PROBATION", "REHAB_SUPPORT>VCSE", "REQ_MGMT>PROBATION",
		"PUBLIC_PROTECTION>PROBATION", "PUBLIC_PROTECTION>POLICE", "HOUSING_SUPPORT>LOCAL_AUTHORITY", "SAFEGUARDING>LOCAL_AUTHORITY",
		"EMERGENCY>NHS", "SCREENING_INVITE>NHS", "SUBJECT_RIGHTS>PERSON", "COURT>COURT", "RESEARCH>RESEARCH", "EVALUATION>RESEARCH"},
	event.VCSE:      {"DIRECT_CARE>NHS", "REQ_MGMT>PROBATION"},
	event.Probation: {"DIRECT_CARE>NHS", "REQ_MGMT>NHS", "HOUSING_SUPPORT>LOCAL_AUTHORITY", "SUBJECT_RIGHTS>PERSON", "COURT>COURT"},
}

// staff says who works where and what they were taught.
func (b *baseline) staff(day event.Day) {
	for _, m := range cast {
		o, _ := theRegister.ByCode(m.org)
		stream := "org:" + o.Label
		b.say(stream, "assign-staff-role", leadOf(o.Label), day, body{"staff": "@actor:" + m.label, "role": string(m.role)})
		b.say(stream, "record-training", leadOf(o.Label), day, body{"staff": "@actor:" + m.label, "course": "DATA_SECURITY"})
		if m.role == "NAVIGATOR" && o.Side == event.NHS {
			b.say(stream, "sign-undertaking", leadOf(o.Label), day, body{"staff": "@actor:" + m.label})
		}
	}
}

// agree drafts an agreement and has every party sign it.
func (b *baseline) agree(p pact) {
	var parties []body
	for _, org := range p.parties {
		o, _ := theRegister.ByCode(reference.OrganisationCode(org))
		parties = append(parties, body{"org": "@org:" + org, "side": string(o.Side), "controllerRole": "SOLE"})
	}
	signed := min(p.from, b.begin)
	stream := "agreement:" + p.label
	b.say(stream, "draft-agreement", leadOf(p.parties[0]), signed, body{"label": p.label, "title": p.title, "parties": parties,
		"purposes": p.purposes, "flows": p.flows, "from": p.from.String(), "to": p.to.String()})
	for _, org := range p.parties {
		b.say(stream, "sign-agreement", leadOf(org), signed, body{"version": 1, "org": "@org:" + org, "role": "IAO"})
	}
}
