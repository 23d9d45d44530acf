package codec

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/vault"
)

// Opener opens boxes. A *vault.Vault opens every side's; a *vault.View one
// side's.
type Opener interface {
	Open(ctx context.Context, dst []byte, key event.UUID, sealed, ad []byte) ([]byte, error)
	CheckCommitment(ctx context.Context, key event.UUID, c event.Commitment) error
}

// Options says what a reader leaves undone.
type Options struct {
	// Types says which event types are wanted; nil means all. Of the others
	// only the clear part is read: Data is nil, also where the type is unknown.
	Types func(name string) bool
	// AsStored leaves Data at the version it was stored in.
	AsStored bool
}

// Reader decodes stored events as far as its opener allows. It is safe for
// concurrent use.
type Reader struct {
	plans   plans
	keys    Opener
	options Options
}

// NewReader returns a reader. It panics on a definition that cannot be
// stored.
func NewReader(c *event.Catalogue, keys Opener, o Options) *Reader {
	return &Reader{newPlans(c), keys, o}
}

// With returns a reader of the same catalogue with other keys. It costs next to
// nothing, where a new reader learns every definition.
func (r *Reader) With(keys Opener, o Options) *Reader { return &Reader{r.plans, keys, o} }

// DecodeMeta reads the clear part of a stored event and opens nothing: Data is
// nil.
func DecodeMeta(s eventstore.Stored) (event.Recorded, error) {
	m, err := Peek(s.Body)
	if err != nil {
		return event.Recorded{}, corrupt(s, err)
	}
	return recorded(s, m), nil
}

func recorded(s eventstore.Stored, m event.Meta) event.Recorded {
	return event.Recorded{Position: s.Position, RecordedAt: s.RecordedAt, ID: s.ID, Stream: s.Stream, Revision: s.Revision,
		Meta: m, Operational: event.Withheld}
}

// corrupt wraps a failure as what it is, with where it happened.
func corrupt(s eventstore.Stored, err error) error {
	return fmt.Errorf("event %s at position %d: %w: %w", s.ID, s.Position, ErrCorrupt, err)
}

// Decode opens a stored event and brings it to today's version. A field whose
// box belongs to another side is Withheld; whose key was destroyed, Erased.
//
// Errors: [ErrCorrupt] for bytes, boxes or keys that are not what was
// recorded, with the cause behind it; vault.ErrKeyMissing for a key that is
// gone without a recorded destruction; [ErrUnknownType], [ErrNewerVersion],
// [ErrUnknownFormat], [ErrUnknownClass] for what a later program wrote.
func (r *Reader) Decode(ctx context.Context, s eventstore.Stored) (event.Recorded, error) {
	e, _, err := r.decode(ctx, s)
	return e, err
}

// opened is scratch for the content and the context of one box.
type opened struct{ content, context []byte }

var scratch = sync.Pool{New: func() any { return &opened{make([]byte, 0, 4<<10), make([]byte, 0, 128)} }}

// decode also returns the fingerprint, where there is one to read.
func (r *Reader) decode(ctx context.Context, s eventstore.Stored) (_ event.Recorded, fingerprint string, _ error) {
	var p parsed
	if err := p.parse(s.Body); err != nil {
		if errors.Is(err, ErrMalformed) {
			return event.Recorded{}, "", corrupt(s, err)
		}
		return event.Recorded{}, "", fmt.Errorf("event %s at position %d: %w", s.ID, s.Position, err)
	}
	e := recorded(s, p.meta)
	if r.options.Types != nil && !r.options.Types(p.meta.Type) {
		return e, "", nil
	}
	plan, err := r.plans.of(&p.meta)
	if err != nil {
		return event.Recorded{}, "", fmt.Errorf("event %s at position %d: %w", s.ID, s.Position, err)
	}
	target := reflect.New(plan.version.Type).Elem()
	e.Operational = event.Open
	work := scratch.Get().(*opened)
	defer func() {
		clear(work.content[:cap(work.content)])
		scratch.Put(work)
	}()
	at := 0
	for i := range plan.boxes {
		b := &plan.boxes[i]
		if at == p.count || p.boxes[at].Class != b.class || p.boxes[at].Holder != b.holder {
			if b.operational {
				return event.Recorded{}, "", corrupt(s, malformed("a box is missing"))
			}
			continue
		}
		box := &p.boxes[at]
		at++
		state, also, err := r.open(ctx, s, &p.meta, b, box, target, work)
		if err != nil {
			return event.Recorded{}, "", err
		}
		if state == event.Erased {
			e.Erased = append(e.Erased, event.Gap{Class: box.Class, Key: box.Key})
		}
		if b.operational {
			e.Operational = state
			fingerprint = also.fingerprint
			e.Import = sourceOf(e.Origin, state, also.source)
		}
	}
	if at != p.count {
		return event.Recorded{}, "", corrupt(s, malformed("a box that the type does not have"))
	}
	e.Data = target.Interface()
	if !r.options.AsStored {
		e.Data = plan.definition.Upcast(p.meta.Version, e.Data)
	}
	if created, ok := e.Data.(event.KeyCreated); ok {
		err := r.keys.CheckCommitment(ctx, created.Key, created.Commitment)
		switch {
		case errors.Is(err, vault.ErrCommitment):
			return event.Recorded{}, "", corrupt(s, err)
		case err != nil && !errors.Is(err, vault.ErrKeyMissing): // its boxes will say so
			return event.Recorded{}, "", fmt.Errorf("event %s at position %d: %w", s.ID, s.Position, err)
		}
	}
	return e, fingerprint, nil
}

// open reads one box into the event, or marks its fields.
func (r *Reader) open(ctx context.Context, s eventstore.Stored, m *event.Meta, b *boxPlan, box *Box, target reflect.Value, work *opened) (event.State, reserved, error) {
	content := box.Sealed
	if b.class != "" {
		work.context = appendContext(work.context[:0], s.ID, s.Stream, m, box)
		work.content = slices.Grow(work.content[:0], len(box.Sealed))
		padded, err := r.keys.Open(ctx, work.content, box.Key, box.Sealed, work.context)
		switch {
		case errors.Is(err, vault.ErrWithheld):
			b.mark(target, event.Withheld)
			return event.Withheld, reserved{}, nil
		case errors.Is(err, vault.ErrErased):
			b.mark(target, event.Erased)
			return event.Erased, reserved{}, nil
		case errors.Is(err, vault.ErrBroken), errors.Is(err, vault.ErrKeyBroken):
			return 0, reserved{}, corrupt(s, err)
		case err != nil:
			return 0, reserved{}, fmt.Errorf("event %s at position %d: %w", s.ID, s.Position, err)
		}
		if content, err = unpad(padded); err != nil {
			return 0, reserved{}, corrupt(s, err)
		}
	}
	also, err := b.scatter(target, content)
	if err == nil && also.source != nil && m.Origin != event.Imported {
		err = malformed("a live event that was imported")
	}
	if err != nil {
		return 0, reserved{}, corrupt(s, err)
	}
	return event.Open, also, nil
}

// sourceOf is where an event came from as far as its box says.
func sourceOf(origin event.Origin, box event.State, source *event.Provenance) (p event.Personal[event.Provenance]) {
	switch {
	case source != nil:
		p.Restore(*source, event.Open)
	case origin == event.Imported && box != event.Open:
		p.Restore(nil, box)
	}
	return p
}
