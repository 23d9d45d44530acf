//go:build postgres

package vault

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// claimCall is one call about an identifier, and what it said.
type claimCall struct {
	what            string
	number          int
	person, command byte
}

// held is who has an identifier: a model of what [storage] promises. Only one
// person ever has claims on it.
type held struct {
	person    byte
	confirmed bool
	commands  uint8 // reserved by, one bit each
}

func (h held) step(c claimCall, said any) (bool, held) {
	mine := h.person == c.person || h == held{}
	bit := uint8(1) << c.command
	switch c.what {
	case "reserve":
		if mine {
			h.person, h.commands = c.person, h.commands|bit
		}
		return said == mine, h
	case "confirm":
		if mine {
			h = held{person: c.person, confirmed: true}
		}
		return said == mine, h
	case "release":
		if h.person == c.person {
			h.commands &^= bit
		}
	case "unlink":
		if h.person == c.person {
			h = held{}
		}
	case "find":
		want := byte(0)
		if h.confirmed {
			want = h.person
		}
		return said == want, h
	}
	if !h.confirmed && h.commands == 0 {
		h = held{}
	}
	return true, h
}

var claimModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byNumber := map[int][]porcupine.Operation{}
		for _, o := range history {
			n := o.Input.(claimCall).number
			byNumber[n] = append(byNumber[n], o)
		}
		parts := make([][]porcupine.Operation, 0, len(byNumber))
		for _, part := range byNumber {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return held{} },
	Step: func(state, input, output any) (bool, any) {
		return state.(held).step(input.(claimCall), output)
	},
}

// call makes one call and returns what it said.
func (c claimCall) call(v *Vault) (said any, err error) {
	ctx, i := context.Background(), Identifier{"crn", string(rune('a' + c.number))}
	person, command := event.UUID{15: c.person}, event.UUID{15: c.command + 1}
	switch c.what {
	case "reserve":
		err = v.Reserve(ctx, i, person, command)
	case "confirm":
		err = v.Confirm(ctx, i, person)
	case "release":
		return nil, v.Release(ctx, i, person, command)
	case "unlink":
		return nil, v.Unlink(ctx, i, person)
	case "find":
		who, err := v.Find(ctx, i)
		return who[15], err
	}
	if fault.Is(err, "identifier-in-use") {
		return false, nil
	}
	return err == nil, err
}

// claimAtOnce has clients of several processes make calls at once, and returns
// the history.
func claimAtOnce(t *testing.T, vaults []*Vault, seed uint64, clients, calls int) (history []porcupine.Operation) {
	t.Helper()
	begun := time.Now()
	var mu sync.Mutex
	var wait sync.WaitGroup
	for client := range clients {
		random := rand.New(rand.NewPCG(seed, uint64(client)))
		wait.Go(func() {
			for range calls {
				c := claimCall{[]string{"reserve", "reserve", "confirm", "release", "unlink", "find"}[random.IntN(6)],
					random.IntN(3), byte(1 + random.IntN(3)), byte(random.IntN(4))}
				from := time.Since(begun)
				said, err := c.call(vaults[client%len(vaults)])
				to := time.Since(begun)
				if err != nil {
					t.Errorf("%+v: %v", c, err)
					return
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: client, Input: c, Call: int64(from), Output: said, Return: int64(to)})
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return history
}

// Whatever processes claim at once, it is as if they had taken turns.
func TestClaimsOfManyProcessesTakeTurns(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		vaults := []*Vault{mustOpen(t, c), mustOpen(t, c), mustOpen(t, c)}
		history := claimAtOnce(t, vaults, 1, 12, 100)
		if got := porcupine.CheckOperationsTimeout(claimModel, history, time.Minute); got != porcupine.Ok {
			t.Errorf("the history of %d calls is %s", len(history), got)
		}
	})
}

// The check above finds a keystore that looks before it writes and takes no
// lock.
func TestClaimsWithoutALockAreFoundOut(t *testing.T) {
	t.Parallel()
	c := database(t)
	vaults := []*Vault{mustOpen(t, c), mustOpen(t, c), mustOpen(t, c)}
	for _, v := range vaults {
		v.store.(*sqlStore).lockBlind = ""
	}
	for seed := range uint64(50) {
		if porcupine.CheckOperationsTimeout(claimModel, claimAtOnce(t, vaults, seed, 12, 40), time.Minute) == porcupine.Illegal {
			return
		}
	}
	t.Error("nothing was found in 50 histories")
}
