package catalogue

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
)

// Command is one thing that can be asked of a stream, whatever its kind: its
// name, who may ask, what its body is, and what comes of it.
type Command struct {
	Name    string           // kebab-case imperative, unique over all kinds of stream
	Summary string           // one sentence for the API's description
	Kind    event.StreamKind // of the streams it is given to
	Roles   []event.Role     // who may give it live
	Body    reflect.Type     // a struct; its JSON is the request body
	// Opens marks the command that starts a stream, whose identifier is made
	// from the command's. Every other command of a case, an agreement or a
	// finding needs a stream that exists.
	Opens bool

	ofCase casefile.Command
	decide func(standing []event.Recorded, around lawfulness.Known, body any, ctx event.Context) ([]event.Draft, error)
}

// Case returns the command as package casefile has it, for those who ask it
// more than what it records; false if it is not a command of a case.
func (c Command) Case() (casefile.Command, bool) { return c.ofCase, c.Kind == event.CaseStream }

// Decide says what a command records on a stream that holds the standing
// events, and what it knew of the streams around it. body is a value of the
// command's Body type; ctx.Person is the stream's own identifier. A live
// command is checked and may be refused with a fault; an imported fact
// is refused only where it cannot be understood, because what happened must be
// recordable. It does not ask whether the actor's role may give the command:
// callers do, before.
func (c Command) Decide(standing []event.Recorded, around lawfulness.Known, body any, ctx event.Context) ([]event.Draft, error) {
	return c.decide(standing, around, body, ctx)
}

// commands is every command, in order of name.
var commands = func() []Command {
	var all []Command
	for _, c := range casefile.Commands {
		all = append(all, Command{Name: c.Name, Summary: c.Summary, Kind: event.CaseStream, Roles: c.Roles, Body: c.Body, Opens: c.Opens, ofCase: c,
			decide: func(standing []event.Recorded, around lawfulness.Known, body any, ctx event.Context) ([]event.Draft, error) {
				state := casefile.Fold(standing)
				state.Surroundings = around
				return c.Decide(state, body, ctx)
			}})
	}
	all = slices.Concat(all, agreementCommands, governanceCommands, findingCommands, policyCommands)
	slices.SortFunc(all, func(a, b Command) int { return cmp.Compare(a.Name, b.Name) })
	for i := range all[1:] {
		if all[i].Name == all[i+1].Name {
			panic(fmt.Sprintf("catalogue: command %s is defined twice", all[i].Name))
		}
	}
	return all
}()

// Commands returns every command, in order of name.
func Commands() []Command { return slices.Clone(commands) }

// Named returns the command with a name; false if there is none.
func Named(name string) (Command, bool) {
	i, found := slices.BinarySearchFunc(commands, name, func(c Command, n string) int { return cmp.Compare(c.Name, n) })
	if !found {
		return Command{}, false
	}
	return commands[i], true
}
