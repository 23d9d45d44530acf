package casepack_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"caseledger/eventstore/casepack"
)

const origin = "hub.example/ledger"

// key is a signer and its verifier that are the same in every run.
func key(tb testing.TB, name string, seed byte) (note.Signer, note.Verifier) {
	tb.Helper()
	secret, public, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 64)), name)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := note.NewSigner(secret)
	if err != nil {
		tb.Fatal(err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		tb.Fatal(err)
	}
	return s, v
}

var statement = casepack.Statement{Origin: origin, Tree: tlog.Tree{N: 12, Hash: tlog.RecordHash([]byte("twelve"))}}

func write(tb testing.TB, members map[string][]byte) []byte {
	tb.Helper()
	signer, _ := key(tb, origin, 1)
	var out bytes.Buffer
	if err := casepack.Write(&out, members, statement, signer); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

var members = map[string][]byte{"README.txt": []byte("hello\n"), "entries/10.bin": {1, 2, 3}, "entries/9.bin": {}, "pack.json": []byte("{}")}

// The bytes of the format's description.
func TestThePackOfTheDescription(t *testing.T) {
	t.Parallel()
	pack := write(t, map[string][]byte{"README.txt": []byte("hello\n")})
	p, err := casepack.Read(pack)
	if err != nil {
		t.Fatal(err)
	}
	sums, _ := p.Member(casepack.NameSums)
	if want := "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03  README.txt\n"; string(sums) != want {
		t.Errorf("got checksums %q, want %q", sums, want)
	}
	signature, _ := p.Member(casepack.NameSignature)
	text, _, _ := strings.Cut(string(signature), "\n\n")
	want := "caseledger-pack/v1\nhub.example/ledger\n9zPw9W3Hzgv3ABQoQzKAI4iLiZb06zEkXtd+ZzyEq6Y=\n12\n8G4UD1KsAAsZ+y//NTSU82HC2IfspiU/FGeUjadq1Qs="
	if text != want {
		t.Errorf("got signed text %q, want %q", text, want)
	}
	central := "\x0a\x00" + // version needed
		"\x00\x00\x00\x00\x00\x00\x21\x00" + "\x20\x30\x3a\x36" + "\x06\x00\x00\x00\x06\x00\x00\x00" + "\x0a\x00\x00\x00"
	if local := "PK\x03\x04" + central + "README.txt" + "hello\n" + "PK\x03\x04"; !bytes.HasPrefix(pack, []byte(local)) {
		t.Errorf("the pack begins with %q, want %q", pack[:len(local)], local)
	}
	directory := "PK\x01\x02\x0a\x00" + central + strings.Repeat("\x00", 10) + "\x00\x00\x00\x00" + "README.txt" + "PK\x01\x02"
	at := bytes.Index(pack, []byte("PK\x01\x02"))
	if !bytes.HasPrefix(pack[at:], []byte(directory)) {
		t.Errorf("the directory begins with %q, want %q", pack[at:at+len(directory)], directory)
	}
	end := []byte("PK\x05\x06\x00\x00\x00\x00\x03\x00\x03\x00")
	end = binary.LittleEndian.AppendUint32(end, uint32(len(pack)-22-at))
	end = append(binary.LittleEndian.AppendUint32(end, uint32(at)), 0, 0)
	if !bytes.HasSuffix(pack, end) {
		t.Errorf("the pack ends with %q, want %q", pack[len(pack)-22:], end)
	}
}

// What is written is read, whoever reads it.
func TestAPackComesBack(t *testing.T) {
	t.Parallel()
	pack := write(t, members)
	p, err := casepack.Read(pack)
	if err != nil {
		t.Fatal(err)
	}
	if p.Statement != statement {
		t.Errorf("got %v, want %v", p.Statement, statement)
	}
	_, known := key(t, origin, 1)
	if _, err := p.Signed(note.VerifierList(known)); err != nil {
		t.Error(err)
	}
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		t.Fatal(err)
	}
	if len(z.File) != len(members)+2 || len(p.Members) != len(z.File) {
		t.Fatalf("got %d members, archive/zip got %d, want %d", len(p.Members), len(z.File), len(members)+2)
	}
	dir := t.TempDir()
	for i, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil || f.Name != p.Members[i].Name || !bytes.Equal(b, p.Members[i].Bytes) {
			t.Errorf("archive/zip got %s, %d bytes, %v; want %s", f.Name, len(b), err, p.Members[i].Name)
		}
		if want, ours := members[f.Name]; ours && !bytes.Equal(b, want) {
			t.Errorf("%s: got %q, want %q", f.Name, b, want)
		}
		at := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", casepack.NameSums)
	check.Dir = dir
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
}

func TestOneFormForGivenMembers(t *testing.T) {
	t.Parallel()
	if !bytes.Equal(write(t, members), write(t, maps.Clone(members))) {
		t.Error("the same members were written in two ways")
	}
}

// Every bit of a pack counts, and so does where it ends.
func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	pack := write(t, members)
	_, known := key(t, origin, 1)
	fine := func(b []byte) bool {
		p, err := casepack.Read(b)
		if err == nil {
			_, err = p.Signed(note.VerifierList(known))
		}
		if err != nil && !slices.ContainsFunc([]error{casepack.ErrNotPack, casepack.ErrAltered, casepack.ErrName, casepack.ErrTooLarge, casepack.ErrSignature},
			func(e error) bool { return errors.Is(err, e) }) {
			t.Errorf("an error without a name: %v", err)
		}
		return err == nil
	}
	if !fine(pack) {
		t.Fatal("the whole pack is refused")
	}
	for i := range len(pack) * 8 {
		bad := bytes.Clone(pack)
		if bad[i/8] ^= 1 << (i % 8); fine(bad) {
			t.Errorf("bit %d of byte %d is flipped, and not found", i%8, i/8)
		}
	}
	for n := range pack {
		if fine(pack[:n]) {
			t.Errorf("cut at %d, and not found", n)
		}
	}
	for what, bad := range map[string][]byte{
		"something behind it":  append(bytes.Clone(pack), 0),
		"something before it":  append([]byte{0}, pack...),
		"two packs":            append(bytes.Clone(pack), pack...),
		"another ZIP file":     foreignZIP(t),
		"another key's":        nil,
		"nothing":              {},
		"a directory at least": []byte("PK\x05\x06" + strings.Repeat("\x00", 18)),
	} {
		if bad == nil {
			signer, _ := key(t, origin, 2)
			var out bytes.Buffer
			if err := casepack.Write(&out, members, statement, signer); err != nil {
				t.Fatal(err)
			}
			bad = out.Bytes()
		}
		if fine(bad) {
			t.Errorf("%s: it passes for the pack", what)
		}
	}
}

// foreignZIP is a ZIP file as another program writes it.
func foreignZIP(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(members[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestNamesThatNoPackHas(t *testing.T) {
	t.Parallel()
	signer, _ := key(t, origin, 1)
	for _, names := range [][]string{
		{""}, {"/a"}, {"a/"}, {"a//b"}, {"."}, {".."}, {"../a"}, {"a/../b"}, {".hidden"}, {"-rf"}, {`a\b`}, {"a b"}, {"é"}, {"a\x00"},
		{strings.Repeat("a", casepack.MaxName+1)},
		{"readme.txt", "README.txt"}, {"a", "a/b"}, {"A", "a/b/c"},
		{casepack.NameSums}, {casepack.NameSignature}, {"sha256sums"},
	} {
		all := map[string][]byte{}
		for _, n := range names {
			all[n] = nil
		}
		var out bytes.Buffer
		if err := casepack.Write(&out, all, statement, signer); !errors.Is(err, casepack.ErrName) || out.Len() > 0 {
			t.Errorf("%q: got %v and %d bytes, want ErrName and none", names, err, out.Len())
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	signer, _ := key(t, origin, 1)
	many := map[string][]byte{}
	for i := range casepack.MaxMembers - 1 { // and two more: checksums and signature
		many[fmt.Sprintf("entries/%d.bin", i)] = nil
	}
	if err := casepack.Write(io.Discard, many, statement, signer); !errors.Is(err, casepack.ErrTooLarge) {
		t.Errorf("one member too many: %v", err)
	}
	delete(many, "entries/0.bin")
	if _, err := casepack.Read(write(t, many)); err != nil {
		t.Errorf("as many members as there may be: %v", err)
	}
}

func TestWhoSigns(t *testing.T) {
	t.Parallel()
	ours, _ := key(t, origin, 1)
	successor, _ := key(t, origin, 3)
	witness, _ := key(t, "witness.example", 2)
	nameless, _ := key(t, casepack.Format, 4)
	for what, c := range map[string]struct {
		origin  string
		signers []note.Signer
		ok      bool
	}{
		"the ledger":                    {origin, []note.Signer{ours}, true},
		"its key and the one before":    {origin, []note.Signer{ours, successor}, true},
		"nobody":                        {origin, nil, false},
		"a witness":                     {origin, []note.Signer{witness}, false},
		"a witness beside the ledger":   {origin, []note.Signer{ours, witness}, false},
		"a ledger named as the format":  {casepack.Format, []note.Signer{nameless}, false},
		"a ledger under another origin": {"hub.example/other", []note.Signer{ours}, false},
	} {
		err := casepack.Write(io.Discard, members, casepack.Statement{Origin: c.origin, Tree: statement.Tree}, c.signers...)
		if c.ok != (err == nil) || !c.ok && !errors.Is(err, casepack.ErrSignature) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestPacksOfAllShapesComeBack(t *testing.T) {
	t.Parallel()
	signer, known := key(t, origin, 1)
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.MapOf(rapid.StringMatching(`[a-c]{1,2}\.bin|d/[a-c]{1,3}`), rapid.SliceOfN(rapid.Byte(), 0, 40)).Draw(t, "members")
		of := casepack.Statement{Origin: origin, Tree: tlog.Tree{N: rapid.Int64Min(0).Draw(t, "size")}}
		var out bytes.Buffer
		if err := casepack.Write(&out, all, of, signer); err != nil {
			t.Fatal(err)
		}
		p, err := casepack.Read(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Signed(note.VerifierList(known)); err != nil || p.Statement != of || len(p.Members) != len(all)+2 {
			t.Errorf("got %v, %d members, %v", p.Statement, len(p.Members), err)
		}
		for name, want := range all {
			if got, ok := p.Member(name); !ok || !bytes.Equal(got, want) {
				t.Errorf("%s: got %q, %t, want %q", name, got, ok, want)
			}
		}
		if _, ok := p.Member("absent"); ok {
			t.Error("a member that is not there")
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add(write(f, members))
	f.Add([]byte("PK\x03\x04"))
	signer, _ := key(f, origin, 1)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := casepack.Read(b)
		if err != nil {
			return
		}
		again := map[string][]byte{}
		for _, m := range p.Members {
			if m.Name != casepack.NameSums && m.Name != casepack.NameSignature {
				again[m.Name] = m.Bytes
			}
		}
		if _, ok := p.Member(casepack.NameSums); !ok {
			t.Error("a pack without checksums is read")
		}
		if p.Statement.Origin == origin {
			if err := casepack.Write(io.Discard, again, p.Statement, signer); err != nil {
				t.Errorf("it is read and cannot be written: %v", err)
			}
		}
	})
}
