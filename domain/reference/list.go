// Package reference holds the code lists that decisions are made by: strictly
// parsed data files with a version, a source and the days on which each code
// is in force. It never guesses: a list that cannot be understood stops the
// program at start-up.
package reference

import (
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"caseledger/domain/event"
)

//go:embed data/*.json
var data embed.FS

// Head is what every entry of a list has.
type Head[C ~string] struct {
	Code C      `json:"code"`
	Text string `json:"text"`
	// From is the first day the code is in force; left out, the list's.
	From event.Day `json:"from,omitzero"`
	// Until is the first day it no longer is; left out, it is still in force.
	Until event.Day `json:"until,omitzero"`
	Note  string    `json:"note,omitempty"` // doubt about the source, for reviewers
}

func (h Head[C]) head() Head[C] { return h }

// InForce reports whether the entry is in force on a day.
func (h Head[C]) InForce(at event.Day) bool {
	return at >= h.From && (h.Until == 0 || at < h.Until)
}

type entry[C ~string] interface{ head() Head[C] }

// List is one code list. The zero List knows no code.
type List[C ~string, E entry[C]] struct {
	name, version, source string
	from                  event.Day
	entries               []E // in the order of the file
	byCode                map[C][]int
	hash                  [32]byte
}

// Name is the list's name, the file's without its ending.
func (l List[C, E]) Name() string { return l.name }

// Version is the list's own version.
func (l List[C, E]) Version() string { return l.version }

// Source says where the list comes from.
func (l List[C, E]) Source() string { return l.source }

// From is the first day the list speaks of.
func (l List[C, E]) From() event.Day { return l.from }

// Hash is the SHA-256 of the file's bytes.
func (l List[C, E]) Hash() [32]byte { return l.hash }

// Listed reports whether the code is or was ever in force.
func (l List[C, E]) Listed(code C) bool { return len(l.byCode[code]) > 0 }

// Known reports whether the code is in force on a day.
func (l List[C, E]) Known(code C, at event.Day) bool {
	_, ok := l.Find(code, at)
	return ok
}

// Find returns the code's entry in force on a day; false if there is none.
func (l List[C, E]) Find(code C, at event.Day) (E, bool) {
	for _, i := range l.byCode[code] {
		if l.entries[i].head().InForce(at) {
			return l.entries[i], true
		}
	}
	var none E
	return none, false
}

// Latest returns the code's last entry, in force or not; false if the code
// was never listed.
func (l List[C, E]) Latest(code C) (E, bool) {
	if is := l.byCode[code]; len(is) > 0 {
		return l.entries[is[len(is)-1]], true
	}
	var none E
	return none, false
}

// All returns every entry, in the order of the file.
func (l List[C, E]) All() []E { return slices.Clone(l.entries) }

// Codes returns every code ever listed, once, in the order of the file.
func (l List[C, E]) Codes() []C {
	var codes []C
	for _, e := range l.entries {
		if c := e.head().Code; !slices.Contains(codes, c) {
			codes = append(codes, c)
		}
	}
	return codes
}

// Summary is what a list says of itself.
type Summary struct {
	Name, Version, Source string
	Hash                  [32]byte
	Bytes                 []byte // the file
}

// Lists describes every list, in order of name. A decision that depends on
// reference data records these hashes.
func Lists() ([]Summary, error) {
	files, err := data.ReadDir("data")
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	var all []Summary
	for _, f := range files {
		raw, err := data.ReadFile("data/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("reference: %w", err)
		}
		var head struct{ List, Version, Source string }
		if err := json.Unmarshal(raw, &head); err != nil {
			return nil, fmt.Errorf("reference: %s: %w", f.Name(), err)
		}
		all = append(all, Summary{head.List, head.Version, head.Source, sha256.Sum256(raw), raw})
	}
	return all, nil
}

// load parses an embedded list; it panics, at start-up, on one that cannot be
// understood.
func load[C ~string, E entry[C]](name string, check func(E) error, fill func(*E, event.Day)) List[C, E] {
	raw, err := data.ReadFile("data/" + name + ".json")
	if err != nil {
		panic(fmt.Sprintf("reference: %v", err))
	}
	l, err := parse[C](name, raw, check, fill)
	if err != nil {
		panic(fmt.Sprintf("reference: %v", err))
	}
	return l
}

// parse reads a list strictly: unknown and duplicate members, an empty list,
// a missing source, two entries of one code in force on one day, and an entry
// that check refuses are errors naming the file and the line or entry.
func parse[C ~string, E entry[C]](name string, raw []byte, check func(E) error, fill func(*E, event.Day)) (List[C, E], error) {
	file := name + ".json"
	var in struct {
		List    string    `json:"list"`
		Version string    `json:"version"`
		From    event.Day `json:"from"`
		Source  string    `json:"source"`
		Entries []E       `json:"entries"`
	}
	if err := DecodeStrict(file, raw, &in); err != nil {
		return List[C, E]{}, err
	}
	switch {
	case in.List != name:
		return List[C, E]{}, fmt.Errorf("%s: names itself %q", file, in.List)
	case in.Version == "":
		return List[C, E]{}, fmt.Errorf("%s: no version", file)
	case strings.TrimSpace(in.Source) == "":
		return List[C, E]{}, fmt.Errorf("%s: no source", file)
	case in.From == 0:
		return List[C, E]{}, fmt.Errorf("%s: no first day", file)
	case len(in.Entries) == 0:
		return List[C, E]{}, fmt.Errorf("%s: no entries", file)
	}
	l := List[C, E]{name: name, version: in.Version, source: in.Source, from: in.From,
		entries: in.Entries, byCode: map[C][]int{}, hash: sha256.Sum256(raw)}
	for i := range l.entries {
		fill(&l.entries[i], in.From)
		h := l.entries[i].head()
		if h.Code == "" || h.Text == "" {
			return List[C, E]{}, fmt.Errorf("%s: entry %d: no code or no text", file, i+1)
		}
		if h.Until != 0 && h.Until <= h.From {
			return List[C, E]{}, fmt.Errorf("%s: entry %s: ends before it begins", file, h.Code)
		}
		for _, j := range l.byCode[h.Code] {
			other := l.entries[j].head()
			if other.Until == 0 || h.From < other.Until {
				return List[C, E]{}, fmt.Errorf("%s: entry %s: listed twice for one day", file, h.Code)
			}
		}
		if check != nil {
			if err := check(l.entries[i]); err != nil {
				return List[C, E]{}, fmt.Errorf("%s: entry %s: %w", file, h.Code, err)
			}
		}
		l.byCode[h.Code] = append(l.byCode[h.Code], i)
	}
	return l, nil
}
