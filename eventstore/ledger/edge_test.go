package ledger

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// vectors are the leaves of the reference tests of Certificate Transparency, and
// the roots of their first 1, 2, 3 … as RFC 6962 section 2.1 defines them.
var vectors = struct{ leaves, roots []string }{
	[]string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"},
	[]string{
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	},
}

func TestBothWaysMakeTheRootsOfRFC6962(t *testing.T) {
	t.Parallel()
	e, a := &edge{}, againFrom(&edge{})
	const none = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if is, err := e.tree(); err != nil || hex.EncodeToString(is.Hash[:]) != none || a.root() != is.Hash {
		t.Errorf("the root of nothing is %v and %v (%v)", is, a.root(), err)
	}
	for i, leaf := range vectors.leaves {
		b, err := hex.DecodeString(leaf)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.add(tlog.RecordHash(b), nil); err != nil {
			t.Fatal(err)
		}
		a.sum.Reset()
		a.sum.Write(append([]byte{0}, b...))
		a.add([32]byte(a.sum.Sum(nil)), nil)
		is, err := e.tree()
		if err != nil || hex.EncodeToString(is.Hash[:]) != vectors.roots[i] {
			t.Errorf("the root of %d is %x (%v), want %s", i+1, is.Hash, err, vectors.roots[i])
		}
		if root := a.root(); hex.EncodeToString(root[:]) != vectors.roots[i] {
			t.Errorf("by the second way the root of %d is %x, want %s", i+1, root, vectors.roots[i])
		}
	}
}

// TestBothWaysAgreeOnEveryTile goes over the ends of tiles of three levels, and
// begins anew from the right edge at each of them.
func TestBothWaysAgreeOnEveryTile(t *testing.T) {
	t.Parallel()
	e, a := &edge{}, againFrom(&edge{})
	var tiles, again []string
	tell := func(to *[]string) func(int, int64, []byte) {
		return func(level int, n int64, data []byte) {
			*to = append(*to, fmt.Sprintf("%s %x", TileName(level, n, TileWidth), data[len(data)-tlog.HashSize:]))
		}
	}
	const size = TileWidth*TileWidth + 2*TileWidth + 3
	for i := range int64(size) {
		leaf := tlog.RecordHash([]byte{byte(i), byte(i >> 8), byte(i >> 16)})
		one, other := tell(&tiles), tell(&again)
		if err := e.add(leaf, func(t tlog.Tile, data []byte) { one(t.L, t.N, data) }); err != nil {
			t.Fatal(err)
		}
		a.add(leaf, other)
		if n := i + 1; n%TileWidth > 2 && n%TileWidth < TileWidth-2 && n%1000 != 0 {
			continue
		}
		is, err := e.tree()
		if err != nil || a.root() != is.Hash {
			t.Fatalf("the root of %d is %v and %v (%v)", i+1, is.Hash, a.root(), err)
		}
		data := map[tlog.Tile][]byte{}
		for _, t := range tilesOf(e.size) {
			data[t] = e.tiles[t.L]
		}
		back, err := edgeOf(e.size, data)
		if err != nil {
			t.Fatal(err)
		}
		if was, err := back.tree(); err != nil || was != is {
			t.Fatalf("from its edge the tree of %d is %v (%v), want %v", i+1, was, err, is)
		}
		for l, b := range back.tiles {
			if !bytes.Equal(b, e.tiles[l]) {
				t.Fatalf("at %d entries the edge's tile of level %d is another", i+1, l)
			}
		}
		e, a = back, againFrom(back)
	}
	if fmt.Sprint(tiles) != fmt.Sprint(again) || len(tiles) != 258+1 {
		t.Errorf("the two ways fill %d and %d tiles, or others", len(tiles), len(again))
	}
}

func TestTilesAreNamedByTlogTiles(t *testing.T) {
	t.Parallel()
	for want, is := range map[string]string{
		"tile/0/000":               TileName(0, 0, 256),
		"tile/0/000.p/1":           TileName(0, 0, 1),
		"tile/0/x001/234":          TileName(0, 1234, 256),
		"tile/1/x123/x456/789.p/7": TileName(1, 123456789, 7),
	} {
		if is != want || CheckName(is) != nil {
			t.Errorf("got %s, want %s", is, want)
		}
	}
}

func FuzzParseSigningKeys(f *testing.F) {
	f.Add([]byte(keysHeader + "\nsign PRIVATE+KEY+hub.example+2b7e4d2c+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"))
	f.Add([]byte(keysHeader + "\nverify PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := parseSigningKeys(text)
		if err == nil && (!bytes.Equal(k.text(), text) || len(k.Signers()) == 0) {
			t.Errorf("%q is read and not written so", text)
		}
	})
}

func FuzzParseMemory(f *testing.F) {
	f.Add(memoryText("hub.example", Tree{N: 7}))
	f.Fuzz(func(t *testing.T, text []byte) {
		origin, tree, err := parseMemory(text)
		if err == nil && !bytes.Equal(memoryText(origin, tree), text) {
			t.Errorf("%q is read and not written so", text)
		}
	})
}
