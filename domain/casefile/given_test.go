package casefile_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"caseledger/domain/agreement"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/lawfulness"
	"caseledger/domain/reference"
)

var (
	person = event.MustUUID("5eed0000-0000-4000-8000-00000000000a")
	orgs   = reference.NewRegister()
)

// story is the history of one invented person: given what happened, when a
// command comes, then events or a refusal. It starts empty, on 2 February
// 2026 at 09:00 in London, with a practitioner of PROB-N56 at the keyboard.
type story struct {
	t       *testing.T
	history []event.Recorded
	ctx     event.Context
	n       uint64
	// beside is the story of somebody whose record a merge is about.
	beside *story
}

func newStory(t *testing.T) *story {
	t.Helper()
	g := &story{t: t, ctx: event.Context{Person: person, Purpose: "CARE_ADMIN", Origin: event.Live, Synthetic: true}}
	return g.at("2026-02-02 09:00").as("PP", "PROB-N56")
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

// as sits somebody else at the keyboard: a role at an organisation.
func (g *story) as(role event.Role, org reference.OrganisationCode) *story {
	g.t.Helper()
	o, ok := orgs.ByCode(org)
	if !ok || !reference.HeldOn(role, o.Side) {
		g.t.Fatalf("%s at %s: no such organisation, or not a role of its side", role, org)
	}
	g.ctx.Actor = event.Actor{ID: event.DeriveUUID("test-actor", []byte(role), []byte(org)), Role: role, Side: o.Side, Org: o.ID}
	g.ctx.Peers = nil
	for _, other := range orgs.All() {
		if other.Controller == o.Controller {
			g.ctx.Peers = append(g.ctx.Peers, other.ID)
		}
	}
	return g
}

// state is the case as decisions see it now, with an agreement between
// everybody about everything.
func (g *story) state() casefile.State {
	s := casefile.Fold(event.Standing(g.history))
	s.Surroundings = agreed.KnownAt(g.ctx.Now)
	return s
}

var (
	pact   = event.MustUUID("5eed0000-0000-4000-8000-0000000000d5")
	agreed = lawfulness.NewShared(orgs, agreedEvents())
)

// agreedEvents are an agreement of 2026 and its signatures, of 5 January.
func agreedEvents() []event.Recorded {
	terms := agreement.Terms{Label: "DSA", Purposes: reference.Purposes.Codes(), From: event.MustDay("2026-01-05"), To: event.MustDay("2027-01-05")}
	for _, from := range event.Sides {
		for _, to := range event.Sides {
			terms.Flows = append(terms.Flows, agreement.Flow{From: from, To: to, Categories: []event.Category{"ID.*", "EQ.*", "H.*", "J.*", "W.*"}})
		}
	}
	for _, o := range orgs.All() {
		terms.Parties = append(terms.Parties, agreement.Party{Org: o.ID, Side: o.Side, Role: "SOLE"})
	}
	data := []any{agreement.AgreementDrafted{Agreement: pact, Terms: terms}}
	for _, p := range terms.Parties {
		data = append(data, agreement.AgreementSigned{Version: 1, Org: p.Org, Role: "SIRO"})
	}
	at := event.MustDay("2026-01-05").Start()
	var events []event.Recorded
	for i, d := range data {
		events = append(events, event.Recorded{Position: event.Position(i + 1), Revision: event.Revision(i + 1), RecordedAt: at,
			Stream: event.StreamID{Kind: event.AgreementStream, Of: pact}, ID: event.ID{UUID: event.DeriveUUID("test-agreement", []byte{byte(i)})},
			Meta: event.Meta{Effective: event.At(at), Origin: event.Live}, Data: d, Operational: event.Open})
	}
	return events
}

// last is the most recent event.
func (g *story) last() event.Recorded { return g.history[len(g.history)-1] }

// lastOf is the most recent event of a stored name.
func (g *story) lastOf(name string) event.Recorded {
	g.t.Helper()
	for _, e := range slices.Backward(g.history) {
		if e.Type == name {
			return e
		}
	}
	g.t.Fatalf("nothing of type %s has happened", name)
	return event.Recorded{}
}

// given lets a command's events happen whatever the rules say, as an import
// does. body is the command's JSON, or a value of its body type.
func (g *story) given(command string, body any) *story {
	g.t.Helper()
	g.decide(command, body, event.Imported).then()
	return g
}

// happened lets one event happen.
func (g *story) happened(data any) *story {
	g.t.Helper()
	g.record([]event.Draft{{Data: data, Effective: event.At(g.ctx.Now)}}, g.command(), event.Live)
	return g
}

// when gives a live command. Its events, if it is not refused, join the story.
func (g *story) when(command string, body any) result {
	g.t.Helper()
	return g.decide(command, body, event.Live)
}

func (g *story) command() event.UUID {
	g.n++
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], g.n)
	return event.DeriveUUID("test-command", n[:])
}

func (g *story) decide(command string, body any, origin event.Origin) result {
	g.t.Helper()
	c, ok := casefile.Named(command)
	if !ok {
		g.t.Fatalf("there is no command %s", command)
	}
	if origin == event.Live && !slices.Contains(c.Roles, g.ctx.Actor.Role) {
		return result{t: g.t, command: command, err: fault.New(fault.Denied, "role-may-not", "the role may not give this command")}
	}
	if text, ok := body.(string); ok {
		v := reflect.New(c.Body)
		d := json.NewDecoder(bytes.NewReader([]byte(text)))
		d.DisallowUnknownFields()
		if err := d.Decode(v.Interface()); err != nil {
			g.t.Fatalf("%s: body: %v", command, err)
		}
		body = v.Elem().Interface()
	}
	ctx := g.ctx
	ctx.Command, ctx.Origin = g.command(), origin
	state := g.state()
	if of := casefile.Beside(state, body); g.beside != nil && of == g.beside.ctx.Person {
		state = state.With(casefile.Other{Person: of, Revision: event.Revision(len(g.beside.history)), State: g.beside.state()})
	}
	drafts, err := c.Decide(state, body, ctx)
	if err == nil {
		g.record(drafts, ctx.Command, origin)
	}
	return result{t: g.t, command: command, drafts: drafts, err: err}
}

func (g *story) record(drafts []event.Draft, command event.UUID, origin event.Origin) {
	g.t.Helper()
	ledger := 0
	if g.beside != nil {
		ledger = len(g.beside.history)
	}
	for i, d := range drafts {
		def, ok := casefile.Catalogue.Of(d.Data)
		if !ok {
			g.t.Fatalf("%T is not in the catalogue", d.Data)
		}
		g.history = append(g.history, event.Recorded{
			Position: event.Position(ledger + len(g.history) + 1), Revision: event.Revision(len(g.history) + 1),
			RecordedAt: g.ctx.Now, Stream: event.Case(g.ctx.Person),
			ID: event.DeriveID(g.ctx.Actor.ID, event.Case(g.ctx.Person), command, i),
			Meta: event.Meta{Type: def.Name(), Version: def.Current().Number, Subject: g.ctx.Person, Effective: d.Effective,
				Actor: g.ctx.Actor, Purpose: g.ctx.Purpose, Command: command, Index: i, Corrects: d.Corrects,
				Causation: d.Causation, Origin: origin},
			Data: d.Data, Operational: event.Open,
		})
	}
}

// result is what came of a command.
type result struct {
	t       *testing.T
	command string
	drafts  []event.Draft
	err     error
}

// then checks that the command was accepted and which events it recorded, by
// stored name; with no names, that it was accepted.
func (r result) then(names ...string) []event.Draft {
	r.t.Helper()
	if r.err != nil {
		r.t.Fatalf("%s: got %v%s, want it accepted", r.command, r.err, fields(r.err))
	}
	var got []string
	for _, d := range r.drafts {
		def, _ := casefile.Catalogue.Of(d.Data)
		got = append(got, def.Name())
	}
	if len(names) > 0 && !slices.Equal(got, names) {
		r.t.Fatalf("%s: got events %v, want %v", r.command, got, names)
	}
	return r.drafts
}

// nothing checks that the command was accepted and recorded nothing: it was
// already so.
func (r result) nothing() {
	r.t.Helper()
	if r.err != nil || len(r.drafts) > 0 {
		r.t.Fatalf("%s: got %d events, %v, want none", r.command, len(r.drafts), r.err)
	}
}

// refused checks the fault's code.
func (r result) refused(code string) {
	r.t.Helper()
	if !fault.Is(r.err, code) {
		r.t.Fatalf("%s: got %v, want the fault %s", r.command, r.err, code)
	}
}

// invalid checks that a field was named as impossible to accept.
func (r result) invalid(pointer string) {
	r.t.Helper()
	f := fault.Of(r.err)
	if f == nil || f.Kind != fault.Invalid || !slices.ContainsFunc(f.Fields, func(f fault.Field) bool { return f.Pointer == pointer }) {
		r.t.Fatalf("%s: got %v%s, want %s named", r.command, r.err, fields(r.err), pointer)
	}
}

func fields(err error) string {
	if f := fault.Of(err); f != nil && len(f.Fields) > 0 {
		return fmt.Sprintf(" %v", f.Fields)
	}
	return ""
}
