package offline

import (
	"context"
	"crypto/sha256"
	"io"
	"sync"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// LedgerOptions say how an exported ledger is checked.
type LedgerOptions struct {
	// Workers is how many entries are hashed at a time, at least 1.
	Workers int
	// Digest has the digest at the end of the file checked too: one core for the
	// length of the file. It covers the mark that people are invented, and what
	// no checkpoint covers yet, against accidents only.
	Digest bool
	// Progress, if not nil, is told of every MiB or so.
	Progress func(entries uint64, bytes int64)
}

// Ledger checks an exported ledger against the signed checkpoint that was
// pinned. Memory does not grow with the file: about 2 MiB for each worker, and
// at most [maxStreams] streams; a ledger with more of them is read again for the
// rest, without hashing. The file must not change meanwhile.
func Ledger(ctx context.Context, file io.ReaderAt, bytes int64, t *Trust, o LedgerOptions) *Result {
	r := &Result{Kind: "ledger"}
	return r.end(t, r.ledger(ctx, io.NewSectionReader(file, 0, bytes), t, o))
}

func (r *Result) ledger(ctx context.Context, file *io.SectionReader, t *Trust, o LedgerOptions) error {
	in, err := readLedger(file, o.Digest)
	if err != nil {
		return err
	}
	if !t.pinning {
		return found(Unproven, "no-checkpoint", "only a signed checkpoint says what the ledger was: give one with --checkpoint")
	}
	c, err := t.openPinned(r)
	if err != nil {
		return err
	}
	l := &ledgerCheck{until: c.size, revisions: newRevisions(maxStreams), tree: ranges.NewEmptyRange(0), progress: o.Progress}
	if err := l.run(ctx, in, max(o.Workers, 1)); err != nil {
		return err
	}
	r.Entries, r.Erased = in.seen, l.destroyed
	if in.seen < c.size {
		return at(in.seen+1, "missing", "the file ends here, and the checkpoint is of %d entries", c.size)
	}
	root, err := l.tree.GetRootHash(nil)
	if err != nil {
		return err
	}
	if c.size == 0 {
		root = rfc6962.DefaultHasher.EmptyRoot()
	}
	if string(root) != string(c.root[:]) {
		return tampered("root", "the first %d entries do not have the root that was signed: at least one of them is not what was recorded", c.size)
	}
	for l.revisions.more() {
		if err := l.again(ctx, file); err != nil {
			return err
		}
	}
	r.Unsealed = in.seen - c.size
	r.step("the entries are %d, in their one form, at positions 1, 2, 3 …, and no time is before the one it follows", in.seen)
	r.step("the revisions of every stream are 1, 2, 3 …")
	r.step("the first %d entries have the root that was signed", c.size)
	if r.Erased > 0 {
		r.step("%d entries say that a key was destroyed: what it sealed is unreadable", r.Erased)
	}
	if o.Digest {
		r.step("the file has the digest at its end")
	}
	r.Shows = []string{"the file holds, byte for byte, every entry that the ledger had when the checkpoint was signed, and in that order"}
	if r.Unsealed > 0 {
		r.ShowsNot = append(r.ShowsNot, "anything of the entries after the checkpoint's, but that they are well-formed")
	}
	r.ShowsNot = append(r.ShowsNot, "that what was recorded is correct, or what the sealed boxes say")
	if !o.Digest {
		r.ShowsNot = append(r.ShowsNot, "that the mark of invented people, which is not an entry, is as it was written: --digest")
	}
	if t.policy == nil || t.policy.quorum == nil {
		r.ShowsNot = append(r.ShowsNot, noWitness)
	}
	return nil
}

// checkedBatch is what is known of a batch once its entries were looked at.
type checkedBatch struct {
	tree        *compact.Range // of the entries under the checkpoint
	streams     [][streamBytes]byte
	revisions   []uint64
	first, last int64 // recorded
	destroyed   uint64
	leaves      []hash
	err         error
}

// ledgerCheck is what is gathered while a ledger is read.
type ledgerCheck struct {
	until     uint64 // entries under the checkpoint
	revisions *revisions
	tree      *compact.Range
	recorded  int64
	entries   uint64
	bytes     int64
	destroyed uint64
	progress  func(uint64, int64)
}

// run reads and checks a file with some workers, and puts together in order what
// they found.
func (l *ledgerCheck) run(ctx context.Context, in *ledgerReader, workers int) error {
	ctx, stop := context.WithCancel(ctx)
	inFlight := workers + 2
	free := make(chan *batch, inFlight)
	for range inFlight {
		free <- &batch{buf: make([]byte, batchBytes)}
	}
	work, ordered := make(chan *batch, inFlight), make(chan *batch, inFlight)
	var ended error
	var wait sync.WaitGroup
	defer wait.Wait()
	defer stop()
	wait.Go(func() {
		defer close(ordered)
		defer close(work)
		ended = in.batches(ctx, free, work, ordered)
	})
	for range workers {
		wait.Go(func() {
			var e entry
			for b := range work {
				b.check(&e, l.until)
				close(b.done)
			}
		})
	}
	l.recorded = earliest
	for b := range ordered {
		<-b.done
		if err := l.take(b); err != nil {
			return err
		}
		free <- b
	}
	return ended
}

// check looks at the entries of a batch by themselves.
func (b *batch) check(e *entry, until uint64) {
	c := &b.checked
	c.streams, c.revisions, c.leaves, c.destroyed, c.err = c.streams[:0], c.revisions[:0], c.leaves[:0], 0, nil
	for i, s := range b.spans {
		position := b.begin + uint64(i) + 1
		if wrong := e.parse(b.buf[s.start:s.end]); wrong != "" {
			c.err = at(position, "entry", "%s", wrong)
			return
		}
		switch {
		case e.position != position:
			c.err = at(position, "order", "the bytes here say that they are entry %d", e.position)
			return
		case i == 0:
			c.first = e.recordedAt
		case e.recordedAt < c.last:
			c.err = at(position, "order", "it was recorded before the entry that it follows")
			return
		}
		c.last = e.recordedAt
		c.streams, c.revisions = append(c.streams, e.stream), append(c.revisions, e.revision)
		if _, is := e.destroyedKey(); is {
			c.destroyed++
		}
		if position <= until {
			b.buf[s.start-1] = 0 // the last byte of its length, which was read, makes way for the mark of a leaf
			c.leaves = append(c.leaves, sha256.Sum256(b.buf[s.start-1:s.end]))
		}
	}
	if len(c.leaves) > 0 {
		c.tree, c.err = rangeOf(b.begin, c.leaves)
	}
}

// take adds a batch to what was checked before it.
func (l *ledgerCheck) take(b *batch) error {
	c := &b.checked
	if c.err != nil {
		return c.err
	}
	if c.first < l.recorded {
		return at(b.begin+1, "order", "it was recorded before the entry that it follows")
	}
	l.recorded = c.last
	for i := range c.streams {
		if err := l.revisions.follow(b.begin+uint64(i)+1, c.streams[i], c.revisions[i]); err != nil {
			return err
		}
	}
	l.destroyed += c.destroyed
	l.entries += uint64(len(b.spans))
	l.bytes += int64(b.spans[len(b.spans)-1].end)
	if l.progress != nil {
		l.progress(l.entries, l.bytes)
	}
	if len(c.leaves) == 0 {
		return nil
	}
	return l.tree.AppendRange(c.tree, nil)
}

// again reads the file once more for streams that had no room before.
func (l *ledgerCheck) again(ctx context.Context, file *io.SectionReader) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in, err := readLedger(file, false)
	if err != nil {
		return err
	}
	b := &batch{buf: make([]byte, batchBytes)}
	for !in.ended {
		if err := in.next(b); err != nil {
			return err
		}
		for i, s := range b.spans {
			if s.end-s.start < headerBytes {
				return at(b.begin+uint64(i)+1, "entry", "the file changed while it was read")
			}
			stream, revision := headerStream(b.buf[s.start:s.end])
			if err := l.revisions.follow(b.begin+uint64(i)+1, stream, revision); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}
