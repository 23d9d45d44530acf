package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// Packs makes case proof packs.
type Packs interface {
	// Make makes one for somebody, and puts that on the record before it returns.
	// Whom the pack is about comes back with it, and how many entries it has.
	//
	// The fault "no-such-person" if nothing is held that is for them to know of;
	// "role-may-not" if their role may not have a pack of that kind.
	Make(ctx context.Context, c Caller, q PackQuery) (pack []byte, about []event.UUID, entries int, err error)
}

// PackQuery says which pack is wanted.
type PackQuery struct {
	Person  event.UUID
	Subject bool // for the person; otherwise evidence
	Use     access.Purpose
	Purpose event.Purpose
	Reason  string
	At      time.Time
	// From and To bound what is opened; zero is no bound.
	From, To time.Time
	Withhold []event.Position
}

// packAsked is the body that asks for a pack.
type packAsked struct {
	Kind     string           `json:"kind" doc:"evidence, or subject-access"`
	Use      access.Purpose   `json:"logPurpose,omitempty" doc:"of evidence: AUDIT, SELF_MONITORING, INTEGRITY_SECURITY or CRIMINAL_PROCEEDINGS (DPA 2018 s.62(4))"`
	From     event.When       `json:"from,omitzero" doc:"open only what was recorded then or later"`
	To       event.When       `json:"to,omitzero" doc:"open only what was recorded by then"`
	Withhold []event.Position `json:"withhold,omitempty" doc:"the positions of entries that somebody decided may not be given"`
}

// The kinds of pack.
const (
	evidencePack = "evidence"
	subjectPack  = "subject-access"
)

// mostWithheld bounds a list that people make.
const mostWithheld = 1000

// Validate says which members cannot be.
func (p packAsked) Validate() []fault.Field {
	var f fault.Fields
	f.If(p.Kind != evidencePack && p.Kind != subjectPack, "/kind", "unknown-code", "this is no kind of pack")
	f.If(p.Kind == evidencePack && !p.Use.Allowed(), "/logPurpose", "purpose-not-allowed", "say for which of the purposes of section 62(4) the record is read")
	f.If(p.Kind == subjectPack && p.Use != "", "/logPurpose", "purpose-not-allowed", "this goes with evidence")
	f.If(len(p.Withhold) > mostWithheld, "/withhold", "too-many", "at most 1000 entries")
	return f
}

var makePack = operation[struct{}]{
	ID: "make-pack", Method: http.MethodPost, Path: prefix + "/people/{person}/packs", Media: "application/zip",
	Summary: "A case proof pack about a person: what their record says, and what proves it to a stranger. X-Access-Reason is required",
	Action:  "pack.make", Audit: access.ReadOne, View: "pack",
	Body:   reflect.TypeFor[packAsked](),
	Handle: (*API).makePack,
}

var errNoReason = fault.New(fault.Invalid, "reason-required", "X-Access-Reason says why the pack is made")

func (a *API) makePack(c *call) (answer[struct{}], error) {
	none, asked := answer[struct{}]{}, c.body.(packAsked)
	reason, state := c.look.Reason.Get()
	switch {
	case state != event.Open:
		return none, errNoReason
	case a.config.Packs == nil:
		return none, errNotSealed
	}
	q := PackQuery{Person: c.person, Subject: asked.Kind == subjectPack, Use: asked.Use, Purpose: c.purpose, Reason: reason, At: c.now, Withhold: asked.Withhold}
	if !asked.From.IsZero() {
		q.From = asked.From.Earliest()
	}
	if !asked.To.IsZero() {
		q.To = asked.To.Latest()
	}
	pack, about, entries, err := a.config.Packs.Make(c.ctx, c.caller, q)
	if err != nil {
		return none, ledgerFault(err, errNotSealed)
	}
	return answer[struct{}]{File: file{Bytes: pack, Name: "case-proof-pack.zip", Cache: "no-store"}, Subjects: about, Items: entries}, nil
}
