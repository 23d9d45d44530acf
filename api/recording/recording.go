// Package recording carries out commands, on a person's case and on every other
// stream that takes decisions: it is the one way in, for REST, for journals and
// for imports. It decides who may and whether what they name is there for them;
// what may be recorded is the domain's to say.
package recording

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/casefile"
	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/lawfulness"
	"caseledger/eventstore"
)

// Identifiers is the blind index beside the keys: the only place where an
// identifier leads to a person.
type Identifiers interface {
	// MintPerson names the person that a principal's command opens a case for;
	// the same command always gets the same identifier.
	MintPerson(principal, command event.UUID) event.UUID
	// Reserve claims an identifier for a person before it is recorded; the
	// fault "identifier-in-use" if another person has it. release gives up this
	// claim, because nothing was recorded: neither one that another try at the
	// same command made, maybe in another process, nor what is confirmed.
	Reserve(ctx context.Context, kind, value string, person event.UUID) (release func(context.Context) error, err error)
	// Confirm makes a reservation final, after it is recorded.
	Confirm(ctx context.Context, kind, value string, person event.UUID) error
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
	// Surroundings returns what decisions ask about beside their own stream, with
	// everything that was acknowledged before the call.
	Surroundings func(context.Context) (*lawfulness.Shared, error)
	Clock        func() time.Time
	// Synthetic is true where only test-range identifiers may enter, and false
	// where only issued ones may.
	Synthetic bool
}

// Request is one command, by one actor, on one stream.
type Request struct {
	Command string
	Body    any // a value of the command's Body type
	// Person is whose case it is; zero for a command that opens one, and for
	// those of other streams.
	Person event.UUID
	// Stream is what a command of another kind is given to; zero for one that
	// opens it, and for the policy stream, of which there is one.
	Stream      event.StreamID
	ID          event.UUID // the Idempotency-Key
	Actor       event.Actor
	Purpose     event.Purpose
	Correlation event.UUID
	Origin      event.Origin
	// Import says why an imported fact comes in past validation, and from which
	// system; zero where that is not known, and for live commands.
	Import event.Provenance
	// Effective is when what the command says was true, unless its body says.
	Effective event.When
	// If is the revision the caller read; it must still hold, unless IfAny.
	If    event.Revision
	IfAny bool
}

// Outcome is what was recorded.
type Outcome struct {
	Person event.UUID // whose case it was; zero on other streams
	Stream event.StreamID
	// About names what the events are about, such as "consent" and its
	// identifier: the first member of each event that begins with one. Where
	// two events begin with the same member, the first prevails.
	About map[string]event.UUID
	// Warnings are the codes of what speaks against what was recorded without
	// having stopped it, each once, in the order of the events.
	Warnings []string
	eventstore.Result
}

// system is the role of the timers that act by themselves.
const system event.Role = "SYSTEM"

// ErrUnknownCommand: no command has that name.
var ErrUnknownCommand = fault.New(fault.Absent, "no-such-command", "there is no such command")

// Absent is the one answer for a stream of a kind that is not there, or not for
// this caller.
func Absent(kind event.StreamKind) *fault.Fault {
	what := map[event.StreamKind]string{event.CaseStream: "person", event.AgreementStream: "agreement",
		event.OrgStream: "organisation", event.FindingStream: "finding"}[kind]
	return fault.New(fault.Absent, "no-such-"+what, "there is no such %s, or not for you", what)
}

func absent() error { return Absent(event.CaseStream) }

// identified is the body of a command that gives a person an identifier.
type identified interface {
	Identifier(now time.Time) (kind, canonical string)
}

// freeing is the body of a command that takes an identifier away.
type freeing interface {
	Freed(casefile.State) (kind, canonical string, ok bool)
}

// warned is an event that carries codes of what speaks against it without
// having stopped it.
type warned interface{ Warned() []string }

// Record carries out a command. A live one needs a role that may give it, and
// a stream that is there for the actor; otherwise it is the fault
// "role-may-not", or "no-such-person", "no-such-agreement" and the like. Other
// errors are those of [eventstore.Execute] and of the command itself.
//
// A case is there for those whose controller recorded something on it or was
// told something, unless limited access keeps them out and no break-glass of
// theirs lifts it; an agreement for the parties and for whoever drafted it; an
// organisation for its controller; findings for the controllers whose acts they
// are about; the policy for everybody whose role may give the command. The
// system itself, which nobody can log in as, is shown everything.
//
// A survivor is decided about with the records merged into it, and a merge with
// the other record at hand, which must be there for the actor too.
//
// An identifier is reserved before the append and confirmed after it. If the
// process stops in between, the reservation stays and is resolved from the
// ledger at the next start.
func (r *Recorder) Record(ctx context.Context, q Request) (Outcome, error) {
	command, known := catalogue.Named(q.Command)
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
	stream, err := r.streamOf(command, q)
	if err != nil {
		return Outcome{}, err
	}
	fingerprint, err := fingerprintOf(q)
	if err != nil {
		return Outcome{}, err
	}
	shared, err := r.Surroundings(ctx)
	if err != nil {
		return Outcome{}, fmt.Errorf("learn the surroundings: %w", err)
	}
	around := shared.Now()
	asks := live && !command.Opens && q.Actor.Role != system // whether it is there for the actor
	now := r.Clock().UTC().Truncate(time.Microsecond)
	decision := event.Context{Now: now, Effective: q.Effective, Person: stream.Of, Actor: q.Actor,
		Purpose: q.Purpose, Command: q.ID, Origin: q.Origin, Peers: r.Peers(q.Actor.Org), Synthetic: r.Synthetic}
	sent := eventstore.Command{ID: q.ID, Stream: stream, Fingerprint: fingerprint, Subject: stream.Subject(),
		Effective: decision.When(), Actor: q.Actor, Purpose: q.Purpose, Correlation: q.Correlation, Origin: q.Origin, Import: q.Import,
		If: q.If, IfAny: q.IfAny || command.Opens, Sees: r.sees(stream, q.Actor)}
	if live {
		sent.Policy = around.Rules(now).Hash()
	}

	var release func(context.Context) error // of the identifier that is claimed
	var freed *claim
	result, err := eventstore.Execute(ctx, r.Store, r.Codec, sent,
		func(standing []event.Recorded, at event.Revision) ([]event.Draft, error) {
			decision.Revision = at
			of, isCase := command.Case()
			if !isCase {
				if asks && !r.shows(stream, q.Actor, standing) {
					return nil, Absent(stream.Kind)
				}
				return command.Decide(standing, around, q.Body, decision)
			}
			state, err := r.fold(ctx, stream.Of, standing, at)
			if err != nil {
				return nil, err
			}
			state.Surroundings = around
			if asks && (!state.HeldBy(decision.Peers...) || of.Bars(state, q.Actor.ID, now)) {
				return nil, absent()
			}
			if state, err = r.beside(ctx, state, q.Body); err != nil {
				return nil, err
			}
			drafts, err := of.Decide(state, q.Body, decision)
			if err != nil {
				return nil, err
			}
			if f, ok := q.Body.(freeing); ok {
				if kind, value, ok := f.Freed(state); ok {
					freed = &claim{kind, value}
				}
			}
			if b, ok := q.Body.(identified); ok && release == nil && len(drafts) > 0 {
				kind, value := b.Identifier(now)
				if release, err = r.Identifiers.Reserve(ctx, kind, value, stream.Of); err != nil {
					release = nil
					return nil, err
				}
			}
			return drafts, nil
		})
	if err != nil {
		if release != nil && !errors.Is(err, eventstore.ErrUnknown) {
			err = errors.Join(err, release(context.WithoutCancel(ctx)))
		}
		return Outcome{}, err
	}
	// The event is recorded, so nothing that fails from here on is a failure of
	// the command: the index is mended from the ledger at the next start.
	if b, ok := q.Body.(identified); ok && (release != nil || result.Repeated) {
		kind, value := b.Identifier(now)
		_ = r.Identifiers.Confirm(context.WithoutCancel(ctx), kind, value, stream.Of)
	}
	if freed != nil {
		_ = r.Identifiers.Unlink(context.WithoutCancel(ctx), freed.kind, freed.value, stream.Of)
	}
	out := Outcome{Stream: stream, Result: result}
	if stream.Kind == event.CaseStream {
		out.Person = stream.Of
	}
	r.report(ctx, &out)
	return out, nil
}

// streamOf is the stream that a request is about: of a command that opens one
// and names none, one made for that command.
func (r *Recorder) streamOf(command catalogue.Command, q Request) (event.StreamID, error) {
	stream := q.Stream
	switch {
	case command.Kind == event.CaseStream && stream == event.StreamID{}:
		if stream = event.Case(q.Person); command.Opens && q.Person.IsZero() {
			stream = event.Case(r.Identifiers.MintPerson(q.Actor.ID, q.ID))
		}
	case command.Kind == event.PolicyStream && stream == event.StreamID{}:
		stream = event.Policy
	case command.Opens && stream == event.StreamID{}:
		stream = event.StreamID{Kind: command.Kind, Of: event.DeriveUUID("stream", []byte{byte(command.Kind)}, q.Actor.ID[:], q.ID[:])}
	}
	switch {
	case stream.Kind != 0 && stream.Kind != command.Kind:
		return event.StreamID{}, fmt.Errorf("recording: %s is not given to %s", q.Command, stream)
	case stream.Of.IsZero() && command.Kind != event.PolicyStream:
		return event.StreamID{}, Absent(command.Kind)
	}
	return stream, nil
}

// report reads back what a command recorded, so that a repeated one answers as
// the first did. It leaves out what cannot be read now: the command succeeded
// all the same.
func (r *Recorder) report(ctx context.Context, out *Outcome) {
	if len(out.Events) == 0 {
		return
	}
	out.About = map[string]event.UUID{}
	first := out.Revision - event.Revision(len(out.Events)) + 1
	for s, err := range r.Store.ReadStream(ctx, out.Stream, first) {
		if err != nil || s.Revision > out.Revision {
			break
		}
		e, err := r.Codec.Decode(ctx, s)
		if err != nil {
			break
		}
		if name, id, ok := names(e.Data); ok {
			if _, taken := out.About[name]; !taken {
				out.About[name] = id
			}
		}
		if w, ok := e.Data.(warned); ok {
			for _, code := range w.Warned() {
				if !slices.Contains(out.Warnings, code) {
					out.Warnings = append(out.Warnings, code)
				}
			}
		}
	}
}

type claim struct{ kind, value string }

// Load returns a person's case as it stands, if the organisation's controller
// holds or was told something about the person; otherwise the fault
// "no-such-person".
func (r *Recorder) Load(ctx context.Context, person, org event.UUID) (casefile.State, event.Revision, error) {
	past, revision, err := r.Past(ctx, person)
	if err != nil {
		return casefile.State{}, 0, err
	}
	state := casefile.FoldMerged(person, past.Standing())
	state.Surroundings = past.Shared.Now()
	state.Past = past
	if !state.HeldBy(r.Peers(org)...) {
		return casefile.State{}, 0, absent()
	}
	return state, revision, nil
}

// Past returns a person's whole case with its surroundings, to judge what was
// decided again, and with it the records merged into it; the revision is of the
// person's own. It does not ask for whom the person is there: whoever answers
// somebody has asked that before. A person of whom nothing is recorded has an
// empty history.
func (r *Recorder) Past(ctx context.Context, person event.UUID) (*lawfulness.History, event.Revision, error) {
	history, err := r.history(ctx, event.Case(person))
	if err != nil {
		return nil, 0, err
	}
	shared, err := r.Surroundings(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("learn the surroundings: %w", err)
	}
	revision := event.Revision(len(history))
	history, err = lawfulness.WithMerged(history, func(of event.UUID) ([]event.Recorded, error) { return r.history(ctx, event.Case(of)) })
	if err != nil {
		return nil, 0, err
	}
	return lawfulness.NewHistory(person, history, nil, shared), revision, nil
}

func (r *Recorder) history(ctx context.Context, stream event.StreamID) ([]event.Recorded, error) {
	var history []event.Recorded
	for s, err := range r.Store.ReadStream(ctx, stream, 0) {
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", stream, err)
		}
		e, err := r.Codec.Decode(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("decode revision %d: %w", s.Revision, err)
		}
		history = append(history, e)
	}
	return history, nil
}

// fingerprintOf is SHA-256 over the command's name, its effective time, the
// canonical JSON of its body and, of an import that says so, why and from where
// it came; what it is about is in the stream's name. The stored copy is sealed,
// because the body may be guessed.
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
	if q.Import != (event.Provenance{}) {
		for _, part := range []string{q.Import.Reason, q.Import.System} {
			h.Write([]byte{0})
			h.Write([]byte(part))
		}
	}
	return [32]byte(h.Sum(nil)), nil
}
