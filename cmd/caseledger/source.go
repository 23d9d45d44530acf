package main

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/vault"
	"caseledger/projections"
)

// source is the ledger as the read models of one side may read it: it opens
// that side's boxes and no others.
type source struct {
	store eventstore.Store
	keys  codec.Opener

	mu      sync.Mutex
	readers map[string]*wanted
}

// wanted decodes the events of some types.
type wanted struct {
	*codec.Reader
	types map[string]bool
}

func (w *wanted) wants(name string) bool { return w.types[name] }

func newSource(store eventstore.Store, keys codec.Opener) *source {
	return &source{store: store, keys: keys, readers: map[string]*wanted{}}
}

var _ projections.Source = (*source)(nil)

// reader returns the decoder of some types. There are as many as there are
// read models, and one for all of them.
func (s *source) reader(types []string) *wanted {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.Join(types, " ")
	if w := s.readers[key]; w != nil {
		return w
	}
	w := &wanted{types: map[string]bool{}}
	for _, t := range slices.Concat(types, projections.Always) {
		w.types[t] = true
	}
	w.Reader = codec.NewReader(catalogue.Events, s.keys, codec.Options{Types: w.wants})
	s.readers[key] = w
	return w
}

// item decodes one event; false if nobody wants it.
func (w *wanted) item(ctx context.Context, stored eventstore.Stored) (projections.Item, bool, error) {
	e, err := w.Decode(ctx, stored)
	if err == nil {
		return projections.Item{Recorded: e}, w.types[e.Type] || e.IsCorrection(), nil
	}
	if !poisonous(err) {
		return projections.Item{}, false, err
	}
	bad := projections.Item{Err: err}
	bad.Position, bad.RecordedAt, bad.ID, bad.Stream, bad.Revision =
		stored.Position, stored.RecordedAt, stored.ID, stored.Stream, stored.Revision
	if meta, err := codec.Peek(stored.Body); err == nil {
		bad.Meta = meta
	}
	return bad, true, nil
}

// poisonous reports whether an event cannot be decoded whoever tries again,
// rather than now.
func poisonous(err error) bool {
	for _, sentinel := range []error{codec.ErrCorrupt, codec.ErrMalformed, codec.ErrUnknownFormat, codec.ErrUnknownClass,
		codec.ErrUnknownType, codec.ErrNewerVersion, vault.ErrKeyMissing} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}

// ReadAll implements [projections.Source].
func (s *source) ReadAll(ctx context.Context, after event.Position, types []string) iter.Seq2[projections.Item, error] {
	w := s.reader(types)
	return func(yield func(projections.Item, error) bool) {
		var left event.Position // the last event that was left out
		for stored, err := range s.store.ReadAll(ctx, after) {
			if err != nil {
				yield(projections.Item{}, err)
				return
			}
			item, folded, err := w.item(ctx, stored)
			switch {
			case err != nil:
				yield(projections.Item{}, err)
				return
			case !folded:
				left = stored.Position
				continue
			}
			left = 0
			if !yield(item, nil) {
				return
			}
		}
		if left != 0 {
			var end projections.Item
			end.Position = left
			yield(end, nil)
		}
	}
}

// ReadStream implements [projections.Source]. What the stream, up to the
// position, says is destroyed reads as erased, also while the keystore still
// holds it: whoever folds the stream anew because of that does so once.
func (s *source) ReadStream(ctx context.Context, stream event.StreamID, upTo event.Position, types []string) iter.Seq2[projections.Item, error] {
	w := s.reader(types)
	return func(yield func(projections.Item, error) bool) {
		var all []eventstore.Stored
		gone := destroyed{Opener: s.keys}
		for stored, err := range s.store.ReadStream(ctx, stream, 0) {
			if err == nil && stored.Position <= upTo {
				err = gone.note(ctx, w, stored)
			}
			if err != nil {
				yield(projections.Item{}, err)
				return
			}
			if stored.Position > upTo {
				break
			}
			all = append(all, stored)
		}
		if len(gone.keys) > 0 {
			w = &wanted{w.With(gone, codec.Options{Types: w.wants}), w.types}
		}
		for _, stored := range all {
			item, folded, err := w.item(ctx, stored)
			if err != nil {
				yield(projections.Item{}, err)
				return
			}
			if folded && !yield(item, nil) {
				return
			}
		}
	}
}

// destroyed opens what some keys sealed no more.
type destroyed struct {
	codec.Opener
	keys map[event.UUID]bool
}

// note takes in what an event says is destroyed.
func (d *destroyed) note(ctx context.Context, w *wanted, stored eventstore.Stored) error {
	if m, err := codec.Peek(stored.Body); err == nil && m.Type == "key.destroyed" {
		e, err := w.Decode(ctx, stored)
		if err != nil && !poisonous(err) { // a fold is told of what is poisonous
			return err
		}
		if gone, ok := e.Data.(event.KeyDestroyed); ok {
			if d.keys == nil {
				d.keys = map[event.UUID]bool{}
			}
			d.keys[gone.Key] = true
		}
	}
	return nil
}

// Open implements [codec.Opener]. What is not the reader's stays withheld.
func (d destroyed) Open(ctx context.Context, dst []byte, key event.UUID, sealed, ad []byte) ([]byte, error) {
	out, err := d.Opener.Open(ctx, dst, key, sealed, ad)
	if err == nil && d.keys[key] {
		clear(out)
		return nil, vault.ErrErased
	}
	return out, err
}

// Wait implements [projections.Source].
func (s *source) Wait(ctx context.Context, after event.Position) (event.Position, error) {
	return s.store.Wait(ctx, after)
}
