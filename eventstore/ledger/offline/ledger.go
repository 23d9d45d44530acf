package offline

import (
	"context"
	"crypto/sha256"
	"io"
	"sync"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"caseledger/eventstore/ledger/verdict"
)

// LedgerOptions say how an exported ledger is checked.
type LedgerOptions struct {
	// Workers is how many entries are hashed at a time, at least 1.
	Workers int
	// Digest has the digest at the end of the file checked too: one core for the
	// length of the file. It covers the mark that people are invented, and what
	// no checkpoint covers yet, against accidents only.
	Digest bool
	// Progress, if not nil, is told of every quarter of a MiB or so.
	Progress func(entries uint64, bytes int64)
}

// Ledger checks an exported ledger against the signed checkpoint that was
// pinned. Memory does not grow with the file: less than 1 MiB for each worker, and
// at most [maxStreams] streams; a ledger with more of them is read again for the
// rest, without hashing. The file must not change meanwhile.
func Ledger(ctx context.Context, file io.ReaderAt, bytes int64, t *Trust, o LedgerOptions) (*verdict.Report, error) {
	r := &verdict.Report{}
	return conclude(r, t, checkLedger(ctx, io.NewSectionReader(file, 0, bytes), t, o, r))
}

func checkLedger(ctx context.Context, file *io.SectionReader, t *Trust, o LedgerOptions, r *verdict.Report) error {
	in, err := readLedger(file, o.Digest)
	if err != nil {
		return err
	}
	if !t.pinning {
		return unproven("only a signed checkpoint says what the ledger was: give one with --checkpoint")
	}
	c, err := t.openPinned(r)
	if err != nil {
		return err
	}
	l := &ledgerCheck{until: c.size, revisions: newRevisions(maxStreams), tree: ranges.NewEmptyRange(0), progress: o.Progress}
	l.buffer = int(min(batchBytes, file.Size()+1))
	if err := l.run(ctx, in, max(o.Workers, 1)); err != nil {
		return err
	}
	r.Entries, r.Erased = min(in.seen, c.size), l.destroyed
	if in.seen < c.size {
		return wrongIn(in.seen+1, c.size, verdict.EntryMissing, "the file ends before them, and the checkpoint is of %d entries", c.size)
	}
	root, err := l.tree.GetRootHash(nil)
	if err != nil {
		return err
	}
	if c.size == 0 {
		root = rfc6962.DefaultHasher.EmptyRoot()
	}
	if string(root) != string(c.root[:]) {
		return wrongIn(1, c.size, verdict.HistoryOther, "they do not have the root that was signed: at least one of them is not what was recorded")
	}
	for l.revisions.more() {
		if err := l.again(ctx, file); err != nil {
			return err
		}
	}
	r.Unsealed = in.seen - c.size
	r.Step("entries", "%d are in their one form, at positions 1, 2, 3 …, and no time is before the one it follows", in.seen)
	r.Step("streams", "the revisions of each are 1, 2, 3 …")
	r.Step("root", "the first %d entries have the root that was signed", c.size)
	if o.Digest {
		r.Step("file", "has the digest at its end")
	} else {
		r.Notice("the digest at the end of the file was not checked, nor the mark of invented people, which is no entry")
	}
	if r.Unsealed > 0 {
		r.Notice("it does not show that the entries after %d were not altered: the checkpoint is not of them", c.size)
	}
	r.Notice("it does not show what the sealed boxes say")
	t.notShown(r)
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
	buffer    int    // bytes read at once
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
	ordered := make(chan *batch, inFlight)
	f := &feed{in: in, free: make(chan *batch, inFlight), ordered: ordered}
	for range inFlight {
		f.free <- &batch{buf: make([]byte, l.buffer)}
	}
	var wait sync.WaitGroup
	defer wait.Wait()
	defer stop()
	for range workers {
		wait.Go(func() {
			var e entry
			for b := f.next(ctx); b != nil; b = f.next(ctx) {
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
		f.free <- b
	}
	return f.err // set before ordered was closed
}

// check looks at the entries of a batch by themselves.
func (b *batch) check(e *entry, until uint64) {
	c := &b.checked
	c.streams, c.revisions, c.leaves, c.destroyed, c.err = c.streams[:0], c.revisions[:0], c.leaves[:0], 0, nil
	for i, s := range b.spans {
		position := b.begin + uint64(i) + 1
		if bad := e.parse(b.buf[s.start:s.end]); bad != "" {
			c.err = wrongAt(position, verdict.EntryMalformed, "%s", bad)
			return
		}
		switch {
		case e.position != position:
			c.err = wrongAt(position, verdict.EntryMissing, "the bytes here say that they are entry %d", e.position)
			return
		case i == 0:
			c.first = e.recordedAt
		case e.recordedAt < c.last:
			c.err = wrongAt(position, verdict.EntryBackdated, "it was recorded before the entry that it follows")
			return
		}
		c.last = e.recordedAt
		c.streams, c.revisions = append(c.streams, e.stream), append(c.revisions, e.revision)
		if position <= until {
			if _, is := e.destroyedKey(); is {
				c.destroyed++
			}
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
		return wrongAt(b.begin+1, verdict.EntryBackdated, "it was recorded before the entry that it follows")
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
	b := &batch{buf: make([]byte, l.buffer)}
	for !in.ended {
		if err := in.next(b); err != nil {
			return err
		}
		for i, s := range b.spans {
			if s.end-s.start < headerBytes {
				return wrongAt(b.begin+uint64(i)+1, verdict.EntryMalformed, "the file changed while it was read")
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
