package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

// ending is how an append ended.
type ending int

const (
	done ending = iota
	doneBefore
	moved    // ErrConflict
	open     // ErrUnknown
	notDone  // ErrUnavailable
	nonsense // what no append here may be answered
)

// asked is an operation on a stream; a read has no id.
type asked struct{ stream, expected, id int }

// answered is its result; a read gives the ids that the stream holds.
type answered struct {
	ending ending
	held   []int
}

// contract is a stream as a program over a list of ids.
var contract = (&porcupine.NondeterministicModel{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := map[int][]porcupine.Operation{}
		for _, o := range history {
			parts[o.Input.(asked).stream] = append(parts[o.Input.(asked).stream], o)
		}
		var all [][]porcupine.Operation
		for _, p := range parts {
			all = append(all, p)
		}
		return all
	},
	Init: func() []any { return []any{[]int(nil)} },
	Step: func(state, in, out any) []any {
		held, i, o := state.([]int), in.(asked), out.(answered)
		fits := i.expected == len(held)
		is := i.expected < len(held) && held[i.expected] == i.id
		after := append(held[:len(held):len(held)], i.id)
		switch {
		case i.id == 0 && slices.Equal(held, o.held),
			i.id != 0 && o.ending == doneBefore && is,
			i.id != 0 && o.ending == moved && !fits && !is,
			i.id != 0 && o.ending == notDone:
			return []any{held}
		case i.id != 0 && o.ending == done && fits:
			return []any{after}
		case i.id != 0 && o.ending == open && fits:
			return []any{held, after}
		case i.id != 0 && o.ending == open:
			return []any{held}
		}
		return nil
	},
	Equal: func(a, b any) bool { return slices.Equal(a.([]int), b.([]int)) },
}).ToModel()

// Linearizable has 16 clients append to and read six streams, through any of
// the stores, which are of one ledger, and asks whether every answer could have
// been given one after the other. The histories of different numbers are on
// different streams. It says how many operations there were, and how many of
// them stay open: their outcome was unknown.
func Linearizable(number, operations int, stores ...eventstore.Store) (_ porcupine.CheckResult, total, unknown int) {
	const clients, count = 16, 6
	h := &histories{begun: time.Now(), stores: stores}
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(number), uint64(client)))
			var length [count]int // of the streams, when last seen
			for n := range operations / clients {
				k := r.IntN(count)
				in := asked{stream: number*count + k}
				if r.IntN(4) == 0 {
					if held, ok := h.read(client, in); ok {
						length[k] = len(held)
					}
					continue
				}
				in.expected, in.id = length[k], 1+client+clients*n
				for range 3 {
					got := h.append(client, in)
					if got == done || got == doneBefore || got == moved {
						length[k]++ // or so, where it had moved
					}
					if got != open && got != notDone || r.IntN(2) == 0 {
						break
					}
				}
			}
		})
	}
	all.Wait()
	for _, o := range h.history {
		if o.Output.(answered).ending == open {
			unknown++
		}
	}
	return porcupine.CheckOperationsTimeout(contract, h.history, time.Minute), len(h.history), unknown
}

type histories struct {
	begun  time.Time
	stores []eventstore.Store

	mu      sync.Mutex
	history []porcupine.Operation
}

func (h *histories) note(client int, call time.Duration, in asked, out answered) {
	returned := time.Since(h.begun)
	if out.ending == open {
		returned = 24 * time.Hour // it may yet be done
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.history = append(h.history, porcupine.Operation{ClientId: client, Input: in, Call: int64(call), Output: out, Return: int64(returned)})
}

func streamOf(in asked) eventstore.StreamID {
	return event.Case(event.DeriveUUID("linearizable", []byte(strconv.Itoa(in.stream))))
}

func (h *histories) append(client int, in asked) ending {
	id := event.DeriveUUID("linearizable", fmt.Appendf(nil, "%d/%d", in.stream, in.id))
	call := time.Since(h.begun)
	got, err := h.stores[(client+in.id)%len(h.stores)].Append(context.Background(), streamOf(in), eventstore.Revision(in.expected),
		[]eventstore.Event{{ID: event.ID{UUID: id}, Body: []byte(strconv.Itoa(in.id))}})
	out := answered{ending: nonsense}
	switch {
	case err == nil && got.Repeated:
		out.ending = doneBefore
	case err == nil:
		out.ending = done
	case errors.Is(err, eventstore.ErrConflict):
		out.ending = moved
	case errors.Is(err, eventstore.ErrUnknown):
		out.ending = open
	case errors.Is(err, eventstore.ErrUnavailable):
		out.ending = notDone
	}
	h.note(client, call, in, out)
	return out.ending
}

// read notes what a stream holds; a read that failed says nothing.
func (h *histories) read(client int, in asked) (held []int, ok bool) {
	call := time.Since(h.begun)
	for e, err := range h.stores[client%len(h.stores)].ReadStream(context.Background(), streamOf(in), 0) {
		if err != nil {
			return nil, false
		}
		id, err := strconv.Atoi(string(e.Body))
		if err != nil {
			id = -1 // what nobody appended
		}
		held = append(held, id)
	}
	h.note(client, call, in, answered{held: held})
	return held, true
}
