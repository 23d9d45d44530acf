package witness

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// ErrPolicy: the file is no policy. The error names the line, and no key or URL.
var ErrPolicy = errors.New("witness: not a witness policy")

// Member is a witness that a policy names.
type Member struct {
	// Name is what the file calls it. It may be printed.
	Name string
	// Verifier checks its cosignatures; its name is the one in their lines.
	Verifier note.Verifier
	// Key is the verifier key, as it is in the file.
	Key string
	// URL is the submission prefix of tlog-witness, without a slash at its end; nil
	// if the file has none, and then nobody can ask it.
	URL *url.URL
}

// Policy says whose cosignatures are enough. It is the file of C2SP tlog-policy;
// see [ParsePolicy].
type Policy struct {
	// Members are all witnesses, in the order of the file.
	Members []Member
	// Logs are the verifier keys of the ledgers that the file names, if it does.
	Logs []string

	quorum rule
}

// rule is a witness, or a group of which enough members must be satisfied. The
// zero rule wants nobody.
type rule struct {
	member string
	least  int
	of     []rule
}

func (r rule) satisfied(by func(member string) bool) bool {
	if r.member != "" {
		return by(r.member)
	}
	met := 0
	for _, m := range r.of {
		if m.satisfied(by) {
			met++
		}
	}
	return met >= r.least
}

// maxPolicy is how many bytes, and how many witnesses, groups and ledgers of each,
// a policy may have.
const (
	maxPolicy = 64 << 10
	maxNamed  = 64
)

// ParsePolicy reads a policy (C2SP tlog-policy): lines of
//
//	log VKEY [URL]
//	witness NAME VKEY [URL]
//	group NAME (all|any|K) NAME...
//	quorum (NAME|none)
//
// The keys of witnesses are of cosignature/v1 with Ed25519. A name is a member of
// one group at most, so that a witness counts once: an organisation that runs
// several puts them into a group of its own, with "any", and then counts once too.
// A URL is https; http is for loopback addresses. It has neither user, query nor
// fragment, and belongs to one witness: [ErrPolicy].
func ParsePolicy(file []byte) (Policy, error) {
	p := parsing{named: map[string]rule{}, used: map[string]bool{}}
	if len(file) > maxPolicy {
		return Policy{}, fmt.Errorf("%w: it is too large", ErrPolicy)
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(file), "\n"), "\n") {
		if err := p.line(line); err != nil {
			return Policy{}, fmt.Errorf("%w: line %d %w", ErrPolicy, i+1, err)
		}
	}
	if !p.settled {
		return Policy{}, fmt.Errorf("%w: it has no quorum line", ErrPolicy)
	}
	return p.Policy, nil
}

// parsing is a policy that is being read.
type parsing struct {
	Policy
	named   map[string]rule
	used    map[string]bool // names that are members, keys and URLs
	groups  int
	settled bool
}

var errWords = errors.New("is not made as its first word wants")

func (p *parsing) line(line string) error {
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return errors.New("has a control character")
	}
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(words) == 0 || strings.HasPrefix(words[0], "#") {
		return nil
	}
	if p.settled && words[0] == "quorum" {
		return errors.New("is a second quorum")
	}
	switch words[0] {
	case "log":
		return p.log(words[1:])
	case "witness":
		return p.witness(words[1:])
	case "group":
		return p.group(words[1:])
	case "quorum":
		if len(words) != 2 {
			return errWords
		}
		p.settled = true
		if words[1] == "none" {
			return nil
		}
		r, known := p.named[words[1]]
		if !known {
			return errors.New("wants a name that no line before it has")
		}
		p.quorum = r
		return nil
	}
	return errors.New("begins with an unknown word")
}

// once marks something that may be there once.
func (p *parsing) once(what string) bool {
	was := p.used[what]
	p.used[what] = true
	return !was
}

func (p *parsing) log(words []string) error {
	if len(words) < 1 || len(words) > 2 || len(p.Logs) == maxNamed {
		return errWords
	}
	if _, err := note.NewVerifier(words[0]); err != nil {
		return errors.New("has no verifier key of a ledger")
	}
	if !p.once("key " + words[0][strings.LastIndexByte(words[0], '+'):]) {
		return errors.New("has the key of another line")
	}
	p.Logs = append(p.Logs, words[0])
	return nil
}

// name checks that a name is new, and not a word of the format.
func (p *parsing) name(name string) error {
	if slices.Contains([]string{"none", "all", "any", "log", "witness", "group", "quorum"}, name) {
		return errors.New("has a word of the format as a name")
	}
	if _, twice := p.named[name]; twice {
		return errors.New("has the name of another line")
	}
	return nil
}

func (p *parsing) witness(words []string) error {
	if len(words) < 2 || len(words) > 3 || len(p.Members) == maxNamed {
		return errWords
	}
	m := Member{Name: words[0], Key: words[1]}
	if err := p.name(m.Name); err != nil {
		return err
	}
	var err error
	if m.Verifier, err = NewVerifier(m.Key); err != nil {
		return errors.New("has no key of a witness (cosignature/v1 with Ed25519)")
	}
	if !p.once("key " + m.Key[strings.LastIndexByte(m.Key, '+'):]) {
		return errors.New("has the key of another line")
	}
	if len(words) == 3 {
		if m.URL, err = parseURL(words[2]); err != nil {
			return err
		}
		if !p.once("url " + strings.ToLower(m.URL.String())) {
			return errors.New("has the URL of another line")
		}
	}
	p.Members = append(p.Members, m)
	p.named[m.Name] = rule{member: m.Name}
	return nil
}

func (p *parsing) group(words []string) error {
	if len(words) < 3 || p.groups == maxNamed {
		return errWords
	}
	if err := p.name(words[0]); err != nil {
		return err
	}
	var r rule
	for _, name := range words[2:] {
		m, known := p.named[name]
		if !known {
			return errors.New("wants a name that no line before it has")
		}
		if !p.once("member " + name) {
			return errors.New("wants a name that is a member already")
		}
		r.of = append(r.of, m)
	}
	switch words[1] {
	case "any":
		r.least = 1
	case "all":
		r.least = len(r.of)
	default:
		least, err := strconv.Atoi(words[1])
		if err != nil || least < 1 || least > len(r.of) || strconv.Itoa(least) != words[1] {
			return errors.New("wants more of its members than there are, or no number of them")
		}
		r.least = least
	}
	p.groups++
	p.named[words[0]] = r
	return nil
}

// parseURL reads the submission prefix of a witness.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("has no URL")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return nil, errors.New("has a URL with a user, a query or a fragment")
	case u.Scheme == "https":
	case u.Scheme == "http":
		if a, err := netip.ParseAddr(u.Hostname()); err != nil || !a.IsLoopback() {
			return nil, errors.New("has a URL without TLS, and not of this machine")
		}
	default:
		return nil, errors.New("has a URL that is not https")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u, nil
}

// Verifiers knows the keys of all witnesses of the policy.
func (p Policy) Verifiers() note.Verifiers {
	all := make([]note.Verifier, len(p.Members))
	for i, m := range p.Members {
		all[i] = m.Verifier
	}
	return note.VerifierList(all...)
}

// Satisfied reports whether the signatures, which were verified, are enough.
func (p Policy) Satisfied(by []note.Signature) bool {
	return p.quorum.satisfied(func(name string) bool {
		i := slices.IndexFunc(p.Members, func(m Member) bool { return m.Name == name })
		v := p.Members[i].Verifier
		return slices.ContainsFunc(by, func(s note.Signature) bool { return s.Name == v.Name() && s.Hash == v.KeyHash() })
	})
}

// possibleWithout reports whether the policy can be met without some witnesses.
func (p Policy) possibleWithout(some map[string]bool) bool {
	return p.quorum.satisfied(func(name string) bool { return !some[name] })
}
