// Package recording carries out commands on a person's case: it is the one
// way in, for REST, for journals and for imports. It decides who may and
// whether the person is there for them; what may be recorded is the domain's
// to say.
package recording

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/eventstore"
)

// Identifiers is the blind index beside the keys: the only place where an
// identifier leads to a person.
type Identifiers interface {
	// MintPerson names the person that a principal's command opens a case for;
	// the same command always gets the same identifier.
	MintPerson(principal, command event.UUID) event.UUID
	// Reserve claims an identifier for a person before it is recorded; the
	// fault "identifier-in-use" if another person has it.
	Reserve(ctx context.Context, kind, value string, person, command event.UUID) error
	// Confirm makes a reservation final, after it is recorded.
	Confirm(ctx context.Context, kind, value string, person event.UUID) error
	// Release gives up what a command reserved, because nothing was recorded; an
	// identifier that is confirmed stays.
	Release(ctx context.Context, kind, value string, person, command event.UUID) error
	// Unlink takes a confirmed identifier from a person.
	Unlink(ctx context.Context, kind, value string, person event.UUID) error
}

// Recorder carries out commands. All fields are required.
type Recorder struct {
	Store       eventstore.Store
	Codec       eventstore.Codec
	Identifiers Identifiers
	// Peers returns the organisations that share an organisation's controller,
	// itself included: they see the same people.
	Peers func(org event.UUID) []event.UUID
	Clock func() time.Time
	// Synthetic is true where only test-range identifiers may enter, and false
	// where only issued ones may.
	Synthetic bool
}

// Request is one command, by one actor, on one person.
type Request struct {
	Command     string
	Body        any        // a value of the command's Body type
	Person      event.UUID // zero for the command that opens a case
	ID          event.UUID // the Idempotency-Key
	Actor       event.Actor
	Purpose     event.Purpose
	Correlation event.UUID
	Origin      event.Origin
	// Effective is when what the command says was true, unless its body says.
	Effective event.When
	// If is the revision the caller read; it must still hold, unless IfAny.
	If    event.Revision
	IfAny bool
}

// Outcome is what was recorded.
type Outcome struct {
	Person event.UUID
	// About names what the events are about, such as "consent" and its
	// identifier: the first member of each event that begins with one. Where
	// two events begin with the same member, the first prevails.
	About map[string]event.UUID
	eventstore.Result
}

// ErrUnknownCommand: no command has that name.
var ErrUnknownCommand = fault.New(fault.Absent, "no-such-command", "there is no such command")

// absent is the one answer for a person who is not there, or not for this
// caller.
func absent() error {
	return fault.New(fault.Absent, "no-such-person", "there is no such person, or not for you")
}

// identified is the body of a command that gives a person an identifier.
type identified interface {
	Identifier(now time.Time) (kind, canonical string)
}

// freeing is the body of a command that takes an identifier away.
type freeing interface {
	Freed(casefile.State) (kind, canonical string, ok bool)
}

// Record carries out a command. A live one needs a role that may give it and
// a person the actor's controller holds or was told about and from whom
// limited access does not keep the actor; otherwise it is
// the fault "role-may-not" or "no-such-person". Other errors are those of
// [eventstore.Execute] and of the command itself.
//
// An identifier is reserved before the append and confirmed after it. If the
// process stops in between, the reservation stays and is resolved from the
// ledger at the next start.
func (r *Recorder) Record(ctx context.Context, q Request) (Outcome, error) {
	command, known := casefile.Named(q.Command)
	if !known {
		return Outcome{}, ErrUnknownCommand
	}
	if reflect.TypeOf(q.Body) != command.Body {
		return Outcome{}, fmt.Errorf("recording: body of %s is %T", q.Command, q.Body)
	}
	live := q.Origin != event.Imported
	if live && !slices.Contains(command.Roles, q.Actor.Role) {
		return Outcome{}, fault.New(fault.Denied, "role-may-not", "your role may not give this command")
	}
	if command.Opens && q.Person.IsZero() {
		q.Person = r.Identifiers.MintPerson(q.Actor.ID, q.ID)
	}
	fingerprint, err := fingerprintOf(q)
	if err != nil {
		return Outcome{}, err
	}
	now := r.Clock().UTC().Truncate(time.Microsecond)
	decision := event.Context{Now: now, Effective: q.Effective, Person: q.Person, Actor: q.Actor,
		Purpose: q.Purpose, Command: q.ID, Origin: q.Origin, Peers: r.Peers(q.Actor.Org), Synthetic: r.Synthetic}
	sent := eventstore.Command{ID: q.ID, Stream: event.Case(q.Person), Fingerprint: fingerprint, Subject: q.Person,
		Effective: decision.When(), Actor: q.Actor, Purpose: q.Purpose, Correlation: q.Correlation, Origin: q.Origin,
		If: q.If, IfAny: q.IfAny || command.Opens, Sees: r.sees(q.Actor)}

	var claimed, freed *claim
	result, err := eventstore.Execute(ctx, r.Store, r.Codec, sent,
		func(standing []event.Recorded, at event.Revision) ([]event.Draft, error) {
			decision.Revision = at
			state := casefile.Fold(standing)
			if live && !command.Opens && (!state.HeldBy(r.Peers(q.Actor.Org)...) || command.Bars(state, q.Actor.ID, now)) {
				return nil, absent()
			}
			drafts, err := command.Decide(state, q.Body, decision)
			if err != nil {
				return nil, err
			}
			if f, ok := q.Body.(freeing); ok {
				if kind, value, ok := f.Freed(state); ok {
					freed = &claim{kind, value}
				}
			}
			if b, ok := q.Body.(identified); ok && claimed == nil && len(drafts) > 0 {
				kind, value := b.Identifier(now)
				if err := r.Identifiers.Reserve(ctx, kind, value, q.Person, q.ID); err != nil {
					return nil, err
				}
				claimed = &claim{kind, value}
			}
			return drafts, nil
		})
	if err != nil {
		if claimed != nil && !errors.Is(err, eventstore.ErrUnknown) {
			err = errors.Join(err, r.Identifiers.Release(context.WithoutCancel(ctx), claimed.kind, claimed.value, q.Person, q.ID))
		}
		return Outcome{}, err
	}
	// The event is recorded, so nothing that fails from here on is a failure of
	// the command: the index is mended from the ledger at the next start.
	if b, ok := q.Body.(identified); ok && (claimed != nil || result.Repeated) {
		kind, value := b.Identifier(now)
		_ = r.Identifiers.Confirm(context.WithoutCancel(ctx), kind, value, q.Person)
	}
	if freed != nil {
		_ = r.Identifiers.Unlink(context.WithoutCancel(ctx), freed.kind, freed.value, q.Person)
	}
	return Outcome{Person: q.Person, About: r.about(ctx, sent.Stream, result), Result: result}, nil
}

// about reads back what a command recorded, so that a repeated one answers as
// the first did. It is empty where that cannot be read now: the command
// succeeded all the same.
func (r *Recorder) about(ctx context.Context, stream event.StreamID, result eventstore.Result) map[string]event.UUID {
	if len(result.Events) == 0 {
		return nil
	}
	about := map[string]event.UUID{}
	first := result.Revision - event.Revision(len(result.Events)) + 1
	for s, err := range r.Store.ReadStream(ctx, stream, first) {
		if err != nil || s.Revision > result.Revision {
			break
		}
		e, err := r.Codec.Decode(ctx, s)
		if err != nil {
			break
		}
		data := reflect.ValueOf(e.Data)
		if data.Kind() != reflect.Struct || data.NumField() == 0 {
			continue
		}
		name, _, _ := strings.Cut(data.Type().Field(0).Tag.Get("json"), ",")
		if id, ok := data.Field(0).Interface().(event.UUID); ok && !id.IsZero() {
			if _, taken := about[name]; !taken {
				about[name] = id
			}
		}
	}
	return about
}

// sees tells which entries of a case are part of what the actor's controller
// recorded or was told: those are what its read models show.
func (r *Recorder) sees(actor event.Actor) func(event.Recorded) bool {
	peers := r.Peers(actor.Org)
	return func(e event.Recorded) bool {
		if slices.Contains(peers, e.Actor.Org) {
			return true
		}
		told, ok := e.Data.(interface{ RecipientOrg() event.UUID })
		return ok && slices.Contains(peers, told.RecipientOrg())
	}
}

type claim struct{ kind, value string }

// Load returns a person's case as it stands, if the organisation's controller
// holds or was told something about the person; otherwise the fault
// "no-such-person".
func (r *Recorder) Load(ctx context.Context, person, org event.UUID) (casefile.State, event.Revision, error) {
	var history []event.Recorded
	for s, err := range r.Store.ReadStream(ctx, event.Case(person), 0) {
		if err != nil {
			return casefile.State{}, 0, fmt.Errorf("load case: %w", err)
		}
		e, err := r.Codec.Decode(ctx, s)
		if err != nil {
			return casefile.State{}, 0, fmt.Errorf("decode revision %d: %w", s.Revision, err)
		}
		history = append(history, e)
	}
	state := casefile.Fold(event.Standing(history))
	if !state.HeldBy(r.Peers(org)...) {
		return casefile.State{}, 0, absent()
	}
	return state, event.Revision(len(history)), nil
}

// fingerprintOf is SHA-256 over the command's name, its effective time and
// the canonical JSON of its body; the person is in the stream's name. The
// stored copy is sealed, because the body may be guessed.
func fingerprintOf(q Request) ([32]byte, error) {
	body, err := json.Marshal(q.Body, json.Deterministic(true))
	if err != nil {
		return [32]byte{}, fmt.Errorf("recording: canonical form of %s: %w", q.Command, err)
	}
	h := sha256.New()
	h.Write([]byte(q.Command))
	h.Write([]byte{0})
	h.Write([]byte(q.Effective.String()))
	h.Write([]byte{0})
	h.Write(body)
	return [32]byte(h.Sum(nil)), nil
}
