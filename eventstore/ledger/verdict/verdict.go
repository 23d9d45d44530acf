// Package verdict says what a verification found, in one way for every program
// that verifies: in words and as JSON. It never verifies anything itself, and
// imports neither a store nor a network, so that the verifier that runs anywhere
// prints the same as the one beside the record.
package verdict

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
)

// Verdict is the outcome of a verification in one word.
type Verdict string

// The verdicts.
const (
	// Intact: everything is as it was signed, and every key is there.
	Intact Verdict = "intact"
	// IntactErased: everything is as it was signed, and keys were destroyed, each
	// by an event on the record: what they sealed is unreadable.
	IntactErased Verdict = "intact-erased"
	// KeyMissing: everything is as it was signed, but a key is not there, or not
	// the one that was committed to, and no event says that it was destroyed.
	KeyMissing Verdict = "KEY-MISSING"
	// Tampered: something is not as it was signed.
	Tampered Verdict = "TAMPERED"
)

// Holds reports whether the verdict is a good one: exit code 0, and 3 otherwise.
func (v Verdict) Holds() bool { return v == Intact || v == IntactErased }

// Code says what is wrong, for programs; it is stable.
type Code string

// The codes.
const (
	// EntryAltered: an entry's bytes are not those that were signed.
	EntryAltered Code = "entry-altered"
	// EntryMissing: there is no entry at a position that was signed, or below the
	// end of the store.
	EntryMissing Code = "entry-missing"
	// EntryUnreadable: the store finds an entry damaged.
	EntryUnreadable Code = "entry-unreadable"
	// EntryMalformed: an entry's bytes are none that the ledger writes.
	EntryMalformed Code = "entry-malformed"
	// EntryBackdated: an entry was recorded before the one in front of it.
	EntryBackdated Code = "entry-back-dated"
	// EntryOutOfStream: an entry does not follow the one before it in its stream.
	EntryOutOfStream Code = "entry-out-of-stream"
	// EntrySealedBoxes: a box of an entry does not open under its key, in its
	// place.
	EntrySealedBoxes Code = "entry-box-altered"
	// HistoryOther: the entries of a range agree among themselves, and lead to
	// another root than the one that was signed.
	HistoryOther Code = "history-other"
	// TileAltered and TileMissing are of the hash tiles; the entries below are as
	// they were signed unless another finding says otherwise.
	TileAltered Code = "tile-altered"
	TileMissing Code = "tile-missing"
	// Checkpoint: a checkpoint is missing, malformed or not signed by the ledger.
	Checkpoint Code = "checkpoint-altered"
	// CheckpointBack: a checkpoint is older than one that was made of it.
	CheckpointBack Code = "checkpoint-back"
	// NotWitnessed: a checkpoint lacks the cosignatures that the policy wants.
	NotWitnessed Code = "not-witnessed"
	// StoreEnd: the store says that it ends elsewhere than it does.
	StoreEnd Code = "store-end"
	// KeyAbsent: a key is not in the keystore, and no event says it was destroyed.
	KeyAbsent Code = "key-absent"
	// KeyAltered: a key does not unwrap, or is not the one committed to.
	KeyAltered Code = "key-altered"
	// KeyTombstone: the keystore says that a key was destroyed by an event that is
	// none.
	KeyTombstone Code = "key-tombstone-unfounded"
	// KeystoreAltered: something else in the keystore is not as it was stored.
	KeystoreAltered Code = "keystore-altered"
	// HeadsOther: the heads of the streams are not those that were committed to.
	HeadsOther Code = "heads-other"
	// Proof: a proof, a pack or what it holds does not verify.
	Proof Code = "proof-invalid"
)

// ofKeys are the codes that leave the record itself untouched.
var ofKeys = []Code{KeyAbsent, KeyAltered, KeyTombstone, KeystoreAltered}

// Finding is one thing that is wrong. It holds identifiers and numbers only.
type Finding struct {
	Code Code `json:"code"`
	// Entry is the position that is meant, the first one of several; 0 if it is
	// no entry's.
	Entry uint64 `json:"entry,omitzero"`
	// UpTo is the last position that may be meant; 0 where Entry alone is.
	UpTo uint64 `json:"upTo,omitzero"`
	// Object is the tile, register or member of a pack that is meant; empty if
	// none is.
	Object string `json:"object,omitzero"`
	// Key is the id of the key that is meant; empty if none is.
	Key string `json:"key,omitzero"`
	// Detail is for people.
	Detail string `json:"detail"`
}

// Where names what is meant: "entry 17", "entries 17 to 20", "tile/0/000", or
// "key" and its id.
func (f Finding) Where() string {
	switch {
	case f.UpTo > f.Entry:
		return fmt.Sprintf("entries %d to %d", f.Entry, f.UpTo)
	case f.Entry > 0:
		return "entry " + strconv.FormatUint(f.Entry, 10)
	case f.Object != "":
		return f.Object
	case f.Key != "":
		return "key " + f.Key
	}
	return "the store"
}

// Names reports whether the finding says that it is this entry, or one of a
// range that it is in.
func (f Finding) Names(entry uint64) bool {
	return f.Entry == entry || f.Entry < entry && entry <= f.UpTo
}

// Step is one part of a verification, and how it ended.
type Step struct {
	Name string `json:"name"`
	Says string `json:"says"`
}

// Report is what a verification found.
type Report struct {
	// Origin names the ledger.
	Origin string
	// Entries is how many entries were verified against a signature, and Unsealed
	// how many there are behind them that nothing has signed yet.
	Entries, Unsealed uint64
	// Erased is how many keys were destroyed, on the record.
	Erased uint64
	Steps  []Step
	// Notices are what is worth knowing and is nothing wrong.
	Notices  []string
	Findings []Finding
	// More says that the verification ended early: there may be more findings.
	More bool
}

// Step adds a part that was done.
func (r *Report) Step(name, format string, args ...any) {
	r.Steps = append(r.Steps, Step{name, fmt.Sprintf(format, args...)})
}

// Notice adds something worth knowing.
func (r *Report) Notice(format string, args ...any) {
	r.Notices = append(r.Notices, fmt.Sprintf(format, args...))
}

// Find adds something wrong.
func (r *Report) Find(f Finding) { r.Findings = append(r.Findings, f) }

// OfKeys reports whether the code is of a key, and says nothing of the record.
func (c Code) OfKeys() bool { return slices.Contains(ofKeys, c) }

// Sort puts the findings in order: those of entries first, by position, and those
// of keys last.
func (r *Report) Sort() {
	at := func(f Finding) uint64 {
		if f.Code.OfKeys() {
			return math.MaxUint64
		}
		return f.Entry - 1 // which is large for those of no entry
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(at(a), at(b)) })
}

// Verdict is the outcome in one word.
func (r *Report) Verdict() Verdict {
	v := Intact
	if r.Erased > 0 {
		v = IntactErased
	}
	for _, f := range r.Findings {
		if !f.Code.OfKeys() {
			return Tampered
		}
		v = KeyMissing
	}
	return v
}

// Headline is the outcome in one line: "TAMPERED at entry 17: …".
func (r *Report) Headline() string {
	v := r.Verdict()
	for _, f := range r.Findings {
		if v == KeyMissing || !f.Code.OfKeys() {
			return fmt.Sprintf("%s at %s: %s", v, f.Where(), f.Detail)
		}
	}
	text := fmt.Sprintf("%s: %d entries are as they were signed", v, r.Entries)
	if r.Erased > 0 {
		text += fmt.Sprintf("; %s destroyed, on the record", Count(r.Erased, "key was", "keys were"))
	}
	return text
}

// Count is a number and the word that goes with it.
func Count(n uint64, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatUint(n, 10) + " " + several
}

// Limits is what every verification says of itself in the end.
const Limits = "This shows the entries were not altered. It does not show they were correct."

// Print writes the steps, what was found, the outcome, and [Limits].
func (r *Report) Print(w io.Writer) error {
	var text []byte
	for _, s := range r.Steps {
		text = fmt.Appendf(text, "%-12s %s\n", s.Name, s.Says)
	}
	for _, n := range r.Notices {
		text = fmt.Appendf(text, "%-12s %s\n", "note", n)
	}
	for _, f := range r.Findings {
		text = fmt.Appendf(text, "%-12s %s: %s [%s]\n", "WRONG", f.Where(), f.Detail, f.Code)
	}
	if r.More {
		text = fmt.Appendf(text, "%-12s the verification ended here; there may be more\n", "WRONG")
	}
	text = fmt.Appendf(text, "\n%s\n%s\n", r.Headline(), Limits)
	_, err := w.Write(text)
	return err
}

// form is the JSON of a report.
type form struct {
	Verdict  Verdict   `json:"verdict"`
	Headline string    `json:"headline"`
	Origin   string    `json:"origin,omitzero"`
	Entries  uint64    `json:"entries"`
	Unsealed uint64    `json:"unsealed"`
	Erased   uint64    `json:"erased"`
	Steps    []Step    `json:"steps"`
	Notices  []string  `json:"notices,omitzero"`
	Findings []Finding `json:"findings"`
	More     bool      `json:"more,omitzero"`
	Limits   string    `json:"limits"`
}

// MarshalJSON writes the verdict, the headline and all that [Report.Print]
// prints.
func (r *Report) MarshalJSON() ([]byte, error) {
	return json.Marshal(form{r.Verdict(), r.Headline(), r.Origin, r.Entries, r.Unsealed, r.Erased, r.Steps, r.Notices, r.Findings, r.More, Limits},
		json.Deterministic(true))
}
