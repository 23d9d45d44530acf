package witness

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore/ledger"
)

// Code is how asking a witness ended: empty for a cosignature. It is stable.
type Code string

// The codes.
const (
	Unreachable    Code = "unreachable"     // no answer, or none in time
	Redirected     Code = "redirected"      // it sent us elsewhere; nobody is followed
	Oversized      Code = "oversized"       // its answer is larger than any may be
	Unexpected     Code = "unexpected"      // its answer is none of the protocol's
	Refused        Code = "refused"         // 400, or a status of a server that is not well
	NotKnown       Code = "not-known"       // 403 or 404: it does not know our origin, or our key
	BadCosignature Code = "bad-cosignature" // not its key's, or over another text
	BadTime        Code = "bad-time"        // the time in its cosignature is not now
	NoProof        Code = "no-proof"        // we could not prove ourselves
	Disputed       Code = "disputed"        // it says our tree is not what it knows, and shows nothing that proves it
	Contradicted   Code = "contradicted"    // it says so against what it shows
	Conflicting    Code = "conflicting"     // what it shows was signed by our key, and our tree does not add to it
)

// Prover proves what the ledger is. A tree that it is asked about is one that was
// signed, or smaller.
type Prover interface {
	// Consistency proves that the tree of size to adds to the one of size from, with
	// 0 < from < to.
	Consistency(ctx context.Context, from, to int64) (tlog.TreeProof, error)
	// Root is the root of the tree of the first n entries, n > 0.
	Root(ctx context.Context, n int64) (tlog.Hash, error)
}

// failure is why there is no cosignature.
type failure struct {
	code Code
	// shown is a checkpoint that our key signed, of a tree that ours does not add to:
	// larger than ours, or another one.
	shown *checkpoint
	// fork is the proof, if shown is not larger.
	fork *Fork
	// size is what the witness says it knows.
	size int64
}

func (f *failure) Error() string { return "witness: " + string(f.code) }

// client asks witnesses for cosignatures on checkpoints of one origin.
type client struct {
	http   *http.Client
	origin string
	keys   note.Verifiers
	prover Prover
	now    func() time.Time
}

// NewTransport reaches witnesses: with TLS 1.2 at least, through no proxy, and
// keeping a connection open to each. The hosts are those of the policy: a name
// that resolves to somebody else is found out by its certificate, so addresses are
// not restricted.
func NewTransport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		MaxResponseHeaderBytes: 8 << 10,
		MaxConnsPerHost:        2,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
	}
}

func newHTTP(through http.RoundTripper) *http.Client {
	return &http.Client{Transport: through, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// answer is what a server said.
type answer struct {
	status int
	kind   string // media type
	body   []byte
}

// send sends one request. An error is a *failure, or the context's.
func send(through *http.Client, r *http.Request) (answer, error) {
	res, err := through.Do(r)
	if err != nil {
		return answer{}, &failure{code: Unreachable}
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		return answer{}, &failure{code: Redirected}
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return answer{}, &failure{code: Unreachable}
	}
	if len(body) > maxBody {
		return answer{}, &failure{code: Oversized}
	}
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	return answer{res.StatusCode, kind, body}, nil
}

func post(ctx context.Context, through *http.Client, m Member, body []byte) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL.String()+"/add-checkpoint", bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	return send(through, r)
}

// rounds is how often a witness may name another size before it is let be.
const rounds = 3

// cosignature asks a witness to cosign a checkpoint. known is the size that it
// cosigned last, as far as we know. An error is a *failure, or the context's.
func (c *client) cosignature(ctx context.Context, m Member, known int64, to checkpoint) (cosigned, error) {
	for range rounds {
		if known > to.N {
			return cosigned{}, c.dispute(ctx, m, to, known)
		}
		q := Request{Old: known, Checkpoint: alone(to.note)}
		if 0 < known && known < to.N {
			var err error
			if q.Proof, err = c.prover.Consistency(ctx, known, to.N); err != nil {
				return cosigned{}, &failure{code: NoProof}
			}
		}
		a, err := post(ctx, c.http, m, q.Marshal())
		if err != nil {
			return cosigned{}, err
		}
		switch a.status {
		case http.StatusOK:
			return c.verify(m, to, a.body)
		case http.StatusConflict:
			size, err := parseSize(strings.TrimSuffix(string(a.body), "\n"))
			if a.kind != sizeType || err != nil {
				if known == to.N { // tlog-witness leaves open what is said of another root
					return cosigned{}, c.dispute(ctx, m, to, known)
				}
				return cosigned{}, &failure{code: Unexpected}
			}
			if size == known {
				return cosigned{}, c.dispute(ctx, m, to, known)
			}
			known = size
		case http.StatusUnprocessableEntity:
			return cosigned{}, c.dispute(ctx, m, to, known)
		case http.StatusForbidden, http.StatusNotFound:
			return cosigned{}, &failure{code: NotKnown}
		default:
			return cosigned{}, &failure{code: Refused}
		}
	}
	return cosigned{}, &failure{code: Unexpected}
}

// cosigned is a cosignature that was verified, and when it was made.
type cosigned struct {
	signature note.Signature
	at        time.Time
}

// timeSlack is how far the clock of a witness may be from ours.
const timeSlack = 5 * time.Minute

// verify finds the cosignature of a witness in its answer. Lines of other keys
// are not ours to judge.
func (c *client) verify(m Member, to checkpoint, lines []byte) (cosigned, error) {
	n, err := note.Open(append([]byte(to.note.Text+"\n"), lines...), note.VerifierList(m.Verifier))
	if err != nil || n.Text != to.note.Text {
		return cosigned{}, &failure{code: BadCosignature}
	}
	at, err := cosignature.CoSigV1Timestamp(n.Sigs[0])
	if err != nil {
		return cosigned{}, &failure{code: BadCosignature}
	}
	if off := c.now().Sub(at); off > timeSlack || off < -timeSlack {
		return cosigned{}, &failure{code: BadTime}
	}
	return cosigned{n.Sigs[0], at}, nil
}

// dispute finds out what stands behind a refusal: a witness of this package shows
// the checkpoint that it cosigned last, and then the refusal can be checked.
func (c *client) dispute(ctx context.Context, m Member, to checkpoint, size int64) error {
	claim := &failure{code: Disputed, size: size}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.URL.String()+"/checkpoint/"+nameOf(c.origin), nil)
	if err != nil {
		return err
	}
	a, err := send(c.http, r)
	if err != nil || a.status != http.StatusOK {
		return claim
	}
	n, err := note.Open(a.body, c.keys)
	if err != nil {
		return claim
	}
	of, tree, err := parseCheckpoint(n.Text)
	if err != nil || of != c.origin {
		return claim
	}
	shown := checkpoint{tree, n}
	switch {
	case tree == to.Tree || tree.N == 0:
		return &failure{code: Contradicted, size: size}
	case tree.N > to.N:
		return &failure{code: Conflicting, shown: &shown, size: tree.N}
	}
	f, forked, err := c.prove(ctx, shown, to)
	switch {
	case err != nil:
		return &failure{code: NoProof, size: tree.N}
	case !forked:
		return &failure{code: Contradicted, size: size}
	}
	return &failure{code: Conflicting, shown: &shown, fork: &f, size: tree.N}
}

// prove finds out whether our tree adds to an earlier or equally large one, and
// proves it if it does not.
func (c *client) prove(ctx context.Context, earlier, ours checkpoint) (Fork, bool, error) {
	if earlier.N == ours.N {
		f, forked := forkOf(earlier, ours, nil, nil)
		return f, forked, nil
	}
	root, err := c.prover.Root(ctx, earlier.N)
	if err != nil {
		return Fork{}, false, err
	}
	proof, err := c.prover.Consistency(ctx, earlier.N, ours.N)
	if err != nil {
		return Fork{}, false, err
	}
	if extends(proof, ours.Tree, ledger.Tree{N: earlier.N, Hash: root}) != nil {
		return Fork{}, false, errProof
	}
	f, forked := forkOf(earlier, ours, proof, &root)
	return f, forked, nil
}

// codeOf is the code of an error of cosignature.
func codeOf(err error) Code {
	if err == nil {
		return ""
	}
	var f *failure
	if errors.As(err, &f) {
		return f.code
	}
	return Unreachable
}

// Probe asks a witness of a policy whether it is one, and whether it knows a
// ledger: nil, or an error that is a [*ProbeError] with the code. Nothing is
// cosigned: the checkpoint that is sent is signed by no key.
func Probe(ctx context.Context, through http.RoundTripper, m Member, origin string) error {
	if m.URL == nil {
		return &ProbeError{Code: Unreachable}
	}
	unsigned := fmt.Sprintf("%s\n— %s AAAAAAAAAAAAAAAA\n", ledger.CheckpointText(origin, ledger.Tree{Hash: emptyRoot}), origin)
	a, err := post(ctx, newHTTP(through), m, Request{Checkpoint: []byte(unsigned)}.Marshal())
	switch {
	case err != nil:
		return &ProbeError{Code: codeOf(err)}
	case a.status == http.StatusForbidden: // it knows the origin, and not the key
		return nil
	case a.status == http.StatusNotFound:
		return &ProbeError{Code: NotKnown}
	case a.status == http.StatusOK:
		return &ProbeError{Code: Contradicted} // it cosigns what nobody signed
	}
	return &ProbeError{Code: Unexpected}
}

// ProbeError is why a witness did not answer as one that knows the ledger.
type ProbeError struct{ Code Code }

func (e *ProbeError) Error() string { return "witness: " + string(e.Code) }
