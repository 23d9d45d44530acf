package catalogue_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/lawfulness"
	"caseledger/domain/reference"
)

var register = reference.NewRegister()

// org is the identifier of an organisation by code or label.
func org(code reference.OrganisationCode) event.UUID {
	o, ok := register.ByCode(code)
	if !ok {
		panic("no organisation " + string(code))
	}
	return o.ID
}

// staff is whoever holds a role at an organisation.
func staff(role event.Role, at reference.OrganisationCode) event.UUID {
	return event.DeriveUUID("test-staff", []byte(role), []byte(at))
}

// story is the invented history of one stream: given what happened, when a
// command comes, then events or a refusal. It starts empty, on 5 January 2026
// at 09:00 in London, with the information governance lead of HUB-CAM at the
// keyboard.
type story struct {
	t       *testing.T
	stream  event.StreamID
	history []event.Recorded
	ctx     event.Context
	n       int
}

func newStory(t *testing.T, stream event.StreamID) *story {
	t.Helper()
	g := &story{t: t, stream: stream, ctx: event.Context{Person: stream.Subject(), Purpose: "AUDIT", Synthetic: true}}
	return g.at("2026-01-05 09:00").as("IG_LEAD", "HUB-CAM")
}

// at moves the clock to a Europe/London time, "2006-01-02 15:04".
func (g *story) at(clock string) *story {
	g.t.Helper()
	now, err := time.ParseInLocation("2006-01-02 15:04", clock, event.London)
	if err != nil {
		g.t.Fatal(err)
	}
	g.ctx.Now = now.UTC()
	return g
}

// as sits somebody else at the keyboard.
func (g *story) as(role event.Role, at reference.OrganisationCode) *story {
	g.t.Helper()
	o, ok := register.ByCode(at)
	if !ok || !reference.HeldOn(role, o.Side) {
		g.t.Fatalf("%s at %s: no such organisation, or not a role of its side", role, at)
	}
	g.ctx.Actor = event.Actor{ID: staff(role, at), Role: role, Side: o.Side, Org: o.ID}
	g.ctx.Peers = nil
	for _, other := range register.All() {
		if other.Controller == o.Controller {
			g.ctx.Peers = append(g.ctx.Peers, other.ID)
		}
	}
	return g
}

// standing is the stream as decisions see it now.
func (g *story) standing() []event.Recorded { return event.Standing(g.history) }

// given lets a command's events happen whatever the rules say, as an import
// does.
func (g *story) given(command, body string) *story {
	g.t.Helper()
	g.decide(command, body, event.Imported).then()
	return g
}

// when gives a live command. Its events, if it is not refused, join the story.
func (g *story) when(command, body string) result {
	g.t.Helper()
	return g.decide(command, body, event.Live)
}

func (g *story) decide(command, body string, origin event.Origin) result {
	g.t.Helper()
	c, ok := catalogue.Named(command)
	if !ok || c.Kind != g.stream.Kind {
		g.t.Fatalf("there is no command %s for a stream of kind %d", command, g.stream.Kind)
	}
	if origin == event.Live && !slices.Contains(c.Roles, g.ctx.Actor.Role) {
		return result{g: g, command: command, err: fault.New(fault.Denied, "role-may-not", "the role may not give this command")}
	}
	v := reflect.New(c.Body)
	d := json.NewDecoder(bytes.NewReader([]byte(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(v.Interface()); err != nil {
		g.t.Fatalf("%s: body: %v", command, err)
	}
	g.n++
	g.ctx.Command = event.DeriveUUID("test-command", []byte(strconv.Itoa(g.n)))
	ctx := g.ctx
	ctx.Origin = origin
	around := lawfulness.NewShared(register, g.history).Now()
	drafts, err := c.Decide(g.standing(), around, v.Elem().Interface(), ctx)
	if err == nil {
		g.record(drafts, origin)
	}
	return result{g: g, command: command, drafts: drafts, err: err}
}

func (g *story) record(drafts []event.Draft, origin event.Origin) {
	g.t.Helper()
	for i, d := range drafts {
		def, ok := catalogue.Events.Of(d.Data)
		if !ok {
			g.t.Fatalf("%T is not in the catalogue", d.Data)
		}
		g.history = append(g.history, event.Recorded{
			Position: event.Position(len(g.history) + 1), Revision: event.Revision(len(g.history) + 1),
			RecordedAt: g.ctx.Now, Stream: g.stream,
			ID: event.DeriveID(g.ctx.Actor.ID, g.stream, g.ctx.Command, len(g.history)*10+i),
			Meta: event.Meta{Type: def.Name(), Version: def.Current().Number, Subject: g.stream.Subject(), Effective: d.Effective,
				Actor: g.ctx.Actor, Purpose: g.ctx.Purpose, Command: g.ctx.Command, Index: i, Corrects: d.Corrects, Origin: origin},
			Data: d.Data, Operational: event.Open,
		})
	}
}

// result is what came of a command.
type result struct {
	g       *story
	command string
	drafts  []event.Draft
	err     error
}

// then checks that the command was accepted and which events it recorded, by
// stored name; with no names, that it was accepted.
func (r result) then(names ...string) []event.Draft {
	r.g.t.Helper()
	if r.err != nil {
		r.g.t.Fatalf("%s: got %v%s, want it accepted", r.command, r.err, fields(r.err))
	}
	var got []string
	for _, d := range r.drafts {
		def, _ := catalogue.Events.Of(d.Data)
		got = append(got, def.Name())
	}
	if len(names) > 0 && !slices.Equal(got, names) {
		r.g.t.Fatalf("%s: got events %v, want %v", r.command, got, names)
	}
	return r.drafts
}

// nothing checks that the command was accepted and recorded nothing.
func (r result) nothing() {
	r.g.t.Helper()
	if r.err != nil || len(r.drafts) > 0 {
		r.g.t.Fatalf("%s: got %d events, %v, want none", r.command, len(r.drafts), r.err)
	}
}

// refused checks the fault's code.
func (r result) refused(code string) {
	r.g.t.Helper()
	if !fault.Is(r.err, code) {
		r.g.t.Errorf("%s: got %v%s, want the fault %s", r.command, r.err, fields(r.err), code)
	}
}

// invalid checks that a field was named as impossible to accept.
func (r result) invalid(pointer string) {
	r.g.t.Helper()
	f := fault.Of(r.err)
	if f == nil || f.Kind != fault.Invalid || !slices.ContainsFunc(f.Fields, func(f fault.Field) bool { return f.Pointer == pointer }) {
		r.g.t.Errorf("%s: got %v%s, want %s named", r.command, r.err, fields(r.err), pointer)
	}
}

func fields(err error) string {
	if f := fault.Of(err); f != nil && len(f.Fields) > 0 {
		b, _ := json.Marshal(f.Fields)
		return " " + string(b)
	}
	return ""
}

// with returns a JSON object with one member set, or, for nil, left out.
func with(object, member string, value any) string {
	var m map[string]any
	if err := json.Unmarshal([]byte(object), &m); err != nil {
		panic(err)
	}
	if m[member] = value; value == nil {
		delete(m, member)
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(b)
}
