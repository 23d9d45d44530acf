package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger/verdict"
	"caseledger/eventstore/vault"
)

// laterOn reports whether an entry is not opened for a reason that is not this
// check's: a later version of the program wrote it, or its key is missing, which
// the check of keys finds.
func laterOn(err error) bool {
	for _, is := range []error{codec.ErrUnknownType, codec.ErrNewerVersion, codec.ErrUnknownFormat, codec.ErrUnknownClass, vault.ErrKeyMissing} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// readAhead is how many chunks for each worker are read before they are looked at:
// enough that the workers have something to do while a store prepares its next
// page.
const readAhead = 8

// entries reads every entry behind those that are left out, and compares it.
func (r *run) entries(ctx context.Context) (*tree, error) {
	running, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	jobs := make(chan *chunk, readAhead*r.Workers)
	inOrder := make(chan *chunk, (readAhead+1)*r.Workers)
	group.Go(func() {
		defer close(jobs)
		defer close(inOrder)
		r.read(running, func(c *chunk) bool {
			for _, to := range []chan *chunk{inOrder, jobs} {
				select {
				case to <- c:
				case <-running.Done():
					return false
				}
			}
			return true
		})
	})
	for range r.Workers {
		group.Go(func() {
			var buffer []byte
			for c := range jobs {
				buffer = r.work(running, c, buffer)
			}
		})
	}
	t := r.start
	r.count = r.base
	for c := range inOrder {
		select {
		case <-c.ready:
		case <-running.Done():
			return nil, ctx.Err()
		}
		if c.err != nil {
			return nil, c.err
		}
		if err := r.take(ctx, t, c); err != nil {
			return nil, err
		}
		if r.Progress != nil {
			r.Progress(uint64(r.count-r.base), uint64(max(r.last, r.count)-r.base))
		}
		if r.full() {
			break
		}
	}
	return t, ctx.Err()
}

// read reads the entries in chunks. It goes on behind what the store finds
// damaged, entry by entry.
func (r *run) read(ctx context.Context, give func(*chunk) bool) {
	next := r.base
	c := &chunk{start: next &^ (tileWidth - 1), ready: make(chan struct{})}
	if width := int(next - c.start); width > 0 {
		hashes, _, err := r.tile(ctx, 0, c.start/tileWidth, max(width, widthOf(0, c.start/tileWidth, r.sealed)))
		if err == nil && len(hashes) < width {
			err = errors.New("verify: a tile was removed meanwhile")
		}
		if err != nil {
			c.err = err
			give(c)
			return
		}
		c.before = hashes[:width]
	}
	add := func(e eventstore.Stored, lost string) bool {
		if lost != "" {
			if c.lost == nil {
				c.lost = map[int]string{}
			}
			c.lost[c.size()] = lost
		}
		c.entries = append(c.entries, e)
		next++
		if c.size() < tileWidth {
			return true
		}
		whole := c
		c = &chunk{start: next, ready: make(chan struct{}), entries: make([]eventstore.Stored, 0, tileWidth)}
		return give(whole) && (r.Pace == nil || r.Pace(ctx) == nil)
	}
	for broken := true; broken; {
		broken = false
		for e, err := range r.Store.ReadAll(ctx, event.Position(next)) {
			if err != nil && ctx.Err() == nil && r.Damaged(err) {
				if next >= r.last {
					c.found = append(c.found, verdict.Finding{Code: verdict.StoreEnd, Entry: uint64(next) + 1, Detail: fmt.Sprintf("what follows cannot be read: %v", err)})
					break
				}
				if !add(eventstore.Stored{}, fmt.Sprintf("it cannot be read: %v", err)) {
					return
				}
				broken = true
				break
			}
			if err != nil {
				c.err = fmt.Errorf("verify: read entry %d: %w", next+1, err)
				give(c)
				return
			}
			for uint64(e.Position) > uint64(next)+1 {
				if !add(eventstore.Stored{}, "there is none") {
					return
				}
			}
			if !add(e, "") {
				return
			}
		}
	}
	give(c)
}

// take compares a chunk with what came before it.
func (r *run) take(ctx context.Context, t *tree, c *chunk) error {
	found := len(r.report.Findings)
	if c.size() > 0 {
		if c.start < r.sealed {
			t.compared(0, c.start/tileWidth, widthOf(0, c.start/tileWidth, r.sealed), c.tile, c.sound)
		}
		for i := range c.size() {
			if why, lost := c.lost[i]; lost {
				r.find(verdict.Finding{Code: verdict.EntryUnreadable, Entry: c.position(i), Detail: why})
			}
		}
		if err := t.add(ctx, c); err != nil {
			return err
		}
		r.count = c.start + int64(c.size())
	}
	altered := map[uint64]bool{}
	for _, f := range r.report.Findings[found:] {
		altered[f.Entry] = true
	}
	for _, f := range c.found {
		if !altered[f.Entry] {
			r.find(f)
		}
		altered[f.Entry] = true
	}
	r.unknown += c.unknown
	for _, e := range c.entries {
		if r.spoiled {
			break // what depends on those before it tells nothing any more
		}
		if f, wrong := r.order.follow(e); wrong {
			r.find(f)
		}
		if r.Also != nil {
			r.Also(e)
		}
	}
	c.keys = slices.DeleteFunc(c.keys, func(k keyEvent) bool { return altered[k.entry] }) // 0 is a tile's
	return r.takeKeys(ctx, c.keys)
}
