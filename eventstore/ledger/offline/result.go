package offline

import (
	"fmt"
	"strconv"
	"strings"
)

// Verdict is what a check ends in.
type Verdict string

// The verdicts.
const (
	// Intact: everything is as it was recorded.
	Intact Verdict = "intact"
	// IntactErased: as Intact, and keys were destroyed on purpose, which the
	// record says itself. What they sealed is unreadable.
	IntactErased Verdict = "intact-erased"
	// Tampered: it is not what was recorded, or not by whom it says.
	Tampered Verdict = "TAMPERED"
	// Unproven: nothing is wrong, and not everything that was asked is shown.
	Unproven Verdict = "unproven"
	// Unpinned: the parts agree with each other, and no key was given that could
	// tell whose they are. Anybody can make such a file.
	Unpinned Verdict = "unpinned"
	// Unreadable: it is not a file of this kind, or not all of one.
	Unreadable Verdict = "unreadable"
)

// Good reports whether a verdict says that nothing was altered.
func (v Verdict) Good() bool { return v == Intact || v == IntactErased }

// Result is a verdict with its reasons.
type Result struct {
	Verdict Verdict `json:"verdict"`
	// Code says why a verdict is not good. It is stable.
	Code string `json:"code,omitempty"`
	// Entry is the position of the entry that is wrong; 0 if it is none, or not
	// known which.
	Entry  uint64 `json:"entry,omitempty"`
	Reason string `json:"reason,omitempty"`

	// Kind is what was checked: pack, proof or ledger.
	Kind   string `json:"kind"`
	Origin string `json:"origin,omitempty"`
	Size   uint64 `json:"size,omitempty"` // entries under the checkpoint
	Root   string `json:"root,omitempty"` // of the checkpoint, base64
	// Entries is how many were checked.
	Entries uint64 `json:"entries"`
	// Unsealed is how many entries come after the checkpoint, which it says
	// nothing of.
	Unsealed uint64 `json:"unsealed,omitempty"`
	// Erased is how many keys the checked entries say were destroyed.
	Erased uint64 `json:"keysDestroyed,omitempty"`
	// Steps are what was checked and held, in order.
	Steps []string `json:"steps"`
	// Shows and ShowsNot say what follows from a good verdict and what does not.
	Shows    []string `json:"shows,omitempty"`
	ShowsNot []string `json:"showsNot,omitempty"`
}

// Summary is the verdict in one line, as every program prints it.
func (r *Result) Summary() string {
	var b strings.Builder
	b.WriteString(string(r.Verdict))
	if r.Entry > 0 {
		b.WriteString(" at entry " + strconv.FormatUint(r.Entry, 10))
	}
	if r.Reason != "" {
		b.WriteString(": " + r.Reason)
	}
	return b.String()
}

// Text is the result for people.
func (r *Result) Text() string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Summary())
	list := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n%s\n", title)
		for _, l := range lines {
			fmt.Fprintf(&b, "  - %s\n", l)
		}
	}
	list("Checked:", r.Steps)
	if r.Verdict.Good() {
		list("This shows:", r.Shows)
		list("This does not show:", r.ShowsNot)
	}
	return b.String()
}

func (r *Result) step(format string, args ...any) {
	r.Steps = append(r.Steps, fmt.Sprintf(format, args...))
}

// finding is why a check stopped.
type finding struct {
	verdict Verdict
	code    string
	entry   uint64
	reason  string
}

func (f *finding) Error() string { return f.code + ": " + f.reason }

func found(v Verdict, code, format string, args ...any) error {
	return &finding{verdict: v, code: code, reason: fmt.Sprintf(format, args...)}
}

// tampered is a finding about the whole; at names an entry.
func tampered(code, format string, args ...any) error { return found(Tampered, code, format, args...) }

func at(entry uint64, code, format string, args ...any) error {
	return &finding{Tampered, code, entry, fmt.Sprintf(format, args...)}
}
