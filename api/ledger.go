package api

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
)

// What the ledger publishes is at the paths of C2SP tlog-tiles below this prefix:
// checkpoints and hashes for everybody, entries for auditors.
const published = "/ledger/"

// The content types of C2SP tlog-tiles.
const (
	noteMedia = "text/plain; charset=utf-8"
	tileMedia = "application/octet-stream"
)

// How long what is published may be kept: a tile for ever, once it is full; a
// narrower one until it has grown; a checkpoint until the next.
const (
	keptForEver  = "public, max-age=31536000, immutable"
	keptAWhile   = "public, max-age=600"
	keptAMoment  = "public, max-age=1"
	keptByReader = "private, max-age=31536000, immutable"
)

// integrityFailed is what every answer says while an alarm is raised.
const integrityFailed = "failed"

func (a *API) integrity() string {
	if a.config.Proofs.Failed() != "" {
		return integrityFailed
	}
	return ""
}

var errNotSealed = &fault.Fault{Kind: fault.Unavailable, Code: "not-yet-sealed", Message: "the ledger has not sealed this yet", RetryAfter: retryLater}

// ledgerFault turns what package ledger refuses into a fault. beyond is what is
// answered about something that the last checkpoint does not have.
func ledgerFault(err, beyond error) error {
	switch {
	case errors.Is(err, ledger.ErrNoCheckpoint):
		return errNotSealed
	case errors.Is(err, ledger.ErrBeyond):
		return beyond
	case errors.Is(err, ledger.ErrCorrupt):
		return &corrupt{err}
	}
	return err
}

// corrupt is what is kept of the ledger not being what was signed. The log names
// the place.
type corrupt struct{ cause error }

func (c *corrupt) Error() string { return c.cause.Error() }

func (c *corrupt) As(target any) bool {
	f, ok := target.(**fault.Fault)
	if ok {
		*f = fault.New(fault.Corrupt, "ledger-corrupt", "what is kept of the ledger is not what was signed")
	}
	return ok
}

func ledgerRoutes(a *API) []route {
	return []route{
		a.publishedRoute("published-checkpoint", "checkpoint", "The last checkpoint: a signed note of the ledger's size and root (C2SP tlog-checkpoint)", noteMedia,
			func(r *http.Request) (file, error) { return noteOf(a.config.Proofs.Checkpoint(r.Context())) }),
		a.publishedRoute("published-witnessed", "witnessed", "The last checkpoint that enough witnesses have cosigned, with their signatures", noteMedia,
			func(r *http.Request) (file, error) {
				f, err := noteOf(a.config.Proofs.Witnessed(r.Context()))
				if errors.Is(err, ledger.ErrNoCheckpoint) {
					err = errNoResource // there may be no witnesses at all
				}
				return f, err
			}),
		a.publishedRoute("published-tile", "tile/*", "A tile of the ledger's hashes, such as tile/0/x001/234 or tile/1/000.p/17 (C2SP tlog-tiles)", tileMedia, a.publishedTile),
		bind(a, publishedEntries),
		bind(a, getLedgerCheckpoint), bind(a, getLedgerStatus), bind(a, getConsistency), bind(a, getInclusion), bind(a, getEventProof),
	}
}

// publishedRoute makes a public route below the prefix.
func (a *API) publishedRoute(id, path, summary, media string, serve func(*http.Request) (file, error)) route {
	r := a.plain(id, published+path, summary, media, func(w http.ResponseWriter, q *http.Request) {
		f, err := serve(q)
		if err != nil {
			a.fail(q.Context(), w, ledgerFault(err, errNoResource))
			return
		}
		f.write(w, media)
	})
	document := r.document
	r.document = func(registry huma.Registry) *huma.Operation {
		op := document(registry)
		op.Tags = []string{"ledger"}
		problems(registry, op.Responses, 404, 500, 503)
		return op
	}
	return r
}

func noteOf(c ledger.Checkpoint, err error) (file, error) {
	return file{Bytes: c.Note, Cache: keptAMoment}, err
}

// tilePath reads what follows the prefix.
func tilePath(r *http.Request) (ledger.TilePath, error) {
	path, err := ledger.ParseTilePath(strings.TrimPrefix(r.URL.EscapedPath(), published))
	if err != nil {
		return ledger.TilePath{}, errNoResource
	}
	return path, nil
}

func (a *API) publishedTile(r *http.Request) (file, error) {
	path, err := tilePath(r)
	if err != nil || path.Entries {
		return file{}, errNoResource
	}
	data, err := a.config.Proofs.Tile(r.Context(), path.Level, path.N, path.Width)
	if path.Width == ledger.TileWidth {
		return file{Bytes: data, Cache: keptForEver}, err
	}
	return file{Bytes: data, Cache: keptAWhile}, err
}

// publishedEntries gives auditors the entries as they are stored, sealed. A tool
// that follows a ledger sends nothing but its token: its purpose is to audit.
var publishedEntries = operation[struct{}]{
	ID: "published-entries", Method: http.MethodGet, Path: published + "tile/entries/*", Media: tileMedia, Purpose: "AUDIT",
	Summary: "A bundle of entries as they are stored, such as tile/entries/x001/234.p/17 (C2SP tlog-tiles), whose payloads stay sealed",
	Action:  "ledger.entries", Audit: access.ReadEvent, View: "ledger-entries",
	Query: []parameter{{Name: "purpose", Type: "string",
		Doc: "what the entries are used for (DPA 2018 s.62(4)): AUDIT, which is meant if it is left out, SELF_MONITORING, INTEGRITY_SECURITY or CRIMINAL_PROCEEDINGS"}},
	Handle: (*API).publishedEntries,
}

func (a *API) publishedEntries(c *call) (answer[struct{}], error) {
	none := answer[struct{}]{}
	if c.ledger = "AUDIT"; c.query.Has("purpose") {
		c.ledger = access.Purpose(c.query.Get("purpose"))
	}
	if !c.ledger.Allowed() {
		return none, badParameter("purpose", "purpose-not-allowed", "does not say for which of the purposes of section 62(4) the entries are read")
	}
	path, err := tilePath(c.http)
	if err != nil {
		return none, err
	}
	bundle, err := a.config.Proofs.EntryBundle(c.ctx, path.N, path.Width)
	if err != nil {
		return none, ledgerFault(err, errNoResource)
	}
	subjects, err := subjectsOf(bundle)
	return answer[struct{}]{File: file{Bytes: bundle}, Subjects: subjects, Items: path.Width}, err
}

// subjectsOf are those whom the entries of a bundle are about.
func subjectsOf(bundle []byte) (subjects []event.UUID, _ error) {
	for len(bundle) >= 2 {
		length := int(binary.BigEndian.Uint16(bundle))
		if bundle = bundle[2:]; length > len(bundle) {
			break
		}
		stored, err := codec.ParseStored(bundle[:length])
		if err != nil {
			return nil, &corrupt{err}
		}
		if stored.Stream.Kind == event.CaseStream {
			meta, err := codec.Peek(stored.Body)
			if err != nil {
				return nil, &corrupt{err}
			}
			subjects = append(subjects, meta.Subject)
		}
		bundle = bundle[length:]
	}
	if len(bundle) > 0 {
		return nil, &corrupt{errors.New("api: a bundle that is cut")}
	}
	return subjects, nil
}

// base64Of writes hashes as .tlog-proof files do.
func base64Of(hashes []ledger.Hash) []string {
	all := make([]string, len(hashes))
	for i, h := range hashes {
		all[i] = base64.StdEncoding.EncodeToString(h[:])
	}
	return all
}

// unsealed is a ledger of which nothing is sealed.
type unsealed struct{}

func (unsealed) Checkpoint(context.Context) (c ledger.Checkpoint, _ error) {
	return c, ledger.ErrNoCheckpoint
}

func (unsealed) Witnessed(context.Context) (c ledger.Checkpoint, _ error) {
	return c, ledger.ErrNoCheckpoint
}

func (unsealed) Tile(context.Context, int, int64, int) ([]byte, error) {
	return nil, ledger.ErrNoCheckpoint
}

func (unsealed) EntryBundle(context.Context, int64, int) ([]byte, error) {
	return nil, ledger.ErrNoCheckpoint
}

func (unsealed) Inclusion(context.Context, event.Position, int64) (ledger.RecordProof, error) {
	return nil, ledger.ErrNoCheckpoint
}

func (unsealed) Consistency(context.Context, int64, int64) (ledger.TreeProof, error) {
	return nil, ledger.ErrNoCheckpoint
}

func (unsealed) Proof(context.Context, event.Position) (p ledger.Proof, _ error) {
	return p, ledger.ErrNoCheckpoint
}

func (unsealed) Status(context.Context) (s LedgerStatus, _ error) { return s, ledger.ErrNoCheckpoint }

func (unsealed) Failed() string { return "" }
