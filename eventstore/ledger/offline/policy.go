package offline

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/ledger/verdict"
)

// The limits of a policy.
const (
	maxPolicyBytes = 64 << 10
	maxPolicyNames = 128 // of each kind; C2SP tlog-policy asks for at least 32
)

// Policy is a C2SP tlog-policy: keys of logs, witnesses, and which of them must
// have cosigned a checkpoint.
type Policy struct {
	logs      []note.Verifier
	witnesses []*witness
	quorum    *component // nil: none is asked for
}

// component is a witness, or a group of which k must cosign.
type component struct {
	name    string
	witness *witness
	k       int
	members []*component
	used    bool
}

// ParsePolicy reads a policy file. It accepts what C2SP tlog-policy describes,
// with Ed25519 keys only; [ErrTrust], with the line, for anything else.
func ParsePolicy(b []byte) (*Policy, error) {
	if len(b) > maxPolicyBytes {
		return nil, fmt.Errorf("the policy %w: it is too large", ErrTrust)
	}
	r := policyReader{p: &Policy{}, named: map[string]*component{}, keys: map[string]bool{}}
	lines := strings.Split(string(b), "\n")
	for i, line := range lines {
		if err := r.line(line); err != "" {
			return nil, fmt.Errorf("line %d of the policy %w: %s", i+1, ErrTrust, err)
		}
	}
	if !r.quorate {
		return nil, fmt.Errorf("the policy %w: it has no quorum", ErrTrust)
	}
	return r.p, nil
}

type policyReader struct {
	p       *Policy
	named   map[string]*component
	keys    map[string]bool
	quorate bool
}

// line reads one line; what is wrong with it, if anything.
func (r *policyReader) line(line string) string {
	if strings.ContainsFunc(line, func(c rune) bool { return c < 0x20 && c != '\t' || c == 0x7f }) {
		return "it has a control character"
	}
	fields := strings.FieldsFunc(line, func(c rune) bool { return c == ' ' || c == '\t' })
	if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
		return ""
	}
	switch n := len(fields); {
	case fields[0] == "log" && (n == 2 || n == 3):
		return r.log(fields[1])
	case fields[0] == "witness" && (n == 3 || n == 4):
		return r.witness(fields[1], fields[2])
	case fields[0] == "group" && n >= 4:
		return r.group(fields[1], fields[2], fields[3:])
	case fields[0] == "quorum" && n == 2:
		return r.quorum(fields[1])
	}
	return "it is none of log, witness, group and quorum with what belongs to it"
}

func (r *policyReader) log(vkey string) string {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return "the key of the log is no Ed25519 verifier key"
	}
	_, key, _ := parseKey(vkey)
	if r.keys["log"+string(key)] || len(r.p.logs) == maxPolicyNames {
		return "the same key twice, or too many"
	}
	r.keys["log"+string(key)] = true
	r.p.logs = append(r.p.logs, v)
	return ""
}

func (r *policyReader) witness(name, vkey string) string {
	w, ok := newWitness(vkey)
	if !ok {
		return "the key of the witness is no Ed25519 cosigner's key"
	}
	if r.keys[string(w.key)] || len(r.p.witnesses) == maxPolicyNames {
		return "the same key twice, or too many"
	}
	r.keys[string(w.key)] = true
	r.p.witnesses = append(r.p.witnesses, w)
	return r.define(&component{name: name, witness: w})
}

func (r *policyReader) group(name, threshold string, members []string) string {
	g := &component{name: name}
	for _, m := range members {
		c, ok := r.named[m]
		if !ok || c.used {
			return "a member of the group is not defined above, or belongs to a group already"
		}
		c.used = true
		g.members = append(g.members, c)
	}
	switch threshold {
	case "any":
		g.k = 1
	case "all":
		g.k = len(members)
	default:
		k, err := strconv.Atoi(threshold)
		if err != nil || k < 1 || k > len(members) || strconv.Itoa(k) != threshold {
			return "a group needs any, all, or a number from 1 to that of its members"
		}
		g.k = k
	}
	return r.define(g)
}

func (r *policyReader) define(c *component) string {
	if _, taken := r.named[c.name]; taken || c.name == "none" || len(r.named) == 2*maxPolicyNames {
		return "the name is taken, or there are too many"
	}
	r.named[c.name] = c
	return ""
}

func (r *policyReader) quorum(name string) string {
	c, ok := r.named[name]
	if r.quorate || !ok && name != "none" {
		return "a second quorum, or one that is not defined above"
	}
	r.p.quorum, r.quorate = c, true
	return ""
}

// check says whether enough witnesses cosigned a note that was opened.
func (p *Policy) check(n *note.Note, r *verdict.Report) error {
	if p.quorum == nil {
		r.Step("witnesses", "none is asked for by the policy")
		return nil
	}
	var seen []string
	var oldest, latest uint64 = math.MaxUint64, 0
	cosigned := map[*witness]bool{}
	for _, w := range p.witnesses {
		i := slices.IndexFunc(n.Sigs, func(s note.Signature) bool { return s.Name == w.name && s.Hash == w.hash })
		if i < 0 {
			continue
		}
		cosigned[w] = true
		seen = append(seen, w.name)
		if b, err := base64.StdEncoding.DecodeString(n.Sigs[i].Base64); err == nil && len(b) >= 12 {
			at := binary.BigEndian.Uint64(b[4:])
			oldest, latest = min(oldest, at), max(latest, at)
		}
	}
	if !p.quorum.met(cosigned) {
		return wrong(verdict.NotWitnessed, "checkpoint", "it is not cosigned by as many witnesses as the policy asks for: %d of %d did", len(seen), len(p.witnesses))
	}
	when := func(at uint64) string { return time.Unix(int64(at), 0).UTC().Format(time.RFC3339) }
	r.Step("witnesses", "cosigned it as the policy asks, from %s to %s: %s", when(oldest), when(latest), strings.Join(seen, ", "))
	return nil
}

func (c *component) met(cosigned map[*witness]bool) bool {
	if c.witness != nil {
		return cosigned[c.witness]
	}
	n := 0
	for _, m := range c.members {
		if m.met(cosigned) {
			n++
		}
	}
	return n >= c.k
}

// witness verifies Ed25519 cosignatures (C2SP tlog-cosignature, type 0x04).
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

const algorithmCosignature = 4

// parseKey takes a verifier key apart (C2SP signed-note): its name, and the
// public key without the byte for its algorithm.
func parseKey(vkey string) (name string, key []byte, algorithm byte) {
	name, rest, _ := strings.Cut(vkey, "+")
	_, encoded, _ := strings.Cut(rest, "+")
	b, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(b) == 0 {
		return "", nil, 0
	}
	return name, b[1:], b[0]
}

func newWitness(vkey string) (*witness, bool) {
	name, key, algorithm := parseKey(vkey)
	if algorithm != algorithmCosignature || len(key) != ed25519.PublicKeySize || name == "" || strings.ContainsAny(name, " \t") {
		return nil, false
	}
	id := sha256.Sum256(bytes.Join([][]byte{[]byte(name), {'\n', algorithm}, key}, nil))
	w := &witness{name, binary.BigEndian.Uint32(id[:]), key}
	full := append([]byte{algorithm}, key...)
	return w, fmt.Sprintf("%s+%08x+%s", w.name, w.hash, encode64(full)) == vkey
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.hash }

// Verify checks a timestamped signature over the text of a checkpoint.
func (w *witness) Verify(text, sig []byte) bool {
	if _, ok := parseCheckpoint(string(text)); !ok || len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	return at <= math.MaxInt64 && ed25519.Verify(w.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text), sig[8:])
}
