package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"caseledger/domain/event"
)

// life is what is recorded of one person, or of the governance, in its order.
type life struct {
	steps    []step
	breaches []breach
}

// step is one line of a life.
type step struct {
	at   time.Time
	line body
}

// recorded is the n-th event of a line.
type recorded struct {
	ref   string
	index int
}

// breach is one finding that what was planted in a life is to cause.
type breach struct {
	monitor      string
	item         recorded
	shown        []recorded // some of what shows it, beside the item
	known        bool       // also as known at the time
	organisation string     // whom it is about, if not the person
}

// telling is a life while it is made up.
type telling struct {
	random *rand.Rand
	who    identity
	site   site
	order  string    // which treatment requirement there is, if any
	end    time.Time // nothing is recorded from then on
	// plain lives have nothing in them that a planted breach could touch: nobody
	// refuses, is at risk, or is treated under a requirement.
	plain bool
	// patience is how many days, once or twice, pass before what is planted.
	patience int
	spare    string // an NHS number that nobody has
	life
	said int
}

// visit is a strand of a life: several go on side by side, each in its own
// time.
type visit struct {
	*telling
	at time.Time
}

// aside is another strand, from the same moment on.
func (v *visit) aside() *visit { return &visit{v.telling, v.at} }

// life makes up what is recorded of the i-th person.
func (in invention) life(i int, who identity) life {
	random := rand.New(rand.NewPCG(in.seed, 0x766973697473^uint64(i)<<20))
	t := &telling{patience: in.patience(), random: random, who: who, site: sites[random.IntN(len(sites))]}
	comes := inventBegin + event.Day(in.comes(i))
	t.end = min(in.end(), comes+longestLife).Start()
	v := &visit{t, comes.Start()}
	plant, planted := in.plantOf(i)
	t.plain = planted
	if planted {
		t.spare = spareNumber(in.plantNumber(i))
	}
	v.live(plant)
	slices.SortStableFunc(t.steps, func(a, b step) int { return a.at.Compare(b.at) })
	return t.life
}

// write adds a line and returns its ref. The next one is a little later.
func (v *visit) write(line body) string {
	v.said++
	ref := fmt.Sprintf("%s.%d", v.who.label, v.said)
	if stream, ok := line["stream"].(string); ok {
		ref += "." + strings.TrimPrefix(stream, "org:")
	}
	line["ref"], line["clock"] = ref, stamp(v.at)
	v.steps = append(v.steps, step{v.at, line})
	v.at = v.at.Add(time.Duration(1+v.random.IntN(4)) * time.Minute)
	return ref
}

func stamp(t time.Time) string { return t.In(event.London).Format(time.RFC3339) }

// say adds a command on the person's case.
func (v *visit) say(actor any, purpose, command string, says body) string {
	return v.write(body{"command": command, "person": v.who.label, "actor": actor, "purpose": purpose, "body": says})
}

// govern adds a command on an organisation's stream.
func (v *visit) govern(org, command string, actor any, says body) string {
	return v.write(body{"command": command, "stream": "org:" + org, "actor": actor, "body": says})
}

// look adds that somebody opened the record.
func (v *visit) look(actor any, purpose, view string) string {
	return v.write(body{"person": v.who.label, "actor": actor, "purpose": purpose, "access": body{"view": view, "class": "READ_ONE"}})
}

// imports adds a fact of another system, which was so at a time.
func (v *visit) imports(at time.Time, actor any, purpose, command string, says body) string {
	return v.write(body{"command": command, "person": v.who.label, "actor": actor, "purpose": purpose, "body": says,
		"origin": "IMPORTED", "importReason": "FOUND_LATER", "effectiveAt": stamp(at)})
}

// later moves on to an hour of another working day.
func (v *visit) later(days, hour int) {
	y, m, d := v.at.In(event.London).Date()
	v.at = time.Date(y, m, d+days, hour, v.random.IntN(40), 0, 0, event.London)
	for v.at.Weekday() == time.Saturday || v.at.Weekday() == time.Sunday {
		v.at = v.at.AddDate(0, 0, 1)
	}
}

// eventOf is the identifier of the n-th event of an earlier line.
func (v *visit) eventOf(ref string, n int) string {
	id, err := v.event(recorded{ref, n})
	if err != nil {
		panic(err) // it was said a moment ago
	}
	return id.String()
}

// day is a Europe/London day so many days on, as text.
func (v *visit) day(days int) string { return (event.DayOf(v.at) + event.Day(days)).String() }

// fits reports whether so many days more are recorded.
func (v *visit) fits(days int) bool { return v.at.AddDate(0, 0, days).Before(v.end) }

// chance is true so often in a hundred.
func (v *visit) chance(percent int) bool { return v.random.IntN(100) < percent }

// one picks one of several.
func one[T any](v *visit, of ...T) T { return of[v.random.IntN(len(of))] }

// decision is the record of one decision to tell something.
type decision struct {
	from, to                                string
	sides                                   [2]string
	role, person                            string
	purpose                                 string // left out: DIRECT_CARE
	categories                              []string
	rule, article6, article9, schedule1     string
	confidence, consent, gateway, agreement string
	why                                     string
	until                                   int       // days that it holds; left out, 28
	imported                                time.Time // if set, when it was so: a fact past validation
}

// decides records a decision and returns its ref.
func (v *visit) decides(actor any, purpose string, d decision) string {
	if d.purpose == "" {
		d.purpose = "DIRECT_CARE"
	}
	if d.until == 0 {
		d.until = 28
	}
	says := body{"fromOrg": "@org:" + d.from, "direction": body{"from": d.sides[0], "to": d.sides[1]},
		"purpose": d.purpose, "categories": d.categories, "detailLevel": "SUMMARY", "rule": d.rule, "ruleVersion": 1, "art6": d.article6,
		"necessityNote": d.why, "personInformed": "YES", "validUntil": v.day(d.until)}
	for name, value := range map[string]string{"toRole": d.role, "art9": d.article9, "sch1": d.schedule1, "confidenceBasis": d.confidence, "gateway": d.gateway} {
		if value != "" {
			says[name] = value
		}
	}
	if d.to != "" {
		says["toOrg"] = "@org:" + d.to
	}
	if d.person != "" {
		says["toPerson"] = d.person
	}
	if d.consent != "" {
		says["consent"], says["consentVersion"] = made(d.consent, "consent"), 1
	}
	if d.agreement != "" {
		says["dsa"], says["dsaVersion"] = "@agreement:"+d.agreement, 1
	}
	if !d.imported.IsZero() {
		return v.imports(d.imported, actor, purpose, "decide-disclosure", says)
	}
	return v.say(actor, purpose, "decide-disclosure", says)
}

// tells records a decision and what was told under it, and returns the refs of
// both. An imported decision was carried out ten minutes later.
func (v *visit) tells(actor any, purpose string, d decision) (decided, told string) {
	decided = v.decides(actor, purpose, d)
	if !d.imported.IsZero() {
		return decided, v.told(d.imported.Add(10*time.Minute), actor, purpose, decided, nil)
	}
	return decided, v.makes(actor, purpose, decided, nil)
}

// makes records what is told under a decision.
func (v *visit) makes(actor any, purpose, decided string, more body) string {
	says := body{"decision": made(decided, "decision"), "method": "SYSTEM"}
	maps.Copy(says, more)
	return v.say(actor, purpose, "make-disclosure", says)
}

// told records afterwards what was told at a time under a decision.
func (v *visit) told(at time.Time, actor any, purpose, decided string, more body) string {
	says := body{"decision": made(decided, "decision"), "method": "LETTER"}
	maps.Copy(says, more)
	return v.imports(at, actor, purpose, "make-disclosure", says)
}
