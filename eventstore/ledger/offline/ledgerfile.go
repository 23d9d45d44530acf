package offline

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	hashing "hash"
	"io"
	"sync"

	"caseledger/eventstore/ledger/verdict"
)

// The form of an exported ledger, as package transfer specifies it.
const (
	ledgerMagic       = "caseledger ledger\n"
	ledgerHeaderBytes = len(ledgerMagic) + 1 + 1 + 8
	trailerBytes      = 8 + sha256.Size // behind the zero length
)

// theFile is what a finding that is no entry's is about.
const theFile = "the file"

// batchBytes is how much of a file is read and checked at once. It holds the
// largest entry with its length many times over.
const batchBytes = 256 << 10

// span is where an entry stands in a batch.
type span struct{ start, end int32 }

// batch is some consecutive entries, as they are read and as they were checked.
type batch struct {
	buf   []byte
	spans []span
	begin uint64 // index of the first entry

	checked checkedBatch
	done    chan struct{}
}

// ledgerReader reads the entries of an exported ledger, batch by batch.
type ledgerReader struct {
	in     io.Reader
	digest hashing.Hash // nil: not asked for
	count  uint64       // of entries, as the file says before them
	seen   uint64
	carry  []byte // what was read beyond the last whole entry
	ended  bool
}

var errCut = unreadable("the file is cut short: copy it again")

func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errCut
	}
	return err
}

// readLedger begins to read a file.
func readLedger(in io.Reader, digest bool) (*ledgerReader, error) {
	r := &ledgerReader{in: in}
	if digest {
		r.digest = sha256.New()
	}
	head := make([]byte, ledgerHeaderBytes)
	n, err := io.ReadFull(in, head)
	switch {
	case n < len(ledgerMagic) || string(head[:len(ledgerMagic)]) != ledgerMagic:
		return nil, unreadable("it is not the file of a ledger")
	case err != nil:
		return nil, cut(err)
	}
	switch rest := head[len(ledgerMagic):]; {
	case rest[0] != 1:
		return nil, unreadable("the file is of a format that this program does not know")
	case rest[1] > 1:
		return nil, wrong(verdict.Proof, theFile, "its header is none")
	default:
		r.count = binary.BigEndian.Uint64(rest[2:])
	}
	r.hash(head)
	return r, nil
}

func (r *ledgerReader) hash(b []byte) {
	if r.digest != nil {
		r.digest.Write(b)
	}
}

// next fills a batch with the next entries; with none once the file has ended as
// it must.
func (r *ledgerReader) next(b *batch) error {
	b.spans, b.begin = b.spans[:0], r.seen
	if r.ended {
		return nil
	}
	n := copy(b.buf, r.carry)
	r.carry = r.carry[:0]
	for n < len(b.buf) {
		m, err := r.in.Read(b.buf[n:])
		n += m
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err != nil {
			break
		}
	}
	have := b.buf[:n]
	at := 0
	for len(have)-at >= 4 {
		said := binary.BigEndian.Uint32(have[at:])
		if said == 0 {
			r.hash(have[:at+4])
			return r.end(have[at+4:], n == len(b.buf))
		}
		if said > maxEntryBytes { // compared before it is an int, which may have 32 bits
			return wrongAt(r.seen+1, verdict.EntryMalformed, "its length is none that an entry can have")
		}
		length := int(said)
		if len(have)-at-4 < length {
			break
		}
		b.spans = append(b.spans, span{int32(at + 4), int32(at + 4 + length)})
		at += 4 + length
		r.seen++
	}
	if len(b.spans) == 0 {
		return errCut
	}
	r.hash(have[:at])
	r.carry = append(r.carry, have[at:]...)
	return nil
}

// end reads what follows the last entry: how many there were, and the digest of
// the file. more says that the file may go on behind b.
func (r *ledgerReader) end(b []byte, more bool) error {
	r.ended = true
	if more {
		rest, err := io.ReadAll(io.LimitReader(r.in, int64(trailerBytes+1)))
		if err != nil {
			return err
		}
		b = append(append([]byte(nil), b...), rest...)
	}
	switch {
	case len(b) < trailerBytes:
		return errCut
	case len(b) > trailerBytes:
		return wrong(verdict.Proof, theFile, "something follows its end")
	}
	if n := binary.BigEndian.Uint64(b); n != r.seen || r.count != r.seen {
		return wrong(verdict.Proof, theFile, "it has %d entries, and says otherwise", r.seen)
	}
	r.hash(b[:8])
	if r.digest != nil && string(r.digest.Sum(nil)) != string(b[8:]) {
		return wrong(verdict.Proof, theFile, "it does not have the digest at its end")
	}
	return nil
}

// feed hands out a file's batches in order, to several who check them. Whoever
// takes a batch reads it, so that its bytes are near when they are hashed.
type feed struct {
	mu      sync.Mutex
	in      *ledgerReader
	free    chan *batch
	ordered chan<- *batch // those that were handed out, in the order of the file; closed behind the last
	err     error         // why that was not the end of the file
	over    bool
}

// next hands out a batch, in which something is; nil when there is no more.
func (f *feed) next(ctx context.Context) *batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return nil
	}
	var b *batch
	select {
	case b = <-f.free:
		f.err = f.in.next(b)
	case <-ctx.Done():
		f.err = ctx.Err()
	}
	handed := b != nil && len(b.spans) > 0
	if handed {
		b.done = make(chan struct{})
		f.ordered <- b // there is room for every batch
	}
	if f.over = f.err != nil || f.in.ended; f.over {
		close(f.ordered)
	}
	if !handed {
		return nil
	}
	return b
}
