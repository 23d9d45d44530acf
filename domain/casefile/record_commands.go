package casefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// Anybody at work may correct what their role may record: the command that is
// named decides. What should not be in the record at all is taken out by a
// colleague in the role that recorded it, or by the information governance
// lead of its side.
var staff = func() (roles []event.Role) {
	for _, r := range reference.Roles.All() {
		if r.Human && r.Code != "PERSON" {
			roles = append(roles, r.Code)
		}
	}
	return roles
}()

const recordKeeper event.Role = "IG_LEAD"

var recordCommands = []Command{
	in[State, CorrectEvent]("correct-event",
		"Say that an event was recorded wrongly, and how it should have been.", whole, staff...),
	in[State, EnterInError]("enter-in-error",
		"Say that an event should not be in this person's record at all.", whole, staff...),
}

// named is [Named]. It is set when the program starts, because the list of
// commands holds these two, which look into it.
var named func(string) (Command, bool)

func init() { named = Named }

// CorrectEvent says that an event was recorded wrongly, and gives the command
// that would have recorded it rightly. Identifiers that the wrong event
// brought into being stay as they are. Where the command's body gives no
// effectiveAt, that of the wrong event stands.
//
// A command that recorded several events is corrected one event at a time, each
// by a correction that names it: the command is decided anew on the case as it
// was before the first of them, and what it records in the named event's place
// replaces that event alone. It must record the same events in the same order:
// where it would not, the wrong ones are entered in error and recorded anew.
type CorrectEvent struct {
	Event   event.ID        `json:"event"`
	Reason  string          `json:"reason"`
	Command string          `json:"command"` // the name of the command that recorded it
	Body    json.RawMessage `json:"body"`    // the body that command should have had
}

// command returns the named command and its body.
func (c CorrectEvent) command() (Command, any, error) {
	command, ok := named(c.Command)
	if !ok || slices.ContainsFunc(recordCommands, func(r Command) bool { return r.Name == c.Command }) {
		return Command{}, nil, errNoCommand
	}
	body := reflect.New(command.Body)
	d := json.NewDecoder(bytes.NewReader(c.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(body.Interface()); err != nil {
		return Command{}, nil, errBody
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Command{}, nil, errBody
	}
	return command, body.Elem().Interface(), nil
}

var (
	errNoCommand = errors.New("casefile: no such command")
	errBody      = errors.New("casefile: not a body of the command") // never carries the text
)

// Validate names the fields that cannot be accepted, those of the body
// included.
func (c CorrectEvent) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Event.IsZero(), "/event", "required", "this must be given")
	f.Text("/reason", c.Reason, longestText, false)
	_, body, err := c.command()
	f.If(errors.Is(err, errNoCommand), "/command", "unknown-code", "there is no such command, or it is not for correcting")
	f.If(errors.Is(err, errBody), "/body", "malformed", "this is not a body of the command")
	if v, ok := body.(Validator); ok {
		f.Under("/body", v.Validate())
	}
	return f
}

// ValidateIn names the fields of the body that cannot be accepted here.
func (c CorrectEvent) ValidateIn(ctx event.Context) []fault.Field {
	var f fault.Fields
	if _, body, err := c.command(); err == nil {
		if v, ok := body.(ContextValidator); ok {
			f.Under("/body", v.ValidateIn(ctx))
		}
		if t, ok := body.(interface{ HappenedAt() event.When }); ok {
			f.If(t.HappenedAt().Earliest().After(ctx.Now.Add(skew)), "/body/effectiveAt", "in-the-future", "what is recorded must have happened")
		}
	}
	return f
}

// Check refuses an event that is not in this record or not of the actor's
// side, a command the actor's role may not give, and a command that would not
// have recorded exactly that one event. What was refused once is not let in
// by correcting: an event that had to obey the rules is replaced by one that
// does.
func (c CorrectEvent) Check(s State, ctx event.Context) error {
	command, body, err := c.command()
	if err != nil {
		return fault.Bad("/body", "malformed", "this is not a body of the command")
	}
	id, entry, err := s.target(c.Event, ctx.Actor)
	if err != nil {
		return err
	}
	if !slices.Contains(command.Roles, ctx.Actor.Role) {
		return fault.New(fault.Denied, "role-may-not", "your role may not give this command")
	}
	if entry.Type == "person.identifier-linked" {
		return fault.Refuse("unlink-instead", "a wrong identifier is unlinked, and the right one linked")
	}
	before, siblings, place := s.before(id)
	if place < 0 {
		return noSuchEvent()
	}
	wrong, then := siblings[place], asThen(ctx, body, entry)
	if wrong.Origin == event.Live {
		if err := command.check(before, body, then); err != nil {
			return err
		}
	}
	drafts := command.events(before, body, then)
	switch {
	case len(drafts) != len(siblings) && len(siblings) > 1:
		return fault.Refuse("not-the-same-events", "the command would not record the same events: enter the wrong ones in error and record them anew")
	case len(drafts) != len(siblings):
		return fault.Refuse("not-one-event", "the command would not record one event only: enter the wrong one in error and record it anew")
	case !sameTypes(drafts, siblings) && len(siblings) > 1:
		return fault.Refuse("not-the-same-events", "the command would not record the same events: enter the wrong ones in error and record them anew")
	case !sameTypes(drafts, siblings):
		return fault.Refuse("another-kind-of-event", "the command records an event of another type")
	}
	return nil
}

// sameTypes reports whether drafts are of the types of events, one by one.
func sameTypes(drafts []event.Draft, events []event.Recorded) bool {
	return slices.EqualFunc(drafts, events, func(d event.Draft, e event.Recorded) bool {
		def, ok := Catalogue.Of(d.Data)
		return ok && def.Name() == e.Type
	})
}

// asThen is the context in which the corrected event's command was decided:
// its name, so that derived identifiers stay, and its effective time unless
// the body gives another.
func asThen(ctx event.Context, body any, entry Entry) event.Context {
	ctx.Command, ctx.Effective = entry.Command, entry.Effective
	if t, ok := body.(interface{ HappenedAt() event.When }); ok && !t.HappenedAt().IsZero() {
		ctx.Effective = t.HappenedAt()
	}
	return ctx
}

// Events records the notice and the replacement. An imported correction of an
// event that is not there is kept, and changes nothing.
func (c CorrectEvent) Events(s State, ctx event.Context) []event.Draft {
	command, body, err := c.command()
	if err != nil {
		return nil // Validate has refused it
	}
	id, entry, found := s.standingEvent(c.Event)
	if !found {
		id, entry = c.Event, Entry{Command: ctx.Command, Effective: ctx.When()}
	}
	root := entry.root(id)
	drafts := []event.Draft{{Data: event.EventCorrected{Reason: event.Own(c.Reason)}, Corrects: root}}
	before, siblings, place := s.before(id)
	then := asThen(ctx, body, entry)
	would := command.events(before, body, then)
	switch {
	case place >= 0 && sameTypes(would, siblings):
		would = would[place : place+1]
	case found: // an import whose command records something else: what is of the type stands
		would = slices.DeleteFunc(would, func(d event.Draft) bool {
			def, ok := Catalogue.Of(d.Data)
			return !ok || def.Name() != entry.Type
		})
	}
	for _, d := range would {
		d.Corrects, d.Causation = root, entry.Command
		if d.Effective.IsZero() {
			d.Effective = then.When()
		}
		drafts[0].Side = d.Side
		drafts = append(drafts, d)
	}
	return drafts
}

// EnterInError says that an event should not be in this person's record at
// all. A fact about another person is entered in error here, and recorded in
// their own record.
type EnterInError struct {
	Event  event.ID `json:"event"`
	Reason string   `json:"reason"`
}

// Validate names the fields that cannot be accepted.
func (c EnterInError) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Event.IsZero(), "/event", "required", "this must be given")
	f.Text("/reason", c.Reason, longestText, false)
	return f
}

// Check refuses an event that is not in this record or not of the actor's
// side, and an actor in another role than its recorder's.
func (c EnterInError) Check(s State, ctx event.Context) error {
	_, entry, err := s.target(c.Event, ctx.Actor)
	switch {
	case err != nil:
		return err
	case ctx.Actor.Role != entry.Actor.Role && ctx.Actor.Role != recordKeeper:
		return fault.New(fault.Denied, "role-may-not", "your role may not take this event out of the record")
	case entry.Type == "person.identifier-unlinked":
		return fault.Refuse("link-instead", "an identifier that is this person's after all is linked again")
	}
	return nil
}

// Freed is the identifier that another person may have once its link is
// entered in error.
func (c EnterInError) Freed(s State) (kind, canonical string, ok bool) {
	id, _, _ := s.standingEvent(c.Event)
	for _, l := range s.Person.Links {
		if l.Source == id && l.Live() && l.Value != "" {
			return string(l.Type), l.Value, true
		}
	}
	return "", "", false
}

// Events records that the event is void.
func (c EnterInError) Events(s State, _ event.Context) []event.Draft {
	root := c.Event
	if id, entry, ok := s.standingEvent(c.Event); ok {
		root = entry.root(id)
	}
	return []event.Draft{{Data: event.EnteredInError{Reason: event.Own(c.Reason)}, Corrects: root}}
}

// root is the event that was there first: corrections of a correction name it
// too.
func (e Entry) root(id event.ID) event.ID {
	if e.Replaces.IsZero() {
		return id
	}
	return e.Replaces
}

// standingEvent finds a standing event by its own id, or by that of the event
// in whose place it stands.
func (s State) standingEvent(id event.ID) (event.ID, Entry, bool) {
	if e, ok := s.Log[id]; ok {
		return id, e, true
	}
	for own, e := range s.Log {
		if e.Replaces == id {
			return own, e, true
		}
	}
	return event.ID{}, Entry{}, false
}

// target is [State.standingEvent] for whoever is about to correct it: what
// another side recorded is not there for them.
func (s State) target(id event.ID, actor event.Actor) (event.ID, Entry, error) {
	own, e, ok := s.standingEvent(id)
	if !ok || e.Actor.Side != actor.Side {
		return event.ID{}, Entry{}, noSuchEvent()
	}
	return own, e, nil
}

func noSuchEvent() error {
	return fault.Refuse("no-such-event", "there is no such event in this record, or it was entered in error")
}
