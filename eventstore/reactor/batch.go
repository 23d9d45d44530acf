package reactor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/lawfulness"
)

// batch judges a few subjects at one instant.
type batch struct {
	*Reactor
	shared *lawfulness.Shared
	now    time.Time

	judged        map[event.UUID]organisation
	parked        []Settled                       // beside those that are due
	organisations map[event.UUID][]finding.Judged // found through people's cases
}

// organisation is what was made of one.
type organisation struct {
	findings map[event.UUID][]finding.Judged // by whom they are about
	next     time.Time
}

// made is what was made of one person.
type made struct {
	lawfulness.Judgement
	shares []share      // of the findings: the survivor's first
	parted []event.UUID // who must be judged anew, alone
	stands func(event.ID) bool
	// erased: something of the case was; before is what the monitors make of it as
	// it was then.
	erased bool
	before []finding.Judged
	timers []Settled // of the same people
	err    error
}

// judge judges the subjects that are due and records what was found.
func (b *batch) judge(ctx context.Context, due []Subject) ([]Settled, error) {
	b.judged = map[event.UUID]organisation{}
	people := b.people(ctx, due)
	settled := make([]Settled, len(due))
	var timers, others []Settled
	for i, s := range due {
		settled[i].Subject = s
		var err error
		switch s.Kind {
		case Person:
			if err = people[i].err; err == nil {
				settled[i].Next = rounded(people[i].Next)
				timers = append(timers, people[i].timers...)
				others = append(others, people[i].others(s.ID, settled[i].Next, b.now)...)
				err = b.person(ctx, people[i])
			}
		case Organisation:
			settled[i].Next, err = b.organisation(ctx, s.ID)
		case Agreement, Timers:
			settled[i].Next, err = b.due(ctx, s)
		}
		if err != nil {
			if !b.Broken(err) && !errors.Is(err, errUndone) {
				return nil, err
			}
			settled[i].Next = time.Time{}
			settled[i].Parked = &Parked{Stream: s.Stream(), At: b.to, Reason: err.Error()}
		}
	}
	if err := b.throughCases(ctx); err != nil {
		return nil, err
	}
	return slices.Concat(timers, settled, others, b.parked), nil
}

// aside parks somebody whose findings cannot be read, so that others go on;
// any other error stays.
func (b *batch) aside(s Subject, err error) error {
	if err == nil || !b.Broken(err) {
		return err
	}
	b.parked = append(b.parked, Settled{Subject: s, Parked: &Parked{Stream: s.Stream(), At: b.to, Reason: err.Error()}})
	return nil
}

// people loads and judges the people among the subjects, several at a time.
func (b *batch) people(ctx context.Context, due []Subject) []made {
	out := make([]made, len(due))
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(workers, len(due)) {
		group.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(due); i = next.Add(1) - 1 {
				if due[i].Kind == Person {
					out[i] = b.one(ctx, due[i].ID)
				}
			}
		})
	}
	group.Wait()
	return out
}

// one judges one person as far as the ledger has been followed.
func (b *batch) one(ctx context.Context, person event.UUID) made {
	events, err := b.load(ctx, event.Case(person))
	if err != nil {
		return made{err: err}
	}
	survivor, all, err := b.together(ctx, person, events)
	if err != nil {
		return made{err: err}
	}
	people := members(survivor, all)
	looks, err := b.looksAt(ctx, people)
	if err != nil {
		return made{err: err}
	}
	h := lawfulness.NewHistory(survivor, all, looks, b.shared)
	m := made{Judgement: b.Judges.Person(h, b.now), stands: stands(all), parted: parted(survivor, all)}
	if m.erased = slices.ContainsFunc(all, func(e event.Recorded) bool { return len(e.Erased) > 0 }); m.erased {
		if m.before, err = b.beforeErasure(ctx, survivor, all, looks, m.Findings); err != nil {
			return made{err: err}
		}
	}
	m.shares = shares(people, h, m.Findings)
	m.timers = b.timers(people, all)
	return m
}

// stands tells which events were neither voided nor replaced: those that are
// of another stream, too.
func stands(events []event.Recorded) func(event.ID) bool {
	fallen := map[event.ID]bool{}
	if slices.ContainsFunc(events, func(e event.Recorded) bool { return e.IsCorrection() }) {
		for _, e := range events {
			fallen[e.ID] = true
		}
		for _, e := range event.Standing(events) {
			delete(fallen, e.ID)
		}
	}
	return func(id event.ID) bool { return !fallen[id] }
}

// load reads a stream as far as the ledger has been followed.
func (b *batch) load(ctx context.Context, stream event.StreamID) ([]event.Recorded, error) {
	var events []event.Recorded
	for s, err := range b.Store.ReadStream(ctx, stream, 0) {
		if err != nil {
			return nil, fmt.Errorf("reactor: load %s: %w", stream, err)
		}
		if s.Position > b.to {
			break
		}
		e, err := b.Codec.Decode(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("reactor: decode %s revision %d: %w", stream, s.Revision, err)
		}
		events = append(events, e)
	}
	return events, nil
}

// near is how far apart two looks may be for the ledger between them to be
// read, rather than looked up anew.
const near = 16

// looks reads the looks at a person's record.
func (b *batch) looks(ctx context.Context, person event.UUID) ([]event.Recorded, error) {
	at, err := b.Keep.Looks(ctx, person, b.to)
	if err != nil {
		return nil, err
	}
	var looks []event.Recorded
	for len(at) > 0 {
		for s, err := range b.Store.ReadAll(ctx, at[0]-1) {
			if err != nil {
				return nil, fmt.Errorf("reactor: read entry %d: %w", at[0], err)
			}
			if s.Position < at[0] {
				continue
			}
			e, err := b.Codec.Decode(ctx, s)
			if err != nil {
				return nil, fmt.Errorf("reactor: decode entry %d: %w", s.Position, err)
			}
			looks = append(looks, e)
			if at = at[1:]; len(at) == 0 || at[0] > s.Position+near {
				break
			}
		}
	}
	return looks, nil
}

// person records what was found about one, and about those whose records were
// judged with theirs. What is about an organisation is set aside for
// [batch.throughCases].
func (b *batch) person(ctx context.Context, m made) error {
	for _, f := range m.Findings {
		if !f.Organisation.IsZero() && !m.found(f) {
			b.organisations[f.Organisation] = append(b.organisations[f.Organisation], f)
		}
	}
	for _, s := range m.shares {
		err := b.record(ctx, s.who, func(state finding.State) (finding.Judging, error) {
			j := finding.Judging{Judged: s.findings, Stands: m.stands, Erased: m.erased, Before: m.before}
			// What the governance of organisations shows of the person is judged
			// anew, if there was any.
			of := slices.DeleteFunc(slices.Clone(state.Findings), func(f finding.Finding) bool { return !f.Stands() || !b.ofOrganisation(f.Judged) })
			if len(of) > 0 {
				j.Before = slices.Clip(j.Before)
				for _, f := range of { // no erasure changes it
					j.Before = append(j.Before, f.Judged)
				}
				shown, err := b.shownOf(ctx, s.who)
				j.Judged = slices.Concat(j.Judged, shown)
				return j, err
			}
			return j, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) ofOrganisation(f finding.Judged) bool { return b.Judges.OfOrganisation(f.Monitor) }

// of judges an organisation once.
func (b *batch) of(org event.UUID) organisation {
	o, ok := b.judged[org]
	if !ok {
		o.findings, o.next = b.Judges.Organisation(b.shared, org, b.now)
		b.judged[org] = o
	}
	return o
}

// shownOf is what the governance of every organisation shows of a person.
func (b *batch) shownOf(ctx context.Context, who event.UUID) ([]finding.Judged, error) {
	all, err := b.Keep.Organisations(ctx)
	if err != nil {
		return nil, err
	}
	var shown []finding.Judged
	for _, org := range all {
		shown = append(shown, b.of(org).findings[who]...)
	}
	return shown, nil
}

// organisation records what an organisation's governance shows, of itself and
// of people, and returns when it must be judged again.
func (b *batch) organisation(ctx context.Context, org event.UUID) (time.Time, error) {
	o := b.of(org)
	about := slices.SortedFunc(maps.Keys(o.findings), func(x, y event.UUID) int { return slices.Compare(x[:], y[:]) })
	if _, listed := o.findings[org]; !listed {
		about = append(about, org)
	}
	for _, who := range about {
		err := b.record(ctx, who, func(finding.State) (finding.Judging, error) {
			j := finding.Judging{Judged: o.findings[org], Decides: b.ofOrganisation}
			var err error
			if who != org {
				j.Judged, err = b.shownOf(ctx, who)
			}
			return j, err
		})
		if who != org {
			err = b.aside(Subject{Person, who}, err)
		}
		if err != nil {
			return time.Time{}, err
		}
	}
	return rounded(o.next), nil
}

// throughCases records what people's cases show of organisations: each thing
// once, for the earliest act that shows it, whoever was judged first.
func (b *batch) throughCases(ctx context.Context) error {
	for _, org := range slices.SortedFunc(maps.Keys(b.organisations), func(x, y event.UUID) int { return slices.Compare(x[:], y[:]) }) {
		err := b.record(ctx, org, func(finding.State) (finding.Judging, error) {
			return finding.Judging{Judged: b.organisations[org]}, nil
		})
		if err := b.aside(Subject{Organisation, org}, err); err != nil {
			return err
		}
	}
	return nil
}
