package casefile

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// Command is one thing that can be asked of a case: its name, who may ask,
// what its body is, and what comes of it.
type Command struct {
	Name    string       // kebab-case imperative; the last element of its URL
	Summary string       // one sentence for the API's description
	Roles   []event.Role // who may give it live
	Body    reflect.Type // a struct; its JSON is the request body
	// Opens marks the command that starts a case; every other command needs a
	// case that exists.
	Opens bool

	check  func(State, any, event.Context) error
	events func(State, any, event.Context) []event.Draft
}

// unbarred are the commands that limited access never stops: what keeps
// somebody safe, what reports a breach, the restriction itself, and what lifts
// it for one clinician for a few hours.
var unbarred = []string{"raise-risk-flag", "report-unplanned-disclosure", "set-access-restriction", "lift-access-restriction",
	"invoke-break-glass", "end-break-glass"}

// Bars reports whether limited access to the case keeps a member of staff from
// giving the command at t. It never keeps out a command that timers alone give.
func (c Command) Bars(s State, staff event.UUID, t time.Time) bool {
	timers := len(c.Roles) == 1 && c.Roles[0] == "SYSTEM"
	return !timers && !c.Unbarred() && s.Bars(staff, t)
}

// Unbarred reports whether limited access never stops the command. Whoever
// gives it may not be able to read the record first.
func (c Command) Unbarred() bool { return slices.Contains(unbarred, c.Name) }

// body is what every command's body does. Check says whether a live command
// may stand; it returns a *fault.Fault. Events says what is recorded, and is
// also used for imported facts, for which Check is not asked: it must hold
// for every state.
type body[S any] interface {
	Check(S, event.Context) error
	Events(S, event.Context) []event.Draft
}

// in makes a command out of a body that needs one area's state, or, with the
// identity as its lens, the whole case.
func in[S any, B body[S]](name, summary string, lens func(State) S, roles ...event.Role) Command {
	return Command{
		Name: name, Summary: summary, Roles: roles, Body: reflect.TypeFor[B](),
		check:  func(s State, b any, c event.Context) error { return b.(B).Check(lens(s), c) },
		events: func(s State, b any, c event.Context) []event.Draft { return b.(B).Events(lens(s), c) },
	}
}

func whole(s State) State { return s }

// Commands is every command of a case, in order of name.
var Commands = func() []Command {
	all := slices.Concat(personCommands, supervisionCommands, appointmentCommands,
		consentCommands, screeningCommands, referralCommands, disclosureCommands, recordCommands,
		breakGlassCommands, rightsCommands, authorityCommands)
	slices.SortFunc(all, func(a, b Command) int {
		if a.Name == b.Name {
			panic(fmt.Sprintf("casefile: command %s is defined twice", a.Name))
		}
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return all
}()

// Named returns the command with a name; false if there is none.
func Named(name string) (Command, bool) {
	i, found := slices.BinarySearchFunc(Commands, name, func(c Command, n string) int {
		switch {
		case c.Name < n:
			return -1
		case c.Name > n:
			return 1
		}
		return 0
	})
	if !found {
		return Command{}, false
	}
	return Commands[i], true
}

// Validator is a body that can say, without any state, which of its fields
// cannot be understood (400). It also runs for imported facts.
type Validator interface{ Validate() []fault.Field }

// ContextValidator is a body some of whose fields can be understood only by
// who reads it when, and where. It is asked after [Validator] has no
// complaint, also for imported facts.
type ContextValidator interface {
	ValidateIn(event.Context) []fault.Field
}

func unacceptable(fields []fault.Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &fault.Fault{Kind: fault.Invalid, Code: "invalid-body", Message: "the command's body cannot be accepted", Fields: fields}
}

// skew is how far a client's clock may run ahead of ours.
const skew = time.Minute

// Admit refuses a body that cannot be understood, whatever the state it is
// given in, and one that speaks of the future. It returns the context in which
// the body is decided: that of the time at which it says it was so. It is
// asked for live commands and imported facts alike.
func Admit(b any, ctx event.Context) (event.Context, error) {
	if v, ok := b.(Validator); ok {
		if err := unacceptable(v.Validate()); err != nil {
			return ctx, err
		}
	}
	if v, ok := b.(ContextValidator); ok {
		if err := unacceptable(v.ValidateIn(ctx)); err != nil {
			return ctx, err
		}
	}
	if t, ok := b.(interface{ HappenedAt() event.When }); ok && !t.HappenedAt().IsZero() {
		ctx.Effective = t.HappenedAt()
	}
	if ctx.When().Earliest().After(ctx.Now.Add(skew)) {
		return ctx, fault.Bad("/effectiveAt", "in-the-future", "what is recorded must have happened")
	}
	return ctx, nil
}

// Decide says what a command records. b is a value of the command's Body
// type. A live command is checked and may be refused; an imported fact is
// not, because what happened must be recordable. It does not ask whether the
// actor's role or organisation may give the command: callers do, before.
func (c Command) Decide(s State, b any, ctx event.Context) ([]event.Draft, error) {
	ctx, err := Admit(b, ctx)
	if err != nil {
		return nil, err
	}
	if ctx.Origin == event.Live {
		if c.Opens == s.Exists() {
			if c.Opens {
				return nil, fault.New(fault.Conflict, "case-already-open", "this case is already open")
			}
			return nil, fault.New(fault.Absent, "no-such-person", "there is no such person, or not for you")
		}
		if err := c.fenced(s); err != nil {
			return nil, err
		}
		if err := c.check(s, b, ctx); err != nil {
			return nil, err
		}
	}
	drafts := c.events(s, b, ctx)
	for i := range drafts {
		if drafts[i].Effective.IsZero() {
			drafts[i].Effective = ctx.When()
		}
	}
	return drafts, nil
}
