package interop

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"

	"caseledger/domain/event"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/witness"
)

// leaves hashes the entries of a bundle as RFC 6962 does, with Tessera's code.
func leaves(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	all := make([][]byte, len(b.Entries))
	for i, e := range b.Entries {
		all[i] = rfc6962.DefaultHasher.HashLeaf(e)
	}
	return all, nil
}

func fetcher(t *testing.T, address string) *client.HTTPFetcher {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	f, err := client.NewHTTPFetcher(u, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// check runs Tessera's fsck. It needs more workers than there are tiles: they
// stop at the first fault, and then it would wait for them for ever.
func (l *sealed) check(t *testing.T, address string) error {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	ended := make(chan error, 1)
	go func() {
		ended <- fsck.New(origin, l.key.verifier, fetcher(t, address), leaves, fsck.Opts{N: uint(l.size/ledger.TileWidth + 16)}).Check(ctx)
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		t.Fatal("fsck does not end")
		return nil
	}
}

// Tessera's fsck makes the tree anew from the entries, and finds every tile and
// the checkpoint as our sealer made them; and one hash of one tile that is altered
// is found. Its client's proofs are ours, of entries and of growth.
func TestTessera(t *testing.T) {
	t.Parallel()
	l := newSealed(t, newLedgerKey(t), "one")
	for _, n := range []int{1, 255, 256, 257, 1000, 66_000} {
		before := l.size
		l.grow(t, n-l.size)
		address := l.serve(t, nil)
		if err := l.check(t, address); err != nil {
			t.Fatalf("%d entries: fsck: %v", n, err)
		}
		l.compareProofs(t, fetcher(t, address), before)
	}
	for _, path := range []string{"tile/0/200", "tile/0/257.p/208", "tile/1/001.p/1", "tile/2/000.p/1", "tile/entries/123", "checkpoint"} {
		reached := false
		err := l.check(t, l.serve(t, func(asked string, answer []byte) []byte {
			if asked == path && len(answer) > 20 {
				reached = true
				answer = append([]byte{}, answer...)
				answer[len(answer)/2] ^= 1
			}
			return answer
		}))
		if err == nil || !reached {
			t.Errorf("%s altered, asked for %t: fsck: %v", path, reached, err)
		}
	}
}

// compareProofs checks proofs of ours with the merkle library, and those that
// Tessera's client makes from our tiles against ours.
func (l *sealed) compareProofs(t *testing.T, from *client.HTTPFetcher, before int) {
	t.Helper()
	size := uint64(l.size)
	c, _, _, err := client.FetchCheckpoint(t.Context(), from.ReadCheckpoint, l.key.verifier, origin)
	if err != nil || c.Size != size {
		t.Fatalf("%d: %v", size, err)
	}
	theirs, err := client.NewProofBuilder(t.Context(), size, from.ReadTile)
	if err != nil {
		t.Fatal(err)
	}
	for _, position := range []int{1, l.size/3 + 1, l.size/2 + 1, l.size} {
		ours, err := l.reader.Inclusion(t.Context(), event.Position(position), int64(size))
		if err != nil {
			t.Fatal(err)
		}
		made, err := theirs.InclusionProof(t.Context(), uint64(position-1))
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range l.store.ReadAll(t.Context(), event.Position(position-1)) {
			if err != nil {
				t.Fatal(err)
			}
			leaf := rfc6962.DefaultHasher.HashLeaf(codec.Bytes(e))
			for who, p := range map[string][][]byte{"ours": raw(ours), "Tessera's": made} {
				if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(position-1), size, leaf, p, c.Hash); err != nil {
					t.Fatalf("entry %d of %d, %s: %v", position, size, who, err)
				}
			}
			break
		}
		if fmt.Sprint(raw(ours)) != fmt.Sprint(made) {
			t.Errorf("entry %d of %d: another proof than Tessera's", position, size)
		}
	}
	if before == 0 {
		return
	}
	ours, err := l.reader.Consistency(t.Context(), int64(before), int64(size))
	if err != nil {
		t.Fatal(err)
	}
	root, err := l.reader.Root(t.Context(), int64(before))
	if err != nil {
		t.Fatal(err)
	}
	made, err := theirs.ConsistencyProof(t.Context(), uint64(before), size)
	if err != nil {
		t.Fatal(err)
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(before), size, raw(ours), root[:], c.Hash); err != nil || fmt.Sprint(raw(ours)) != fmt.Sprint(made) {
		t.Errorf("%d to %d: %v", before, size, err)
	}
}

func raw[H ~[32]byte](hashes []H) [][]byte {
	all := make([][]byte, len(hashes))
	for i := range hashes {
		all[i] = hashes[i][:]
	}
	return all
}

// A Tessera log publishes nothing before our witness has cosigned it, by Tessera's
// own client of witnesses.
func TestTesseraAsksOurWitness(t *testing.T) {
	t.Parallel()
	const name = "tessera.example/log"
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	witnessKey, vkey, err := witness.GenerateKey(rand.Reader, "ours.example/witness")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := witness.NewSigner(witnessKey)
	if err != nil {
		t.Fatal(err)
	}
	store, err := witness.OpenStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	server, err := witness.NewServer(witness.ServerSettings{Signer: ours, Logs: []witness.Log{{Origin: name, Keys: []note.Verifier{verifier}}},
		Store: store, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	defer web.Close()
	group, err := tessera.NewWitnessGroupFromPolicy([]byte("witness ours " + vkey + " " + web.URL + "\nquorum ours\n"))
	if err != nil {
		t.Fatal(err)
	}
	driver, err := posix.New(t.Context(), posix.Config{Path: filepath.Join(t.TempDir(), "log")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().WithCheckpointSigner(signer).
		WithBatching(1, 10*time.Millisecond).WithCheckpointInterval(100*time.Millisecond).WithWitnesses(group, nil))
	if err != nil {
		t.Fatal(err)
	}
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 20*time.Millisecond)
	for i := range 5 {
		index, signed, err := awaiter.Await(ctx, appender.Add(ctx, tessera.NewEntry(fmt.Append(nil, "entry ", i))))
		if err != nil || index.Index != uint64(i) {
			t.Fatalf("entry %d: %v", i, err)
		}
		if !strings.Contains(string(signed), "— ours.example/witness ") || !group.Satisfied(signed) {
			t.Errorf("entry %d is published and not cosigned:\n%s", i, signed)
		}
	}
	if err := shutdown(ctx); err != nil {
		t.Error(err)
	}
	if got := server.Figures(); got.Sizes[name] != 5 || got.Outcomes[witness.Cosigned] == 0 || got.Forks != 0 {
		t.Errorf("%+v", got)
	}
}
