package api

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/eventstore/ledger"
)

// LedgerStatus says how the ledger fares.
type LedgerStatus struct {
	Origin   string `json:"origin" doc:"the name of the ledger in its checkpoints"`
	Head     int64  `json:"head" doc:"the position of the last event recorded"`
	Sealed   int64  `json:"sealed" doc:"how many entries the last checkpoint has"`
	Unsealed int64  `json:"unsealed" doc:"how many are recorded and not sealed yet"`
	// CheckpointAt is when the last checkpoint was signed; zero where nobody
	// knows.
	CheckpointAt time.Time     `json:"checkpointAt,omitzero"`
	Alarm        *LedgerAlarm  `json:"alarm,omitempty" doc:"why nothing is sealed any more"`
	Witnessed    int64         `json:"witnessed" doc:"how many entries the last checkpoint has that enough witnesses have cosigned"`
	Witnesses    []Witness     `json:"witnesses"`
	Verification *Verification `json:"verification,omitempty" doc:"the last one that was carried out here"`
}

// LedgerAlarm says why nothing is sealed any more.
type LedgerAlarm struct {
	Code     string    `json:"code"`
	Detail   string    `json:"detail" doc:"the entry or the tree that is meant"`
	RaisedAt time.Time `json:"raisedAt"`
}

// Witness is how far a witness has followed the ledger.
type Witness struct {
	Name  string    `json:"name"`
	Size  int64     `json:"size" doc:"of the last checkpoint that it cosigned"`
	At    time.Time `json:"at,omitzero" doc:"when it last cosigned"`
	Fault string    `json:"fault,omitempty" doc:"why it has not cosigned since: a code"`
}

// Verification is what a verification of the ledger found.
type Verification struct {
	Verdict string    `json:"verdict" doc:"intact, intact-erased, KEY-MISSING or TAMPERED at entry N"`
	To      int64     `json:"to" doc:"how many entries it covered"`
	At      time.Time `json:"at"`
}

// SignedCheckpoint is a checkpoint and what is read from it.
type SignedCheckpoint struct {
	Size int64  `json:"size"`
	Root string `json:"root" doc:"base64"`
	Note string `json:"note" doc:"the signed note: what counts"`
}

// Checkpoints are the last two that count.
type Checkpoints struct {
	Signed    SignedCheckpoint  `json:"signed"`
	Witnessed *SignedCheckpoint `json:"witnessed,omitempty"`
}

// InclusionProof proves that an entry is in a tree.
type InclusionProof struct {
	Entry      string           `json:"entry"`
	Index      int64            `json:"index" doc:"of the entry in the tree, from 0"`
	Hashes     []string         `json:"hashes" doc:"from the entry's sibling up to the root's child (RFC 6962, 2.1.1), base64"`
	Checkpoint SignedCheckpoint `json:"checkpoint" doc:"of the tree that they lead to"`
}

// ConsistencyProof proves that one tree only adds to another.
type ConsistencyProof struct {
	From   int64    `json:"from"`
	To     int64    `json:"to"`
	Hashes []string `json:"hashes" doc:"RFC 6962, 2.1.2; base64"`
}

func signedOf(c ledger.Checkpoint) SignedCheckpoint {
	return SignedCheckpoint{Size: c.N, Root: base64.StdEncoding.EncodeToString(c.Hash[:]), Note: string(c.Note)}
}

// ofLedger is an answer about the ledger itself, as far as a checkpoint.
func ofLedger[T any](data T, size int64) answer[T] {
	return answer[T]{Data: data, Items: 1, Reflects: Reflects{Position: event.Position(size), Latest: true, Model: "ledger"}}
}

var getLedgerCheckpoint = operation[Checkpoints]{
	ID: "get-ledger-checkpoint", Method: http.MethodGet, Path: prefix + "/ledger/checkpoint",
	Summary: "The last checkpoint that was signed, and the last that was witnessed",
	Action:  "ledger.read", Audit: access.ReadList, View: "ledger-checkpoint",
	Handle: (*API).getLedgerCheckpoint,
}

func (a *API) getLedgerCheckpoint(c *call) (none answer[Checkpoints], _ error) {
	last, err := a.config.Proofs.Checkpoint(c.ctx)
	if err != nil {
		return none, ledgerFault(err, errNotSealed)
	}
	data := Checkpoints{Signed: signedOf(last)}
	switch witnessed, err := a.config.Proofs.Witnessed(c.ctx); {
	case err == nil:
		signed := signedOf(witnessed)
		data.Witnessed = &signed
	case !errors.Is(err, ledger.ErrNoCheckpoint):
		return none, ledgerFault(err, errNotSealed)
	}
	return ofLedger(data, last.N), nil
}

var getLedgerStatus = operation[LedgerStatus]{
	ID: "get-ledger-status", Method: http.MethodGet, Path: prefix + "/ledger/status",
	Summary: "How far the ledger is sealed, witnessed and verified, and whether an alarm is raised",
	Action:  "ledger.read", Audit: access.ReadList, View: "ledger-status",
	Handle: (*API).getLedgerStatus,
}

func (a *API) getLedgerStatus(c *call) (answer[LedgerStatus], error) {
	status, err := a.config.Proofs.Status(c.ctx)
	if err != nil {
		return answer[LedgerStatus]{}, ledgerFault(err, errNotSealed)
	}
	return ofLedger(status, status.Sealed), nil
}

var getConsistency = operation[ConsistencyProof]{
	ID: "get-ledger-consistency", Method: http.MethodGet, Path: prefix + "/ledger/consistency",
	Summary: "The proof that the ledger of one size only adds to that of another",
	Action:  "ledger.read", Audit: access.ReadList, View: "ledger-consistency",
	Query: []parameter{
		{Name: "from", Type: "integer", Doc: "the smaller size, from 1"},
		{Name: "to", Type: "integer", Doc: "the larger size, at most the last checkpoint's, which is meant if it is left out"},
	},
	Handle: (*API).getConsistency,
}

func (a *API) getConsistency(c *call) (none answer[ConsistencyProof], _ error) {
	last, err := a.config.Proofs.Checkpoint(c.ctx)
	if err != nil {
		return none, ledgerFault(err, errNotSealed)
	}
	p := ConsistencyProof{To: last.N}
	if c.query.Has("to") {
		if p.To, err = c.size("to", 1, last.N); err != nil {
			return none, err
		}
	}
	if p.From, err = c.size("from", 1, p.To); err != nil {
		return none, err
	}
	hashes, err := a.config.Proofs.Consistency(c.ctx, p.From, p.To)
	if err != nil {
		return none, ledgerFault(err, errNotSealed)
	}
	p.Hashes = base64Of(hashes)
	return ofLedger(p, p.To), nil
}

// size reads a parameter that is a size of the ledger.
func (c *call) size(name string, least, most int64) (int64, error) {
	text := c.query.Get(name)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != text || n < least || n > most {
		return 0, badParameter(name, "parameter-out-of-range", "is no size from 1 to the larger one")
	}
	return n, nil
}

var getInclusion = operation[InclusionProof]{
	ID: "get-ledger-inclusion", Method: http.MethodGet, Path: prefix + "/ledger/inclusion",
	Summary: "The proof that an entry is in the ledger of the last checkpoint",
	Action:  "ledger.read", Audit: access.ReadList, View: "ledger-inclusion",
	Query:  []parameter{{Name: "entry", Type: "string", Doc: "required; an entry, as an earlier answer named it"}},
	Handle: (*API).getInclusion,
}

func (a *API) getInclusion(c *call) (none answer[InclusionProof], _ error) {
	position, ok := a.tokens.read(entryToken, c.caller, event.UUID{}, c.query.Get("entry"))
	if !ok || position == 0 {
		return none, badParameter("entry", "parameter-malformed", "is none that an answer has named")
	}
	last, err := a.config.Proofs.Checkpoint(c.ctx)
	if err != nil {
		return none, ledgerFault(err, errNotSealed)
	}
	hashes, err := a.config.Proofs.Inclusion(c.ctx, event.Position(position), last.N)
	if err != nil {
		return none, ledgerFault(err, errNotSealed)
	}
	return ofLedger(InclusionProof{Entry: c.entry(event.Position(position)), Index: int64(position) - 1, Hashes: base64Of(hashes), Checkpoint: signedOf(last)}, last.N), nil
}

var getEventProof = operation[struct{}]{
	ID: "get-event-proof", Method: http.MethodGet, Path: prefix + "/events/{event}/proof", Media: noteMedia,
	Summary: "The proof that an event is in the ledger, as a .tlog-proof file (C2SP tlog-proof), by the last witnessed checkpoint where that has it",
	Action:  "event.prove", Audit: access.ReadEvent, View: "event-proof",
	Handle: (*API).getEventProof,
}

func (a *API) getEventProof(c *call) (none answer[struct{}], _ error) {
	found, err := a.getEvent(c) // whoever may see it
	if err != nil {
		return none, err
	}
	proof, err := a.config.Proofs.Proof(c.ctx, found.Reflects.Position)
	if err != nil {
		return none, ledgerFault(err, errNotSealed)
	}
	f := file{Bytes: ledger.FormatProof(proof), Name: found.Data.Event.String() + ".tlog-proof"}
	if witnessed, err := a.config.Proofs.Witnessed(c.ctx); err == nil && bytes.Equal(witnessed.Note, proof.Checkpoint) {
		f.Cache = keptByReader // no better one is to come
	}
	return answer[struct{}]{File: f, Items: 1, Subjects: found.Subjects}, nil
}
