package event

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
)

// Class is a data class: what a box holds, and which key opens it.
type Class string

// The classes. Their numbers are stored (see package codec) and never change.
const (
	Identity    Class = "identity"    // who the person is
	Health      Class = "health"      // health and care
	Offence     Class = "offence"     // criminal offence data
	Operational Class = "operational" // codes, scopes, reasons, destinations
	Decision    Class = "decision"    // why a disclosure was or was not allowed
)

// Classes lists every class in stored order: the number of a class is its
// index here plus one.
var Classes = []Class{Identity, Health, Offence, Operational, Decision}

// Holder says whose key seals a box: the controlling side's, or, for a
// snapshot of what was told, the recipient side's.
type Holder string

// The holders. The controller's side is the actor's at the time.
const (
	Controller Holder = "controller"
	Recipient  Holder = "recipient"
)

// State says what became of a value on the way to its reader.
type State uint8

// The states of a Personal value. Upcasting steps, evolve and folds are total
// over all of them.
const (
	Absent   State = iota // was never given
	Open                  // readable
	Withheld              // this reader may not open it
	Erased                // its key was destroyed, and the ledger says so
)

func (s State) String() string {
	return [...]string{"absent", "open", "withheld", "erased"}[s]
}

// ErrUnsealed is returned when a Personal value is about to become JSON
// without having been sealed.
var ErrUnsealed = errors.New("event: a personal value may leave only in a sealed box")

// Personal holds a personal value of an event. Its field's tag gives the data
// class: `personal:"health"`, and `personal:"health,recipient"` where the
// recipient side's key seals it. It prints as "[personal]" and refuses to
// become JSON. The zero value is Absent. Compare what two of them hold: == asks
// whether one was copied from the other.
type Personal[T any] struct {
	// value is behind a pointer, and never changed through it, because package
	// fmt prints a struct without asking it where a verb does not fit (%p, %w).
	value *T
	state State
}

// Own returns an open Personal holding v.
func Own[T any](v T) Personal[T] { return Personal[T]{value: &v, state: Open} }

// Get returns the value, which is the zero value unless the state is Open.
func (p Personal[T]) Get() (T, State) { return p.Value(), p.state }

// Value returns the value, or the zero value where it cannot be read.
func (p Personal[T]) Value() (v T) {
	if p.value != nil {
		v = *p.value
	}
	return v
}

// State says whether the value can be read.
func (p Personal[T]) State() State { return p.state }

// String hides the value.
func (p Personal[T]) String() string { return "[personal]" }

// GoString hides the value from %#v.
func (p Personal[T]) GoString() string { return "[personal]" }

// Format hides the value from every verb.
func (p Personal[T]) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[personal]")) }

// LogValue hides the value from slog.
func (p Personal[T]) LogValue() slog.Value { return slog.StringValue("[personal]") }

// MarshalJSON refuses: see [ErrUnsealed].
func (p Personal[T]) MarshalJSON() ([]byte, error) { return nil, ErrUnsealed }

// UnmarshalJSON refuses: only package codec restores a Personal value.
func (p *Personal[T]) UnmarshalJSON([]byte) error { return ErrUnsealed }

// PersonalValue is what package codec uses to seal and restore a Personal
// field without knowing its type. Nothing else calls it.
type PersonalValue interface {
	// Inner is the type of the value.
	Inner() reflect.Type
	// Expose returns the value and its state.
	Expose() (any, State)
	// Restore sets the value (ignored unless state is Open) and the state.
	Restore(value any, state State)
}

// Inner implements [PersonalValue].
func (p *Personal[T]) Inner() reflect.Type { return reflect.TypeFor[T]() }

// Expose implements [PersonalValue].
func (p *Personal[T]) Expose() (any, State) { return p.Value(), p.state }

// Restore implements [PersonalValue].
func (p *Personal[T]) Restore(value any, state State) {
	*p = Personal[T]{state: state}
	if state == Open {
		v := value.(T)
		p.value = &v
	}
}
