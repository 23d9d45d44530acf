package offline

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/ledger/verdict"
)

// ErrTrust: what was pinned cannot be understood. It quotes no more than the
// number of the line.
var ErrTrust = errors.New("cannot be understood")

// Trust is what the caller brings along and believes.
type Trust struct {
	keys    map[string][]note.Verifier // by name
	origin  string
	policy  *Policy
	pinned  []byte
	pinning bool
}

// NewTrust puts together verifier keys of the ledger's signers (C2SP
// signed-note, such as "hub.example/ledger+1a2b3c4d+AX…"), the origin, and a
// policy, which may be nil and may name keys of the ledger too. An empty origin
// is the one name that the keys have. Without any key nothing is trusted, and
// every check is [ErrUnpinned] at best.
//
// [ErrTrust] for what is no key, for keys of several names and no origin, and
// for an origin of which there is no key.
func NewTrust(keys []string, origin string, policy *Policy) (*Trust, error) {
	t := &Trust{keys: map[string][]note.Verifier{}, origin: origin, policy: policy}
	var all []note.Verifier
	for i, k := range keys {
		v, err := note.NewVerifier(k)
		if err != nil {
			return nil, fmt.Errorf("key %d %w as a verifier key: NAME+HASH+KEY", i+1, ErrTrust)
		}
		all = append(all, v)
	}
	if policy != nil {
		all = append(all, policy.logs...)
	}
	for _, v := range all {
		if !slices.ContainsFunc(t.keys[v.Name()], func(o note.Verifier) bool { return o.KeyHash() == v.KeyHash() }) {
			t.keys[v.Name()] = append(t.keys[v.Name()], v)
		}
	}
	if len(all) == 0 {
		return t, nil
	}
	if t.origin == "" {
		if len(t.keys) > 1 {
			return nil, fmt.Errorf("an origin must be given, because the keys have different names: %w", ErrTrust)
		}
		t.origin = all[0].Name()
	}
	if len(t.keys[t.origin]) == 0 {
		return nil, fmt.Errorf("no key is named like the origin: %w", ErrTrust)
	}
	return t, nil
}

// Pinned says whether there is a key that a signature can be checked with.
func (t *Trust) Pinned() bool { return len(t.keys) > 0 }

// PinCheckpoint pins a signed checkpoint too: whatever is checked must be of
// that very tree.
func (t *Trust) PinCheckpoint(signed []byte) { t.pinned, t.pinning = signed, true }

// Verifier implements note.Verifiers: the keys of the ledger and of witnesses.
func (t *Trust) Verifier(name string, hash uint32) (note.Verifier, error) {
	for _, v := range t.keys[name] {
		if name == t.origin && v.KeyHash() == hash {
			return v, nil
		}
	}
	if t.policy != nil {
		for _, w := range t.policy.witnesses {
			if w.name == name && w.hash == hash {
				return w, nil
			}
		}
	}
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
}

const (
	hashBytes          = 32
	maxCheckpointBytes = 64 << 10
	maxSize            = 1 << 62 // beyond any ledger, and safe to add to
)

// checkpoint is a tree that somebody signed.
type checkpoint struct {
	origin string
	size   uint64
	root   [hashBytes]byte
}

func (c *checkpoint) text() string {
	return c.origin + "\n" + strconv.FormatUint(c.size, 10) + "\n" + encode64(c.root[:]) + "\n"
}

func encode64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// parseCheckpoint reads the text of a checkpoint in its one form, without
// extension lines (C2SP tlog-checkpoint).
func parseCheckpoint(text string) (c checkpoint, ok bool) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] == "" {
		return c, false
	}
	size, err1 := strconv.ParseUint(lines[1], 10, 64)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	if err1 != nil || err2 != nil || len(root) != hashBytes || size > maxSize {
		return c, false
	}
	c = checkpoint{lines[0], size, [hashBytes]byte(root)}
	return c, c.text() == text
}

// openNote opens a signed note whose signature lines are each in their one form,
// and says whether a key of the ledger signed it. Without keys nothing is checked
// but the form.
func (t *Trust) openNote(signed []byte) (n *note.Note, byLedger bool, err error) {
	if len(signed) > maxCheckpointBytes {
		return nil, false, errForm
	}
	if err := checkSignatureLines(string(signed)); err != nil {
		return nil, false, err
	}
	n, err = note.Open(signed, t)
	if unverified := (*note.UnverifiedNoteError)(nil); errors.As(err, &unverified) {
		return unverified.Note, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return n, slices.ContainsFunc(n.Sigs, func(s note.Signature) bool { return s.Name == t.origin && t.ledgers(s.Hash) }), nil
}

func (t *Trust) ledgers(hash uint32) bool {
	return slices.ContainsFunc(t.keys[t.origin], func(v note.Verifier) bool { return v.KeyHash() == hash })
}

var errForm = errors.New("not a signed note in its one form")

// checkSignatureLines refuses what x/mod/sumdb/note lets pass: base64 that is
// not in its one form, and a key that signs twice.
func checkSignatureLines(signed string) error {
	split := strings.LastIndex(signed, "\n\n")
	if split < 0 {
		return errForm
	}
	seen := map[string]bool{}
	for line := range strings.SplitSeq(strings.TrimSuffix(signed[split+2:], "\n"), "\n") {
		parts := strings.Split(line, " ")
		if len(parts) != 3 {
			return errForm
		}
		b, err := base64.StdEncoding.Strict().DecodeString(parts[2])
		if err != nil || len(b) < 5 || encode64(b) != parts[2] {
			return errForm
		}
		key := parts[1] + " " + string(b[:4])
		if seen[key] {
			return errForm
		}
		seen[key] = true
	}
	return nil
}

// open checks a signed checkpoint: its form, who signed it, how many witnesses
// cosigned it, and that it is the one that was pinned. What held is told to r.
func (t *Trust) open(signed []byte, r *verdict.Report) (checkpoint, error) {
	c, err := t.openSigned(signed, r)
	if err != nil {
		return c, err
	}
	return c, t.matchPinned(c, r)
}

// openPinned checks the checkpoint that was pinned, as [Trust.open] does.
func (t *Trust) openPinned(r *verdict.Report) (checkpoint, error) {
	if !strings.Contains(string(t.pinned), "\n\n\u2014 ") {
		return checkpoint{}, unreadable("the checkpoint that was given is no signed note")
	}
	return t.openSigned(t.pinned, r)
}

func (t *Trust) openSigned(signed []byte, r *verdict.Report) (checkpoint, error) {
	n, byLedger, err := t.openNote(signed)
	if err != nil {
		return checkpoint{}, signatureError(verdict.Checkpoint, "checkpoint", err)
	}
	c, ok := parseCheckpoint(n.Text)
	switch {
	case !ok:
		return c, wrong(verdict.Checkpoint, "checkpoint", "it is not in its one form")
	case t.origin != "" && c.origin != t.origin:
		return c, wrong(verdict.Checkpoint, "checkpoint", "it is of another ledger than %s", t.origin)
	case t.Pinned() && !byLedger:
		return c, wrong(verdict.Checkpoint, "checkpoint", "no key that was given has signed it")
	}
	r.Origin = c.origin
	if t.Pinned() {
		r.Step("checkpoint", "of %d entries, root %s, is signed by %s", c.size, encode64(c.root[:]), t.origin)
	}
	if t.policy != nil {
		if err := t.policy.check(n, r); err != nil {
			return c, err
		}
	}
	if len(n.UnverifiedSigs) > 0 && t.Pinned() {
		r.Notice("%s of the checkpoint are of keys that were not given, and show nothing", verdict.Count(uint64(len(n.UnverifiedSigs)), "signature", "signatures"))
	}
	return c, nil
}

// matchPinned compares a checkpoint with the one that was pinned.
func (t *Trust) matchPinned(c checkpoint, r *verdict.Report) error {
	if !t.pinning {
		return nil
	}
	n, byLedger, err := t.openNote(t.pinned)
	if err != nil {
		return unreadable("the checkpoint that was given")
	}
	p, ok := parseCheckpoint(n.Text)
	switch {
	case !ok || t.Pinned() && !byLedger || p.origin != c.origin:
		return unreadable("the checkpoint that was given is not a signed one of this ledger")
	case p.size != c.size:
		return unproven("the checkpoint is of %d entries, the one that was given of %d: only a consistency proof can tell whether one extends the other", c.size, p.size)
	case p.root != c.root:
		return wrongIn(1, c.size, verdict.HistoryOther, "the ledger signed another history of as many entries: keep both checkpoints, they prove it")
	}
	r.Step("checkpoint", "is of the same tree as the one that was given")
	return nil
}

// signatureError says what is wrong with a note of ours: a signature that does
// not hold under a known key is tampering, and so is a form that we never write.
func signatureError(code verdict.Code, object string, err error) error {
	if invalid := (*note.InvalidSignatureError)(nil); errors.As(err, &invalid) {
		return wrong(code, object, "a signature under a key that was given does not hold")
	}
	return wrong(code, object, "it is not a signed note in its one form")
}
