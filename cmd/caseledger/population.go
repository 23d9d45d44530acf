package main

import (
	"bytes"
	"container/heap"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// invention is an invented population: people with the record a hub would hold
// of them, and the governance that it rests on. Everything in it follows from
// these members: the same ones invent the same lines.
type invention struct {
	people uint64
	seed   uint64
	days   int // how long it goes on, from [inventBegin]
	// breaches is the share of people about whom something unlawful is planted,
	// from 0 to 1. Everything else is lawful by construction.
	breaches float64
}

// The governance is in place a week before the first person comes.
var (
	governBegin = event.MustDay("2026-01-05")
	inventBegin = event.MustDay("2026-01-12")
)

// longestLife is how many days at most are recorded of one person: an order of
// a year, and what comes after it.
const longestLife = 350

// inventedYears is a population that is followed for years: in the last of
// them nobody comes after its first three months, so that everybody is
// followed for at least nine.
func inventedYears(people, seed uint64, years int, breaches float64) invention {
	return invention{people: people, seed: seed, days: int(inventBegin.AddMonths(12*years) - inventBegin), breaches: breaches}
}

// inventedDemo is the population of the demo: one month, so that it is there
// in seconds, and what is unlawful once for most monitors, so that there is
// something to find.
func inventedDemo(people, seed uint64) invention {
	return invention{people: people, seed: seed, days: 30, breaches: 0.05}
}

// comes is how many days after the beginning the i-th person comes.
func (in invention) comes(i int) int {
	coming := max(in.days-275, in.days/4)
	return int(uint64(i) * uint64(coming) / max(in.people, 1))
}

func (in invention) end() event.Day { return inventBegin + event.Day(in.days) }

// inventor writes the journal of an invention in the order of the clock. Of
// everybody who is there it holds who they are, how far their life is told, and
// the next few lines of it: a life is made up again for each few lines.
type inventor struct {
	invention
	who   *people
	came  int
	there living
	text  bytes.Buffer
}

// somebody is whoever has a life that is being told.
type somebody struct {
	index int // -1: the governance
	who   identity
	told  int       // lines
	ahead []written // the next ones
}

// written is a line as it is written.
type written struct {
	at   time.Time
	line []byte
}

// fewLines is how many lines of somebody's life are held.
const fewLines = 8

// living is a heap by when the next step is, and then by who came first.
type living []somebody

func (l living) Len() int { return len(l) }
func (l living) Less(i, j int) bool {
	a, b := l[i].ahead[0].at, l[j].ahead[0].at
	if a.Equal(b) {
		return l[i].index < l[j].index
	}
	return a.Before(b)
}
func (l living) Swap(i, j int) { l[i], l[j] = l[j], l[i] }
func (l *living) Push(x any)   { *l = append(*l, x.(somebody)) }
func (l *living) Pop() any {
	last := (*l)[len(*l)-1]
	*l = (*l)[:len(*l)-1]
	return last
}

// inventing begins an invention.
func inventing(in invention) *inventor {
	p := &inventor{invention: in, who: newPeople(inventedRandom(in.seed))}
	p.enter(somebody{index: -1})
	return p
}

// inventedRandom is what the names and numbers of an invented population are
// drawn from; what happens to its people is drawn apart from it.
func inventedRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x636173656c656467)) }

// enter puts somebody where their next line is; those whose life is told leave.
func (p *inventor) enter(who somebody) {
	if len(who.ahead) == 0 {
		var steps []step
		if who.index < 0 {
			steps = p.governance().steps[who.told:]
		} else {
			steps = p.life(who.index, who.who).steps[who.told:]
			steps = steps[:min(fewLines, len(steps))]
		}
		for _, s := range steps {
			line, err := json.Marshal(s.line, json.Deterministic(true))
			if err != nil {
				panic(err) // made of text and numbers
			}
			who.ahead = append(who.ahead, written{s.at, line})
		}
	}
	if len(who.ahead) > 0 {
		heap.Push(&p.there, who)
	}
}

// Read implements io.Reader.
func (p *inventor) Read(b []byte) (int, error) {
	for p.text.Len() == 0 {
		for p.came < int(p.people) {
			day := inventBegin + event.Day(p.comes(p.came))
			if len(p.there) > 0 && p.there[0].ahead[0].at.Before(day.Start()) {
				break
			}
			p.enter(somebody{index: p.came, who: p.who.next()})
			p.came++
		}
		if len(p.there) == 0 {
			return 0, io.EOF
		}
		who := heap.Pop(&p.there).(somebody)
		p.text.Write(who.ahead[0].line)
		p.text.WriteByte('\n')
		who.ahead = who.ahead[1:]
		who.told++
		p.enter(who)
	}
	return p.text.Read(b)
}

// answer is one finding that a planted breach is to cause.
type answer struct {
	Monitor string `json:"monitor"`
	// Person is the label of the person it was planted on, and About whom the
	// finding is about: that person, or the organisation with the label in
	// Organisation.
	Person       string     `json:"person"`
	About        event.UUID `json:"about"`
	Organisation string     `json:"organisation,omitempty"`
	// Ref is the journal line it is about, Item the event, and Evidence the events
	// that show it beside the item, or some of them.
	Ref       string     `json:"ref"`
	Item      event.ID   `json:"item"`
	Evidence  []event.ID `json:"evidence,omitempty"`
	AsKnown   bool       `json:"asKnown"`
	Hindsight bool       `json:"hindsight"`
}

// answers calls yield with everything that is to be found about the invention,
// in the order in which people came.
func (in invention) answers(yield func(answer) error) error {
	who := newPeople(inventedRandom(in.seed))
	for i := range int(in.people) {
		id := who.next()
		if _, planted := in.plantOf(i); !planted {
			continue
		}
		l := in.life(i, id)
		for _, b := range l.breaches {
			a := answer{Monitor: b.monitor, Person: id.label, About: personID(id.label), Ref: b.item.ref, AsKnown: b.known, Hindsight: true}
			if b.organisation != "" {
				org, _ := theRegister.ByCode(reference.OrganisationCode(b.organisation))
				a.Organisation, a.About = org.Label, org.ID
			}
			var err error
			if a.Item, err = l.event(b.item); err != nil {
				return err
			}
			for _, e := range b.shown {
				shown, err := l.event(e)
				if err != nil {
					return err
				}
				a.Evidence = append(a.Evidence, shown)
			}
			if err := yield(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// line finds a line of a life by its ref.
func (l life) line(ref string) (step, bool) {
	i := slices.IndexFunc(l.steps, func(s step) bool { return s.line["ref"] == ref })
	if i < 0 {
		return step{}, false
	}
	return l.steps[i], true
}

// event is the identifier of an event that a line of a life records.
func (l life) event(of recorded) (event.ID, error) {
	s, ok := l.line(of.ref)
	if !ok {
		return event.ID{}, fmt.Errorf("no line %s was invented", of.ref)
	}
	by, err := s.making()
	return event.DeriveID(by.actor, by.stream, by.command, of.index), err
}

// making is what the line of a step makes, as the journal reads it.
func (s step) making() (making, error) {
	reader := journal{names: inventedNames}
	raw, err := json.Marshal(s.line["actor"])
	if err != nil {
		return making{}, fmt.Errorf("write an invented actor: %w", err)
	}
	by, err := reader.actorOf(raw)
	if err != nil {
		return making{}, err
	}
	ref, _ := s.line["ref"].(string)
	if s.line["access"] != nil {
		return making{sessionOf(by, event.At(s.at)), by.ID, commandOf(ref)}, nil
	}
	person, _ := s.line["person"].(string)
	stream, _ := s.line["stream"].(string)
	of, err := reader.streamOf(journalLine{Person: person, Stream: stream})
	return making{of, by.ID, commandOf(ref)}, err
}

// recalled is the stream and the command of an earlier line, which its ref
// tells: a journal that kept every ref would grow with the people.
func recalled(ref string) (making, bool) {
	label, rest, _ := strings.Cut(ref, ".")
	_, org, governs := strings.Cut(rest, ".")
	reader, line := journal{names: inventedNames}, journalLine{Person: label}
	if governs {
		line = journalLine{Stream: "org:" + org}
	}
	stream, err := reader.streamOf(line)
	return making{stream: stream, command: commandOf(ref)}, err == nil
}

// population is the journal of an invention.
func population(in invention) *journal {
	j := readJournal(inventing(in))
	j.recall = recalled
	return j
}

// site is where a person comes, and who works there.
type site struct {
	name, region, hub, probation   string
	nurse, clinician, practitioner string
	elsewhere                      string // a nurse of another hub, who has nothing to do with people here
	onCall                         string // a clinician of another hub
	senior                         string // a senior probation officer
}

var sites = []site{
	{"CAMBRIDGE", "N56", "HUB-CAM", "PROB-N56", "NUR1", "CLI2", "PP1", "NUR2", "CLI1", "SPO2"},
	{"MIDDLESBROUGH", "N54", "HUB-MID", "PROB-N54", "NUR2", "CLI1", "PP2", "NUR3", "CLI3", "SPO1"},
	{"ILFRACOMBE", "N58", "HUB-ILF", "PROB-N58", "NUR3", "CLI3", "PP4", "NUR4", "CLI4", "SPO1"},
	{"HAMMERSMITH", "N07", "HUB-HAM", "PROB-N07", "NUR4", "CLI4", "PP7", "NUR1", "CLI2", "SPO2"},
}

// body is the body of one command.
type body = map[string]any

// made mentions what an earlier line made.
func made(ref, label string) string { return "@made:" + ref + ":" + label }
