package transfer

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"

	"caseledger/eventstore"
	"caseledger/eventstore/codec"
)

// Why a file is not read, or not to its end. Nothing of it may be kept.
var (
	// ErrForeign: it is not the file of a ledger.
	ErrForeign = errors.New("transfer: not the file of a ledger")
	// ErrNewer: a later version of this program wrote it.
	ErrNewer = errors.New("transfer: the file is newer than this program")
	// ErrTruncated: it ends too early. Copy it again.
	ErrTruncated = errors.New("transfer: the file is cut short")
	// ErrAltered: it is not what was written.
	ErrAltered = errors.New("transfer: the file was altered")
	// ErrOversize: it holds what is larger than any event can be. It was altered,
	// or made by somebody else.
	ErrOversize = errors.New("transfer: an event larger than any can be")
)

const (
	magic   = "caseledger ledger\n"
	format  = 1
	invents = 1 // the mark of invented people

	headerBytes = len(magic) + 1 + 1 + 8
	largest     = 1 + codec.HeaderBytes + eventstore.MaxBodyBytes
)

// Facts are what a file says of its ledger before the events.
type Facts struct {
	Events    uint64 // how many there are
	Synthetic bool   // every person in it is invented
}

// Digest is the SHA-256 of a file but for its last 32 bytes, which are the
// digest itself.
type Digest [sha256.Size]byte

// Write writes the file of a ledger, which must yield just as many events as
// the facts say, in constant memory. [eventstore.ErrBrokenLedger] if it does
// not, or is none; an error that the ledger yields is returned. What was
// written before an error cannot be read as a whole file.
func Write(to io.Writer, facts Facts, ledger iter.Seq2[eventstore.Stored, error]) (Digest, error) {
	sum := sha256.New()
	out := bufio.NewWriterSize(to, 1<<16)
	w := writer{out: out, sum: sum}
	head := append([]byte(magic), format, 0)
	if facts.Synthetic {
		head[len(head)-1] = invents
	}
	w.put(binary.BigEndian.AppendUint64(head, facts.Events))
	var before eventstore.Stored
	for e, err := range ledger {
		if err == nil {
			err = eventstore.CheckIngested(before, e)
		}
		if err != nil {
			return Digest{}, err
		}
		stored := codec.Bytes(e)
		if _, err := codec.ParseStored(stored); err != nil {
			return Digest{}, fmt.Errorf("%w: position %d cannot be read: %w", eventstore.ErrBrokenLedger, e.Position, err)
		}
		w.put(binary.BigEndian.AppendUint32(nil, uint32(len(stored))))
		if w.put(stored); w.err != nil {
			return Digest{}, fmt.Errorf("transfer: write: %w", w.err)
		}
		before = eventstore.Stored{Position: e.Position, RecordedAt: e.RecordedAt}
	}
	if uint64(before.Position) != facts.Events {
		return Digest{}, fmt.Errorf("%w: it ends at %d of %d events", eventstore.ErrBrokenLedger, before.Position, facts.Events)
	}
	w.put(binary.BigEndian.AppendUint64(make([]byte, 4), facts.Events))
	digest := Digest(sum.Sum(nil))
	w.put(digest[:])
	if w.err == nil {
		w.err = out.Flush()
	}
	if w.err != nil {
		return Digest{}, fmt.Errorf("transfer: write: %w", w.err)
	}
	return digest, nil
}

// writer writes and hashes until something fails.
type writer struct {
	out io.Writer
	sum hash.Hash
	err error
}

func (w *writer) put(b []byte) {
	w.sum.Write(b)
	if w.err == nil {
		_, w.err = w.out.Write(b)
	}
}

// Reader reads the file of a ledger.
type Reader struct {
	in     *bufio.Reader
	sum    hash.Hash
	facts  Facts
	digest Digest
	used   bool
}

// Read begins to read a file. It answers [ErrForeign], [ErrNewer],
// [ErrTruncated], [ErrAltered] or the error of in.
func Read(in io.Reader) (*Reader, error) {
	r := &Reader{in: bufio.NewReaderSize(in, 1<<16), sum: sha256.New()}
	head := make([]byte, headerBytes)
	n, err := io.ReadFull(r.in, head)
	switch {
	case n < len(magic) && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)), n >= len(magic) && string(head[:len(magic)]) != magic:
		return nil, ErrForeign
	case n > len(magic) && head[len(magic)] > format:
		return nil, fmt.Errorf("%w: its format is %d, this program knows %d", ErrNewer, head[len(magic)], format)
	case err != nil:
		return nil, broken(err)
	case head[len(magic)] != format || head[len(magic)+1] > invents:
		return nil, fmt.Errorf("%w: in its header", ErrAltered)
	}
	r.sum.Write(head)
	r.facts = Facts{Events: binary.BigEndian.Uint64(head[len(magic)+2:]), Synthetic: head[len(magic)+1] == invents}
	return r, nil
}

// broken is the error of a read, in which the end of the file comes too early.
func broken(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	return fmt.Errorf("transfer: read: %w", err)
}

// Facts are what the file says of its ledger. They are only true if
// [Reader.Events] ends without an error.
func (r *Reader) Facts() Facts { return r.facts }

// Digest is the file's, once [Reader.Events] has ended without an error.
func (r *Reader) Digest() Digest { return r.digest }

// Events yields the ledger, once, in constant memory. Only when it has ended
// without an error was the file whole: whoever takes the events over keeps
// nothing otherwise. The errors are those of this package,
// [eventstore.ErrBrokenLedger], or that of the reader below.
func (r *Reader) Events() iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		if r.used {
			panic("transfer: a file is read once")
		}
		r.used = true
		var before eventstore.Stored
		for {
			e, more, err := r.next(before)
			if err != nil {
				yield(eventstore.Stored{}, err)
				return
			}
			if !more || !yield(e, nil) {
				return
			}
			before = eventstore.Stored{Position: e.Position, RecordedAt: e.RecordedAt}
		}
	}
}

// next reads the next event, or the trailer; more is false after that.
func (r *Reader) next(before eventstore.Stored) (e eventstore.Stored, more bool, err error) {
	length, err := r.take(4)
	if err != nil {
		return e, false, err
	}
	n := binary.BigEndian.Uint32(length)
	switch {
	case n == 0:
		return e, false, r.end(uint64(before.Position))
	case n > uint32(largest):
		return e, false, fmt.Errorf("%w: %d bytes after position %d", ErrOversize, n, before.Position)
	}
	stored, err := r.take(int(n))
	if err != nil {
		return e, false, err
	}
	if e, err = codec.ParseStored(stored); err != nil {
		return e, false, fmt.Errorf("%w: after position %d: %w", ErrAltered, before.Position, err)
	}
	return e, true, eventstore.CheckIngested(before, e)
}

// end reads the trailer and holds it against what came before.
func (r *Reader) end(events uint64) error {
	count, err := r.take(8)
	if err != nil {
		return err
	}
	digest := Digest(r.sum.Sum(nil))
	var claimed Digest
	if _, err := io.ReadFull(r.in, claimed[:]); err != nil {
		return broken(err)
	}
	if n := binary.BigEndian.Uint64(count); claimed != digest || n != events || r.facts.Events != events {
		return fmt.Errorf("%w: %d events do not have the digest or the number that it gives", ErrAltered, events)
	}
	switch _, err := r.in.ReadByte(); {
	case err == nil:
		return fmt.Errorf("%w: something follows its end", ErrAltered)
	case !errors.Is(err, io.EOF):
		return broken(err)
	}
	r.digest = digest
	return nil
}

// take reads and hashes the next bytes.
func (r *Reader) take(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(r.in, b); err != nil {
		return nil, broken(err)
	}
	r.sum.Write(b)
	return b, nil
}
