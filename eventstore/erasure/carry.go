package erasure

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/domain/person"
	"caseledger/domain/rights"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/reactor"
	"caseledger/eventstore/vault"
)

var (
	// errHeld: a legal hold stands. The decision waits until it is lifted.
	errHeld = errors.New("erasure: a legal hold stands")
	// errMoot: the decision does not stand any more.
	errMoot = errors.New("erasure: the decision was voided")
)

// person carries out what waits on one person's record. waits says that something
// is left, because a hold stands.
func (e *Eraser) person(ctx context.Context, who event.UUID) (done []Receipt, waits bool, err error) {
	own, err := e.load(ctx, event.Case(who))
	if err != nil {
		return nil, false, err
	}
	for _, d := range rights.Fold(event.Standing(own)).Waiting() {
		r, err := e.carryOut(ctx, who, own, d)
		switch {
		case errors.Is(err, errHeld):
			waits = true
		case errors.Is(err, errMoot):
		case err != nil:
			return done, false, err
		default:
			done = append(done, r)
			if e.Done != nil {
				e.Done(r)
			}
		}
	}
	return done, waits, e.settle(ctx, who, own)
}

// settle destroys what the ledger says is destroyed and the keystore still holds:
// the decision was voided between the two.
func (e *Eraser) settle(ctx context.Context, who event.UUID, own []event.Recorded) error {
	held, err := e.Keys.KeysOf(ctx, who)
	if err != nil {
		return fmt.Errorf("list the keys: %w", err)
	}
	var left []Destruction
	for _, r := range own {
		if d, ok := r.Data.(event.KeyDestroyed); ok && slices.ContainsFunc(held, func(k vault.KeyInfo) bool { return k.ID == d.Key && k.DestroyedBy.IsZero() }) {
			left = append(left, Destruction{d.Key, r.ID})
		}
	}
	if len(left) == 0 {
		return nil
	}
	return e.Keys.Destroy(ctx, left)
}

// load reads a stream to its end.
func (e *Eraser) load(ctx context.Context, stream event.StreamID) (events []event.Recorded, err error) {
	for s, err := range e.Store.ReadStream(ctx, stream, 0) {
		if err != nil {
			return nil, fmt.Errorf("erasure: load %s: %w", stream, err)
		}
		r, err := e.Codec.Decode(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("erasure: decode %s revision %d: %w", stream, s.Revision, err)
		}
		events = append(events, r)
	}
	return events, nil
}

// work is one decision on its way.
type work struct {
	*Eraser
	rights.Disposal
	position event.Position // of the decision
	meta     event.Meta     // of the decision
	people   []event.UUID   // whose record it is on first
}

// carryOut takes one decision from wherever it is to its receipt.
func (e *Eraser) carryOut(ctx context.Context, who event.UUID, own []event.Recorded, d rights.Disposal) (Receipt, error) {
	w := &work{Eraser: e, Disposal: d}
	for _, of := range own {
		if of.ID == d.Source {
			w.position, w.meta = of.Position, of.Meta
		}
	}
	var err error
	if w.people, err = e.people(ctx, who, own); err != nil {
		return Receipt{}, err
	}
	if err := w.destroy(ctx); err != nil {
		return Receipt{}, err
	}
	destroyed, events, last, err := w.said(ctx)
	if err != nil {
		return Receipt{}, err
	}
	if err := e.Keys.Destroy(ctx, destroyed); err != nil {
		return Receipt{}, fmt.Errorf("destroy keys: %w", err)
	}
	c := rights.ErasureCompleted{Erasure: d.ID, Decision: d.Source, Side: d.Side, Data: d.Data, Keys: len(destroyed), Events: events,
		CopiesUntil: event.DayOf(e.Clock()) + event.Day(e.CopiesDays)}
	if err := w.purge(ctx, &c, Gone{People: w.people, Side: d.Side, Data: d.Data, After: max(last, w.position)}); err != nil {
		return Receipt{}, err
	}
	if c.Kept, err = w.kept(ctx); err != nil {
		return Receipt{}, err
	}
	return w.receipt(ctx, c)
}

// people are the person and those whose records are merged into theirs.
func (e *Eraser) people(ctx context.Context, who event.UUID, own []event.Recorded) ([]event.UUID, error) {
	all, err := lawfulness.WithMerged(own, func(of event.UUID) ([]event.Recorded, error) { return e.load(ctx, event.Case(of)) })
	people := []event.UUID{who}
	for _, one := range all {
		if !slices.Contains(people, one.Stream.Of) {
			people = append(people, one.Stream.Of)
		}
	}
	return people, err
}

// command names what is appended for the decision on one person's record.
func (w *work) command(of event.UUID, what string) eventstore.Command {
	return eventstore.Command{ID: event.DeriveUUID("erasure", w.Source.UUID[:], of[:], []byte(what)), Stream: event.Case(of), Subject: of,
		Effective: event.At(w.Clock().UTC()), Actor: reactor.System(w.Side, w.Org), Purpose: "AUDIT", Origin: event.Live,
		Correlation: w.meta.Command, IfAny: true}
}

// named reports whether an event was appended by a command of the decision.
func (w *work) named(m event.Meta, of event.UUID, what string) bool {
	c := w.command(of, what)
	return m.Command == c.ID && m.Actor.ID == c.Actor.ID
}

const (
	destruction = "destroyed"
	receipt     = "receipt"
)

// destroy has the ledger say which keys are destroyed, unless it does already.
func (w *work) destroy(ctx context.Context) error {
	for i, of := range w.people {
		said := false
		for s, err := range w.Store.ReadStream(ctx, event.Case(of), 0) {
			if err != nil {
				return err
			}
			m, err := codec.Peek(s.Body)
			said = said || err == nil && m.Type == "key.destroyed" && w.named(m, of, destruction)
		}
		if said {
			continue
		}
		if i == 0 {
			if err := w.Judged(ctx, of, w.position); err != nil && !w.broken(err) {
				return fmt.Errorf("judge what can still be read: %w", err)
			}
		}
		if err := w.say(ctx, of, i == 0); err != nil {
			return err
		}
	}
	return nil
}

// say retires the keys and appends that they are destroyed.
func (w *work) say(ctx context.Context, of event.UUID, decides bool) error {
	stop := func(standing []event.Recorded) error {
		s := rights.Fold(standing)
		switch {
		case decides && !slices.ContainsFunc(s.Disposed, func(d rights.Disposal) bool { return d.Source == w.Source }):
			return errMoot
		case s.HeldAt(w.Clock()):
			return errHeld
		}
		return nil
	}
	// Asked first, so that a hold leaves the keys as they are.
	standing, err := w.load(ctx, event.Case(of))
	if err == nil {
		err = stop(event.Standing(standing))
	}
	if err != nil {
		return err
	}
	keys, err := w.keys(ctx, of, func(k vault.KeyInfo) bool { return slices.Contains(w.Data, k.Class) })
	if err != nil || len(keys) == 0 {
		return err
	}
	ids := make([]event.UUID, len(keys))
	drafts := make([]event.Draft, len(keys))
	for i, k := range keys {
		ids[i], drafts[i] = k.ID, event.Draft{Data: event.KeyDestroyed{Key: k.ID}, Causation: w.Source.UUID}
	}
	if err := w.Keys.Retire(ctx, ids); err != nil {
		return fmt.Errorf("retire keys: %w", err)
	}
	_, err = eventstore.Execute(ctx, w.Store, w.Codec, w.command(of, destruction), func(standing []event.Recorded, _ event.Revision) ([]event.Draft, error) {
		return drafts, stop(standing)
	})
	return err
}

// keys are those of a person and the decision's side that are not destroyed.
func (w *work) keys(ctx context.Context, of event.UUID, wanted func(vault.KeyInfo) bool) ([]vault.KeyInfo, error) {
	all, err := w.Keys.KeysOf(ctx, of)
	if err != nil {
		return nil, fmt.Errorf("list the keys: %w", err)
	}
	return slices.DeleteFunc(all, func(k vault.KeyInfo) bool { return k.Side != w.Side || !k.DestroyedBy.IsZero() || !wanted(k) }), nil
}

// said returns what the ledger says was destroyed by the decision, of how many
// events it had sealed something, and where it last says so.
func (w *work) said(ctx context.Context) (destroyed []Destruction, events int, last event.Position, err error) {
	for _, of := range w.people {
		var boxes [][]event.UUID
		gone := map[event.UUID]bool{}
		for s, err := range w.Store.ReadStream(ctx, event.Case(of), 0) {
			if err != nil {
				return nil, 0, 0, fmt.Errorf("erasure: load %s: %w", s.Stream, err)
			}
			b, err := codec.ParseBody(s.Body)
			if err != nil {
				continue // what cannot be read seals nothing
			}
			var by []event.UUID
			for _, box := range b.Boxes {
				by = append(by, box.Key)
			}
			boxes = append(boxes, by)
			if b.Meta.Type != "key.destroyed" || !w.named(b.Meta, of, destruction) {
				continue
			}
			e, err := w.Codec.Decode(ctx, s)
			if err != nil {
				return nil, 0, 0, err
			}
			key := e.Data.(event.KeyDestroyed).Key
			destroyed, gone[key], last = append(destroyed, Destruction{key, s.ID}), true, max(last, s.Position)
		}
		for _, by := range boxes {
			if slices.ContainsFunc(by, func(k event.UUID) bool { return gone[k] }) {
				events++
			}
		}
	}
	return destroyed, events, last, nil
}

// purge has everything taken away that was made from what is gone.
func (w *work) purge(ctx context.Context, c *rights.ErasureCompleted, gone Gone) error {
	report := func(by rights.Purger, n int) { c.Purged = append(c.Purged, rights.Purge{By: by, Items: n}) }
	if slices.Contains(w.Data, event.Identity) {
		n, err := w.forget(ctx)
		if err != nil {
			return fmt.Errorf("forget identifiers: %w", err)
		}
		report(rights.Identifiers, n)
	}
	for _, p := range w.Purges {
		n, err := p.Out(ctx, gone)
		if err != nil {
			return fmt.Errorf("purge %s: %w", p.By, err)
		}
		report(p.By, n)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note.Due = true
	if !w.Clock().Before(w.note.Rewrapped.Add(w.RewrapEvery)) {
		n, err := w.rewrap(ctx)
		if errors.Is(err, ErrNoRewrap) {
			w.note.Due = false
			return nil
		}
		if err != nil {
			return err
		}
		c.Rewrapped, c.RewrapBy = true, event.DayOf(w.Clock())
		report(rights.KeyWrapping, n)
		return nil
	}
	c.RewrapBy = event.DayOf(w.note.Rewrapped.Add(w.RewrapEvery))
	// Durable before the receipt promises it.
	return w.remember(ctx)
}

// forget takes from the blind index what the record no longer says.
func (w *work) forget(ctx context.Context) (n int, err error) {
	for _, of := range w.people {
		history, err := w.load(ctx, event.Case(of))
		if err != nil {
			return n, err
		}
		var keep []vault.Identifier
		for _, l := range person.Fold(event.Standing(history)).Links {
			if l.Live() && l.Value != "" {
				keep = append(keep, vault.Identifier{Kind: string(l.Type), Value: l.Value})
			}
		}
		took, err := w.Keys.Forget(ctx, of, keep)
		if err != nil {
			return n, err
		}
		n += took
	}
	return n, nil
}

// kept is what the same side still holds of the person, and why.
func (w *work) kept(ctx context.Context) ([]rights.Kept, error) {
	kept := []rights.Kept{}
	count := map[event.Class]int{}
	var s rights.State
	for _, of := range w.people {
		keys, err := w.keys(ctx, of, func(vault.KeyInfo) bool { return true })
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			count[k.Class]++
		}
		history, err := w.load(ctx, event.Case(of))
		if err != nil {
			return nil, err
		}
		for _, e := range event.Standing(history) {
			s = rights.Evolve(s, e)
		}
	}
	for _, class := range event.Classes {
		if count[class] == 0 {
			continue
		}
		k := rights.Kept{Class: class, Keys: count[class], Why: rights.NotAsked}
		switch {
		case class == event.Operational || class == event.Decision:
			k.Why = rights.Accounts
		case slices.Contains(w.Data, class):
			k.Why = rights.Since // sealed since by another key
		default:
			w.why(&k, s)
		}
		kept = append(kept, k)
	}
	return kept, nil
}

// why says which hold, or which period, keeps a class.
func (w *work) why(k *rights.Kept, s rights.State) {
	now := w.Clock()
	for _, h := range s.Holds {
		if h.LiveAt(now) {
			k.Why, k.Hold = rights.Held, h.ID
		}
	}
	for _, p := range s.Periods {
		if p.Side != w.Side || !p.Keeps(event.DayOf(now)) {
			continue
		}
		if k.Why == rights.NotAsked {
			k.Why = rights.InPeriod
		}
		if k.Period.IsZero() || k.Until != 0 && (p.KeepUntil == 0 || p.KeepUntil > k.Until) {
			k.Period, k.Until = p.ID, p.KeepUntil
		}
	}
}

// receipt appends the receipt, or finds the one that is there.
func (w *work) receipt(ctx context.Context, c rights.ErasureCompleted) (Receipt, error) {
	of := w.people[0]
	_, err := eventstore.Execute(ctx, w.Store, w.Codec, w.command(of, receipt), func([]event.Recorded, event.Revision) ([]event.Draft, error) {
		return []event.Draft{{Data: c, Causation: w.Source.UUID}}, nil
	})
	if err != nil {
		return Receipt{}, fmt.Errorf("append the receipt: %w", err)
	}
	history, err := w.load(ctx, event.Case(of))
	if err != nil {
		return Receipt{}, err
	}
	for _, r := range Receipts(history) {
		if r.Decision == w.Source {
			return r, nil
		}
	}
	return Receipt{}, errors.New("the receipt is not on the record")
}

// Receipts are those that a case holds, in its order.
func Receipts(history []event.Recorded) (all []Receipt) {
	for _, e := range event.Standing(history) {
		if c, ok := e.Data.(rights.ErasureCompleted); ok && e.Operational == event.Open {
			all = append(all, Receipt{Person: e.Stream.Of, Event: e.ID, At: e.RecordedAt, ErasureCompleted: c})
		}
	}
	return all
}
