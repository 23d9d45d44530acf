package api

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"caseledger/api/recording"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// recorded is what a command's answer says of what came of it.
type recorded struct {
	Person event.UUID `json:"person"`
	Events []event.ID `json:"events" doc:"of the events recorded, in order; empty if it was already so"`
	// About saves the caller a read: what a grant made is its consent.
	About map[string]event.UUID `json:"about,omitempty" doc:"what the events are about by name, such as consent, referral or decision"`
}

const (
	prefix        = "/api/v1"
	commandPrefix = prefix + "/people/{person}/commands/"
	openingPrefix = prefix + "/people/commands/"
)

// commandRoute makes a route of a command. Nothing here knows any command.
func commandRoute(a *API, c casefile.Command) route {
	path := commandPrefix + c.Name
	if c.Opens {
		path = openingPrefix + c.Name
	}
	return writeRoute(a, writing{
		id: c.Name, path: path, summary: c.Summary, command: c, body: c.Body,
		of: func(k *call, body any) (event.UUID, any) { return k.person, body },
	})
}

// writing is a route that records something: a command, and where in the
// request its person and its own body are.
type writing struct {
	id, path, summary string
	command           casefile.Command
	body              reflect.Type
	of                func(*call, any) (person event.UUID, body any)
	at                string // the JSON pointer of the command's own body in the request's
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
	person, body := w.of(c, whole)
	requestOf(c.ctx).person = person
	if err := validate(body); err != nil {
		return under(w.at, err)
	}
	request := recording.Request{
		Command: w.command.Name, Body: body, Person: person, ID: key, Actor: c.caller.Actor, Purpose: c.purpose,
		Correlation: requestOf(c.ctx).correlation, Origin: event.Live, IfAny: w.command.Opens,
	}
	if !w.command.Opens {
		if request.If, err = c.precondition(person, r.Header.Values("If-Match")); err != nil {
			return c.absentOr(person, err)
		}
	}
	outcome, err := a.config.Recorder.Record(c.ctx, request)
	if err != nil {
		return under(w.at, c.absentOr(person, err))
	}
	requestOf(c.ctx).person = outcome.Person
	m := meta{AsOfLatest: !outcome.Repeated, Withheld: withheld, Entry: c.entry(outcome.Position)}
	if outcome.Position != 0 {
		m.Consistency = a.tokens.show(positionToken, c.caller, event.UUID{}, uint64(outcome.Position))
	}
	data := recorded{outcome.Person, outcome.Events, outcome.About}
	answer, err := json.Marshal(envelope[recorded]{Data: data, Meta: m}, json.Deterministic(true))
	if err != nil {
		return err
	}
	header := rw.Header()
	header.Set("ETag", c.etag(outcome.Person, outcome.Revision))
	if outcome.Repeated {
		header.Set("Idempotent-Replayed", "true")
	}
	if w.command.Opens {
		header.Set("Location", prefix+"/people/"+outcome.Person.String())
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

// absentOr is err, unless err says that a record has moved on which is not
// there for the caller: that answer must not tell a hidden person from an
// absent one.
func (c *call) absentOr(person event.UUID, err error) error {
	if f := fault.Of(err); f == nil || f.Kind != fault.Stale {
		return err
	}
	if _, _, hidden := c.api.config.Recorder.Load(c.ctx, person, c.caller.Actor.Org); hidden != nil {
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
// whoever decides about a person has read the record first.
func (c *call) precondition(person event.UUID, values []string) (event.Revision, error) {
	tags := splitList(values)
	if len(tags) == 0 {
		return 0, fault.New(fault.Unconditional, "if-match-missing", "a command on a case needs the person's ETag in If-Match")
	}
	tag := tags[0]
	if len(tags) > 1 || tag == "*" {
		return 0, fault.New(fault.Invalid, "if-match-malformed", "If-Match holds exactly one ETag")
	}
	text, quoted := strings.CutPrefix(tag, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	n, ok := c.api.tokens.read(revisionToken, c.caller, person, text)
	if !quoted || !closed || !ok {
		return 0, fault.New(fault.Stale, "stale-precondition", "the ETag is none that this person's record has now")
	}
	return event.Revision(n), nil
}
