package main

import (
	"bytes"
	"container/heap"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
)

// population invents people with the record a hub would hold of them, as a
// journal. Everything in it is lawful by construction: every disclosure has
// its decision, and every decision its basis. The same seed draws the same
// people; it holds a few of them in memory at a time, however many there are.
func population(people, seed uint64) *journal { return readJournal(inventing(people, seed)) }

// inventing writes the journal of an invented population.
func inventing(people, seed uint64) *inventor {
	p := &inventor{random: rand.New(rand.NewPCG(seed, 0x766973697473)), people: newPeople(inventedRandom(seed)), left: people}
	if people > 0 {
		p.every = popSpan / time.Duration(people)
	}
	return p
}

// inventedRandom is what the names and numbers of an invented population are
// drawn from; what happens to its people is drawn apart from it.
func inventedRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x636173656c656467)) }

// The time in which invented people come to the hubs. The last thing said of
// anybody is within popTail of their coming.
var popBegin = event.MustDay("2026-01-12").Start()

const popSpan = 120 * 24 * time.Hour

// inventor writes the journal, a person at a time, in the order of the clock.
type inventor struct {
	random *rand.Rand
	people *people
	left   uint64
	every  time.Duration
	came   int
	queue  steps
	serial int
	text   bytes.Buffer
}

// step is one line that is not written yet.
type step struct {
	at     time.Time
	serial int
	line   map[string]any
}

// steps is a heap by time, then by when they were made.
type steps []step

func (s steps) Len() int { return len(s) }
func (s steps) Less(i, j int) bool {
	if s[i].at.Equal(s[j].at) {
		return s[i].serial < s[j].serial
	}
	return s[i].at.Before(s[j].at)
}
func (s steps) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *steps) Push(x any)   { *s = append(*s, x.(step)) }
func (s *steps) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

// Read implements io.Reader.
func (p *inventor) Read(b []byte) (int, error) {
	for p.text.Len() == 0 {
		next := popBegin.Add(time.Duration(p.came) * p.every)
		if p.left > 0 && (len(p.queue) == 0 || !p.queue[0].at.Before(next)) {
			p.left--
			p.came++
			p.arrive(next)
			continue
		}
		if len(p.queue) == 0 {
			return 0, io.EOF
		}
		line, err := json.Marshal(heap.Pop(&p.queue).(step).line, json.Deterministic(true))
		if err != nil {
			return 0, fmt.Errorf("write an invented line: %w", err)
		}
		p.text.Write(line)
		p.text.WriteByte('\n')
	}
	return p.text.Read(b)
}

// site is where a person comes, and who works there.
type site struct {
	name, region, hub, probation   string
	nurse, clinician, practitioner string
}

var sites = []site{
	{"CAMBRIDGE", "N56", "HUB-CAM", "PROB-N56", "NUR1", "CLI2", "PP1"},
	{"MIDDLESBROUGH", "N54", "HUB-MID", "PROB-N54", "NUR2", "CLI1", "PP2"},
	{"ILFRACOMBE", "N58", "HUB-ILF", "PROB-N58", "NUR3", "CLI3", "PP4"},
	{"HAMMERSMITH", "N07", "HUB-HAM", "PROB-N07", "NUR4", "CLI4", "PP7"},
}

// body is the body of one command.
type body = map[string]any

// visit is one person's way through a hub, while it is made up.
type visit struct {
	*inventor
	who  identity
	at   time.Time
	site site
	n    int
}

// say adds a line and returns its ref. The next one is a little later.
func (v *visit) say(actor, purpose, command string, says body) string {
	v.n++
	v.serial++
	ref := fmt.Sprintf("%s.%d", v.who.label, v.n)
	heap.Push(&v.queue, step{v.at, v.serial, body{
		"ref": ref, "clock": v.at.In(event.London).Format(time.RFC3339), "command": command, "person": v.who.label,
		"actor": actor, "purpose": purpose, "body": says,
	}})
	v.at = v.at.Add(time.Duration(1+v.random.IntN(4)) * time.Minute)
	return ref
}

// later moves on to another day.
func (v *visit) later(days int) {
	y, m, d := v.at.In(event.London).Date()
	v.at = time.Date(y, m, d+days, 9+v.random.IntN(7), v.random.IntN(60), 0, 0, event.London)
}

// chance is true so often in a hundred.
func (v *visit) chance(percent int) bool { return v.random.IntN(100) < percent }

// one picks one of several.
func one[T any](v *visit, of ...T) T { return of[v.random.IntN(len(of))] }

// made mentions what an earlier line made.
func made(ref, label string) string { return "@made:" + ref + ":" + label }
