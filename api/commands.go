package api

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"caseledger/api/recording"
	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// recorded is what a command's answer says of what came of it.
type recorded struct {
	Person event.UUID     `json:"person,omitzero" doc:"whose case it is on"`
	Stream event.StreamID `json:"stream" doc:"such as case-… or agreement-…"`
	Events []event.ID     `json:"events" doc:"of the events recorded, in order; empty if it was already so"`
	// About saves the caller a read: what a grant made is its consent.
	About map[string]event.UUID `json:"about,omitempty" doc:"what the events are about by name, such as consent, referral or decision"`
	// Warnings did not stop it.
	Warnings []string `json:"warnings,omitempty" doc:"codes of what speaks against it, such as the findings it will lead to"`
}

const prefix = "/api/v1"

// collections are where the streams of each kind that takes commands stand in
// the API: under which name, and what the path calls the one that is meant.
var collections = map[event.StreamKind]struct{ name, one string }{
	event.CaseStream:      {"people", "person"},
	event.AgreementStream: {"agreements", "agreement"},
	event.OrgStream:       {"organisations", "organisation"},
	event.FindingStream:   {"findings", "subject"},
	event.PolicyStream:    {"policy", ""}, // there is one
}

// commandRoute makes a route of a command. Nothing here knows any command.
func commandRoute(a *API, c catalogue.Command) route {
	at := collections[c.Kind]
	path := prefix + "/" + at.name
	if at.one != "" && !c.Opens {
		path += "/{" + at.one + "}"
	}
	return writeRoute(a, writing{
		id: c.Name, path: path + "/commands/" + c.Name, summary: c.Summary, command: c, body: c.Body,
		of: func(k *call, body any) (event.StreamID, any, error) {
			if at.one == "" || c.Opens {
				return event.StreamID{Kind: c.Kind}, body, nil
			}
			id, err := event.ParseUUID(k.path(at.one))
			if err != nil || id.IsZero() {
				return event.StreamID{}, nil, recording.Absent(c.Kind)
			}
			return event.StreamID{Kind: c.Kind, Of: id}, body, nil
		},
	})
}

// writing is a route that records something: a command, and where in the
// request its stream and its own body are.
type writing struct {
	id, path, summary string
	command           catalogue.Command
	body              reflect.Type
	// of returns the stream without an identifier where the command opens it.
	of func(*call, any) (stream event.StreamID, body any, err error)
	at string // the JSON pointer of the command's own body in the request's
}

// conditional reports whether whoever gives the command must have read what it
// is given to. A case that limited access hides cannot be read by whom it does
// not stop, nor an organisation's governance by everybody who works there.
func (w writing) conditional() bool {
	of, isCase := w.command.Case()
	return !w.command.Opens && w.command.Kind != event.OrgStream && !(isCase && of.Unbarred())
}

func writeRoute(a *API, w writing) route {
	return route{
		id: w.id, method: http.MethodPost, path: w.path, summary: w.summary, action: "command." + w.command.Name, roles: w.command.Roles,
		document: func(r huma.Registry) *huma.Operation { return documentWrite(r, w) },
		serve: func(rw http.ResponseWriter, r *http.Request, h huma.Context) {
			if err := serveWrite(a, w, rw, r, h); err != nil {
				a.fail(r.Context(), rw, err)
			}
		},
	}
}

// serveWrite carries a command out. When it answers 201, what it names is on
// disk.
func serveWrite(a *API, w writing, rw http.ResponseWriter, r *http.Request, h huma.Context) error {
	c, leave, err := a.admit(r, h, w.command.Roles)
	if err != nil {
		return err
	}
	defer leave()
	if err := c.readQuery(nil); err != nil {
		return err
	}
	key, err := idempotencyKey(r.Header.Values("Idempotency-Key"))
	if err != nil {
		return err
	}
	whole, err := c.readBody(w.body)
	if err != nil {
		return err
	}
	stream, body, err := w.of(c, whole)
	if err != nil {
		return err
	}
	c.about(stream)
	if err := validate(body); err != nil {
		return under(w.at, err)
	}
	request := recording.Request{
		Command: w.command.Name, Body: body, ID: key, Actor: c.caller.Actor, Purpose: c.purpose,
		Correlation: requestOf(c.ctx).correlation, Origin: event.Live, IfAny: w.command.Opens,
	}
	if stream.Kind == event.CaseStream {
		request.Person = stream.Of
	} else if !w.command.Opens {
		request.Stream = stream
	}
	if tags := r.Header.Values("If-Match"); !w.command.Opens && (w.conditional() || len(tags) > 0) {
		if request.If, err = c.precondition(stream, tags); err != nil {
			return c.absentOr(stream, err)
		}
	} else {
		request.IfAny = true
	}
	outcome, err := a.config.Recorder.Record(c.ctx, request)
	if err != nil {
		return under(w.at, c.absentOr(stream, err))
	}
	c.about(outcome.Stream)
	m := meta{AsOfLatest: !outcome.Repeated, Withheld: withheld, Entry: c.entry(outcome.Position), Integrity: a.integrity()}
	if outcome.Position != 0 {
		m.Consistency = a.tokens.show(positionToken, c.caller, event.UUID{}, uint64(outcome.Position))
	}
	data := recorded{outcome.Person, outcome.Stream, outcome.Events, outcome.About, outcome.Warnings}
	answer, err := json.Marshal(envelope[recorded]{Data: data, Meta: m}, json.Deterministic(true))
	if err != nil {
		return err
	}
	header := rw.Header()
	header.Set("ETag", c.etag(scopeOfStream(outcome.Stream), outcome.Revision))
	if outcome.Repeated {
		header.Set("Idempotent-Replayed", "true")
	}
	if w.command.Opens {
		header.Set("Location", prefix+"/"+collections[outcome.Stream.Kind].name+"/"+outcome.Stream.Of.String())
	}
	status := http.StatusCreated
	if len(outcome.Events) == 0 {
		status = http.StatusOK // it was already so, and nothing was recorded
	}
	reply(rw, status, answer)
	return nil
}

// under moves the pointers of a fault to where the command's body stands in
// the request's.
func under(at string, err error) error {
	f := fault.Of(err)
	if at == "" || f == nil || len(f.Fields) == 0 {
		return err
	}
	moved := *f
	moved.Fields = slices.Clone(f.Fields)
	for i := range moved.Fields {
		moved.Fields[i].Pointer = at + moved.Fields[i].Pointer
	}
	return &moved
}

// about puts what the request is about into its log record.
func (c *call) about(stream event.StreamID) {
	if stream.Of.IsZero() {
		return
	}
	if stream.Kind == event.CaseStream {
		requestOf(c.ctx).person = stream.Of
	} else {
		requestOf(c.ctx).stream = stream
	}
}

// scopeOfStream is what the ETag of a stream's revision is bound to: a case's
// to its person, any other's to the stream, because a person has findings too.
func scopeOfStream(stream event.StreamID) event.UUID {
	if stream.Kind == event.CaseStream {
		return stream.Of
	}
	b := stream.Bytes()
	return event.DeriveUUID("stream", b[:])
}

// absentOr is err, unless err says that a record has moved on which is not
// there for the caller: that answer must not tell a hidden stream from an
// absent one.
func (c *call) absentOr(stream event.StreamID, err error) error {
	if f := fault.Of(err); f == nil || f.Kind != fault.Stale {
		return err
	}
	if hidden := c.api.config.Recorder.Visible(c.ctx, stream, c.caller.Actor); hidden != nil {
		return hidden
	}
	return err
}

// idempotencyKey names the command for ever.
func idempotencyKey(values []string) (event.UUID, error) {
	if len(values) == 0 {
		return event.UUID{}, fault.New(fault.Invalid, "idempotency-key-missing", "a command needs an Idempotency-Key")
	}
	key, err := event.ParseUUID(strings.ToLower(values[0]))
	if err != nil || key.IsZero() || len(values) > 1 {
		return event.UUID{}, fault.New(fault.Invalid, "idempotency-key-malformed", "an Idempotency-Key is one UUID")
	}
	return key, nil
}

// precondition reads the revision that the caller has seen. "*" is refused:
// whoever decides has read the record first.
func (c *call) precondition(stream event.StreamID, values []string) (event.Revision, error) {
	tags := splitList(values)
	if len(tags) == 0 {
		return 0, fault.New(fault.Unconditional, "if-match-missing", "a command needs the ETag of what it is given to in If-Match")
	}
	tag := tags[0]
	if len(tags) > 1 || tag == "*" {
		return 0, fault.New(fault.Invalid, "if-match-malformed", "If-Match holds exactly one ETag")
	}
	text, quoted := strings.CutPrefix(tag, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	n, ok := c.api.tokens.read(revisionToken, c.caller, scopeOfStream(stream), text)
	if !quoted || !closed || !ok {
		return 0, fault.New(fault.Stale, "stale-precondition", "the ETag is none that this record has now")
	}
	return event.Revision(n), nil
}
