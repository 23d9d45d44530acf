package ledger

import (
	"context"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore/codec"
)

// CheckAltered makes what is to be published of a store's entries the first way,
// has it altered as by a fault of the memory, and checks it the second way.
func (s *Sealer) CheckAltered(ctx context.Context, alter func(full []Object, edge [][]byte, root *tlog.Hash)) error {
	e, err := s.extend(ctx, &edge{}, entry{}, 1<<20)
	if err != nil {
		return err
	}
	var leaves []tlog.Hash
	for stored, err := range s.Store.ReadAll(ctx, 0) {
		if err != nil {
			return err
		}
		leaves = append(leaves, codec.Leaf(stored))
	}
	e.objects = slices.DeleteFunc(e.objects, func(o Object) bool { return len(o.Bytes) < TileWidth*tlog.HashSize })
	alter(e.objects, e.edge.tiles, &e.tree.Hash)
	return s.check(ctx, &edge{}, leaves, e)
}
