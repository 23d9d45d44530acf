package assemble

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"caseledger/domain/event"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/heads"
)

// prove adds the entries, their inclusion proofs and the proofs that the streams
// are whole, and checks each.
func (a *assembly) prove(ctx context.Context) error {
	a.members["checkpoint"] = a.checkpoint.Note
	for _, e := range a.entries {
		hashes, err := a.Ledger.Inclusion(ctx, e.Position, a.checkpoint.N)
		if err != nil {
			return fmt.Errorf("assemble: prove entry %d: %w", e.Position, err)
		}
		index := int64(e.Position) - 1
		if err := tlog.CheckRecord(hashes, a.checkpoint.N, a.checkpoint.Hash, index, codec.Leaf(e.stored)); err != nil {
			return fmt.Errorf("%w: entry %d", ErrUnproven, e.Position)
		}
		name := strconv.FormatInt(index+1, 10)
		a.members["entries/"+name+".bin"] = codec.Bytes(e.stored)
		a.members["proofs/"+name+".tlog-proof"] = ledger.FormatProof(ledger.Proof{Index: index, Hashes: hashes, Checkpoint: a.checkpoint.Note})
	}
	ids := make([]event.StreamID, len(a.streams))
	for i, w := range a.streams {
		ids[i] = w.id
	}
	proofs, err := heads.Prove(ctx, a.Shelf, a.commitment, ids...)
	if err != nil {
		return fmt.Errorf("assemble: prove that the streams are whole: %w", err)
	}
	for i := range a.streams {
		w := &a.streams[i]
		w.proof = proofs[i]
		if err := w.proof.Check(a.commitment); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrUnproven, w.id, err)
		}
		if err := w.proof.Head.CheckEntries(w.leaves); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrUnproven, w.id, err)
		}
		text, err := w.proof.Bytes()
		if err != nil {
			return err
		}
		a.members["heads/"+w.id.String()+".json"] = text
		if w.withheld() > 0 {
			a.members["heads/"+w.id.String()+".leaves"] = leafLines(w.leaves)
		}
		a.made.Withheld += w.withheld()
	}
	a.made.Entries, a.made.Streams, a.made.Covered, a.made.Size = len(a.entries), len(a.streams), a.commitment.Size, a.checkpoint.N
	return nil
}

func leafLines(leaves []heads.Hash) (text []byte) {
	for _, leaf := range leaves {
		text = append(hex.AppendEncode(text, leaf[:]), '\n')
	}
	return text
}
