package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// needles is what a search looks for: bytes of at least 8, each with a name, in
// every form that somebody might have written them in.
type needles struct {
	by map[uint64][]needle // by their first 8 bytes
}

type needle struct {
	name string
	body []byte
}

func (n *needles) put(name string, body []byte) {
	if len(body) < 8 {
		panic("too short to be looked for")
	}
	if n.by == nil {
		n.by = map[uint64][]needle{}
	}
	var first uint64
	for _, b := range body[:8] {
		first = first<<8 | uint64(b)
	}
	n.by[first] = append(n.by[first], needle{name, body})
}

// forms are the ways in which some bytes may be written, by name.
func forms(body []byte) map[string][]byte {
	all := map[string][]byte{"raw": body, "hex": hex.AppendEncode(nil, body), "HEX": bytes.ToUpper(hex.AppendEncode(nil, body))}
	for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
		for shift := range 3 { // wherever in a group of three it begins
			text := encoding.EncodeToString(append(make([]byte, shift), body...))
			lead := []int{0, 2, 3}[shift] // characters that what comes before has a part in
			all[name+string(rune('0'+shift))] = []byte(text[lead : len(text)-1])
		}
	}
	for name, text := range maps.Clone(all) {
		var little, big []byte
		for _, u := range utf16.Encode([]rune(string(text))) {
			little, big = append(little, byte(u), byte(u>>8)), append(big, byte(u>>8), byte(u))
		}
		if name == "raw" && !printable(body) {
			continue
		}
		all[name+" utf16le"], all[name+" utf16be"] = little, big
	}
	return all
}

func printable(b []byte) bool {
	return !bytes.ContainsFunc(b, func(r rune) bool { return r < 0x20 || r > 0x7e })
}

func (n *needles) putForms(name string, body []byte) {
	for form, text := range forms(body) {
		n.put(name+" as "+form, text)
	}
}

// in returns where each needle is in a folder: by name, the files.
func (n *needles) in(t *testing.T, folder string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it was there a moment ago
		}
		if err != nil {
			return err
		}
		for name := range n.within(raw) {
			short, _ := filepath.Rel(folder, path)
			found[name] = append(found[name], short)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// within returns which needles some bytes hold, one pass for all.
func (n *needles) within(raw []byte) map[string]bool {
	found := map[string]bool{}
	var window uint64
	for i, b := range raw {
		window = window<<8 | uint64(b)
		if i < 7 {
			continue
		}
		for _, one := range n.by[window] {
			if bytes.HasPrefix(raw[i-7:], one.body) {
				found[one.name] = true
			}
		}
	}
	return found
}

// say lists what was found, for whoever reads why a test fails.
func say(found map[string][]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(found)) {
		b.WriteString("\n\t" + name + ": " + strings.Join(found[name], ", "))
	}
	return b.String()
}

// The search of the drills finds what is there, in every form, also across what
// is written before and after it, and nothing else.
func TestTheSearchFindsWhatIsThere(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	secret := []byte{0x00, 0x81, 0xfe, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32}
	var n needles
	n.putForms("key", secret)
	n.putForms("canary", []byte("ZQX-H-CANARY-07"))
	if found := n.in(t, folder); len(found) != 0 {
		t.Fatalf("found in nothing: %s", say(found))
	}
	want := 0
	for _, body := range [][]byte{secret, []byte("ZQX-H-CANARY-07")} {
		for _, text := range forms(body) {
			want++
			path := filepath.Join(folder, "deep", strings.Repeat("x", want))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, slices.Concat([]byte("before"), text, []byte("after")), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if found := n.in(t, folder); len(found) != want {
		t.Errorf("%d forms were written, and %d found:%s", want, len(found), say(found))
	}
	for shift, text := range []string{"", "a", "ab"} { // as a part of longer encoded text
		long := base64.StdEncoding.EncodeToString(slices.Concat([]byte(text), secret, []byte("more")))
		if len(n.within([]byte(long))) == 0 {
			t.Errorf("not found %d bytes into base64 text", shift)
		}
	}
}
