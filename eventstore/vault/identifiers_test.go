package vault

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

var (
	command  = event.MustUUID("c0000000-0000-4000-8000-000000000001")
	command2 = event.MustUUID("c0000000-0000-4000-8000-000000000002")
	number   = Identifier{"nhs-number", "9990001014"}
)

func wantFound(t *testing.T, v *Vault, i Identifier, want event.UUID) {
	t.Helper()
	if got, err := v.Find(t.Context(), i); err != nil || got != want {
		t.Errorf("find: got %s, %v; want %s", got, err, want)
	}
}

func wantInUse(t *testing.T, err error) {
	t.Helper()
	if f := fault.Of(err); f == nil || f.Code != "identifier-in-use" || f.Kind != fault.Conflict {
		t.Errorf("got %v, want the conflict identifier-in-use", err)
	}
}

func wantLeftovers(t *testing.T, v *Vault, want int) {
	t.Helper()
	if left, err := v.Leftovers(t.Context(), noon.Add(time.Hour)); err != nil || len(left) != want {
		t.Errorf("leftovers: %v, %v; want %d", left, err, want)
	}
}

func TestAnIdentifierBelongsToOnePerson(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		ctx := t.Context()
		wantError(t, v.Reserve(ctx, number, alpha, command), nil)
		wantError(t, v.Reserve(ctx, number, alpha, command), nil) // the same command, tried again
		wantFound(t, v, number, event.UUID{})                     // reserved is not yet linked
		wantInUse(t, v.Reserve(ctx, number, bravo, command2))
		wantInUse(t, v.Confirm(ctx, number, bravo))
		wantError(t, v.Confirm(ctx, number, alpha), nil)
		wantFound(t, v, number, alpha)
		wantInUse(t, v.Reserve(ctx, number, bravo, command2))
		wantError(t, v.Reserve(ctx, number, alpha, command2), nil) // their own, once more
		wantError(t, v.Release(ctx, number, alpha, command2), nil)
		wantFound(t, v, number, alpha)
		wantError(t, v.Release(ctx, number, alpha, command), nil) // too late: it is confirmed
		wantFound(t, v, number, alpha)
		wantFound(t, v, Identifier{"crn", number.Value}, event.UUID{}) // the kind is part of it
		wantError(t, v.Unlink(ctx, number, bravo), nil)
		wantFound(t, v, number, alpha)
		wantError(t, v.Unlink(ctx, number, alpha), nil)
		wantFound(t, v, number, event.UUID{})
		wantError(t, v.Reserve(ctx, number, bravo, command2), nil)
		wantLeftovers(t, v, 1)

		if v.Reserve(ctx, number, event.UUID{}, command) == nil || v.Reserve(ctx, number, alpha, event.UUID{}) == nil {
			t.Error("a reservation by nobody, or for nothing")
		}
	})
}

func TestOneCommandsReleaseLeavesAnothersReservation(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		ctx := t.Context()
		wantError(t, v.Reserve(ctx, number, alpha, command), nil)
		wantError(t, v.Reserve(ctx, number, alpha, command2), nil)
		wantError(t, v.Release(ctx, number, alpha, command), nil)
		wantInUse(t, v.Reserve(ctx, number, bravo, command))
		wantError(t, v.Release(ctx, number, bravo, command2), nil) // not theirs to release
		wantInUse(t, v.Reserve(ctx, number, bravo, command))
		wantError(t, v.Release(ctx, number, alpha, command2), nil)
		wantError(t, v.Reserve(ctx, number, bravo, command), nil)
	})
}

func TestOneOfManyRacersGetsTheIdentifier(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		var mu sync.Mutex
		won := 0
		var wait sync.WaitGroup
		for i := range 16 {
			wait.Go(func() {
				err := v.Reserve(t.Context(), number, event.UUID{15: byte(i + 1)}, command)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if !fault.Is(err, "identifier-in-use") {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if won != 1 {
			t.Errorf("%d people hold it", won)
		}
	})
}

func TestLeftoversAreSettledByTheLedger(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		ctx := t.Context()
		recorded, lost := Identifier{"crn", "X991234"}, Identifier{"crn", "X994321"}
		wantError(t, v.Reserve(ctx, recorded, alpha, command), nil)
		wantError(t, v.Reserve(ctx, lost, bravo, command2), nil)
		wantLeftovers(t, v, 2)
		if left, err := v.Leftovers(ctx, noon); err != nil || len(left) != 0 {
			t.Errorf("leftovers from before they were made: %v, %v", left, err)
		}
		later := noon.Add(time.Second)
		failing := errors.New("the ledger is away")
		wantError(t, v.Reconcile(ctx, later, func(context.Context, event.UUID) ([]Identifier, error) { return nil, failing }), failing)
		wantLeftovers(t, v, 2)
		wantError(t, v.Reconcile(ctx, later, func(_ context.Context, person event.UUID) ([]Identifier, error) {
			if person == alpha {
				return []Identifier{number, recorded}, nil
			}
			return nil, nil
		}), nil)
		wantLeftovers(t, v, 0)
		wantFound(t, v, recorded, alpha)
		wantFound(t, v, lost, event.UUID{})
		wantFound(t, v, number, event.UUID{}) // only leftovers are settled
		wantError(t, v.Reserve(ctx, lost, alpha, command), nil)
	})
}

func TestBlindValuesAreKeyedAndTellNothing(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		v, again, other := mustOpen(t, c), mustOpen(t, c), mustOpen(t, config(t))
		if v.Blind(number) != again.Blind(number) {
			t.Error("another start gives another value")
		}
		if v.Blind(number) == other.Blind(number) {
			t.Error("another keystore gives the same value")
		}
		if v.Blind(Identifier{"a", "bc"}) == v.Blind(Identifier{"ab", "c"}) {
			t.Error("kind and value run together")
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(verb, number); got != "nhs-number [personal]" {
				t.Errorf("%s prints %s", verb, got)
			}
		}
	})
}

func TestARetriedRegistrationMintsTheSamePerson(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		v, again, other := mustOpen(t, c), mustOpen(t, c), mustOpen(t, config(t))
		person := v.MintPerson(alpha, command)
		if person != again.MintPerson(alpha, command) {
			t.Error("another start mints another person")
		}
		for _, p := range []event.UUID{other.MintPerson(alpha, command), v.MintPerson(bravo, command), v.MintPerson(alpha, command2)} {
			if p == person {
				t.Error("another keystore, principal or command mints the same person")
			}
		}
		if person[6]>>4 != 4 || person[8]>>6 != 2 {
			t.Errorf("%s is not shaped like a UUIDv4", person)
		}
	})
}
