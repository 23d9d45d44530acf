package witness

import (
	"errors"
	"math/bits"
	"math/rand"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"caseledger/eventstore/ledger"
)

// cases is how many histories a test draws.
func cases(t testing.TB, usual int) int {
	t.Helper()
	text := os.Getenv("CASELEDGER_TEST_WITNESS_CASES")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// T-18: a copied signing key makes two histories. Whatever their sizes, no witness
// cosigns both; the one that is shown both keeps what shows it, and that is a proof
// to any stranger wherever the two checkpoints and an honest consistency proof can
// make one.
func TestTwoHistoriesToOneWitness(t *testing.T) {
	t.Parallel()
	k, draw := newKey(t, origin), rand.New(rand.NewSource(18))
	n := cases(t, 300)
	proven, pairs := 0, 0
	for i := range n {
		c := newClock()
		shared := draw.Int63n(30)
		first, second := shared+1+draw.Int63n(30), shared+1+draw.Int63n(30)
		one, two := of(t, first, shared, "one"), of(t, second, shared, "two")
		w := newQuietWitness(t, "witness.example", c.now, k.verifier)
		if start := draw.Int63n(first + 1); start > 0 && w.add(0, nil, k.sign(t, one, start)).Code == 200 && start < first {
			if rec := w.add(start, one.proof(t, start, first), k.sign(t, one, first)); rec.Code != 200 {
				t.Fatalf("case %d: %d", i, rec.Code)
			}
		} else if start == 0 {
			if rec := w.add(0, nil, k.sign(t, one, first)); rec.Code != 200 {
				t.Fatalf("case %d: %d", i, rec.Code)
			}
		}
		old := first // the forger knows what the witness knows
		if old > second {
			old = second
		}
		rec := w.add(old, two.proof(t, old, second), k.sign(t, two, second))
		if rec.Code != http.StatusConflict && rec.Code != http.StatusUnprocessableEntity {
			t.Fatalf("case %d: sizes %d and %d, shared %d: answered %d", i, first, second, shared, rec.Code)
		}
		if got := w.Figures(); got.Sizes[origin] != first || got.Forks > 1 {
			t.Fatalf("case %d: %+v", i, got)
		}
		switch {
		case second < first: // it may only be behind
		case second == first || bits.OnesCount64(uint64(first)) > 1:
			found := forks(t, w, forkSuffix, k)
			if len(found) != 1 {
				t.Fatalf("case %d: %d forks", i, len(found))
			}
			rejectAltered(t, found[0], k, draw)
			proven++
		default:
			pair := forks(t, w, pairSuffix, k)
			if len(pair) != 1 {
				t.Fatalf("case %d: %d pairs", i, len(pair))
			}
			// With what only the ledger can tell, it is a proof.
			f := pair[0]
			f.Beginning, f.Proof = two.tree(t, first).Hash, two.proof(t, first, second)
			if err := CheckFork(f, origin, verifiers(k)); err != nil {
				t.Fatalf("case %d: %v", i, err)
			}
			pairs++
		}
		w.store.Close()
	}
	t.Logf("%d cases: %d forks proven at once, %d with the ledger's help", n, proven, pairs)
	if proven == 0 || pairs == 0 {
		t.Error("the cases do not have both kinds")
	}
}

// rejectAltered alters a proof here and there.
func rejectAltered(t testing.TB, f Fork, k key, draw *rand.Rand) {
	t.Helper()
	file := f.Marshal()
	for range 20 {
		altered := append([]byte{}, file...)
		altered[draw.Intn(len(file))] ^= 1 << draw.Intn(8)
		if g, err := ParseFork(altered); err == nil && CheckFork(g, origin, verifiers(k)) == nil {
			t.Fatalf("an altered proof is taken:\n%s", altered)
		}
	}
}

// T-18: two histories, each shown to a witness of its own. Neither can show the
// quorum of both, and whichever ledger meets the other's witness finds the proof.
func TestTwoHistoriesToTwoWitnesses(t *testing.T) {
	t.Parallel()
	k, draw := newKey(t, origin), rand.New(rand.NewSource(2))
	for i := range cases(t, 60) {
		c := newClock()
		shared := draw.Int63n(20)
		first, second := shared+1+draw.Int63n(20), shared+1+draw.Int63n(20)
		one, two := of(t, first, shared, "one"), of(t, second, shared, "two")
		nhs, probation := newWitness(t, "nhs.example", c.now, k.verifier), newWitness(t, "probation.example", c.now, k.verifier)
		if shared > 0 { // both have seen what is common
			for _, w := range []*aWitness{nhs, probation} {
				if rec := w.add(0, nil, k.sign(t, one, shared)); rec.Code != 200 {
					t.Fatal(rec.Code)
				}
			}
		}
		if rec := probation.add(shared, two.proof(t, shared, second), k.sign(t, two, second)); rec.Code != 200 {
			t.Fatal(rec.Code)
		}
		l := newLedger(t, k, one, c, policyOf(t, 2, nhs, probation))
		l.seal(t, one, first)
		l.gather(t, nil)
		if size, by := l.witnessed(t); size != 0 {
			t.Fatalf("case %d: %d is cosigned by %v", i, size, by)
		}
		a := l.alarm(t)
		if a.Code != AlarmConflict || nhs.Figures().Sizes[origin] != first || probation.Figures().Sizes[origin] != second {
			t.Fatalf("case %d: %+v", i, a)
		}
		shown := l.evidence(t, a)
		if second > first { // all that can be shown is that our key signed more than we have
			if tree, _, err := ledger.OpenCheckpoint(shown, origin, verifiers(k)); err != nil || tree.N != second {
				t.Fatalf("case %d: %v", i, err)
			}
		} else {
			f, err := ParseFork(shown)
			if err != nil || CheckFork(f, origin, verifiers(k)) != nil {
				t.Fatalf("case %d: sizes %d and %d: %v, %v", i, first, second, err, CheckFork(f, origin, verifiers(k)))
			}
			rejectAltered(t, f, k, draw)
		}
		nhs.store.Close()
		probation.store.Close()
	}
}

// evidence is what an alarm points at.
func (l *aLedger) evidence(t testing.TB, a ledger.Alarm) []byte {
	t.Helper()
	_, name, ok := strings.Cut(a.Detail, "; see ")
	if !ok {
		t.Fatalf("the alarm points at nothing: %+v", a)
	}
	shown, err := l.shelf.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return shown
}

// An older store is restored, with all that it knew of itself, and written on: the
// witness refuses, and we stop.
func TestAnOlderStoreIsRestored(t *testing.T) {
	t.Parallel()
	k := newKey(t, origin)
	for name, c := range map[string]struct {
		size  int64 // after the restore of 10 entries of 20
		other int64 // how many entries of that are what they were
		fork  bool  // the evidence is a proof to anybody
	}{
		"nothing is written":            {10, 10, false},
		"written on, and still smaller": {15, 10, false},
		"written on to the same size":   {20, 10, true},
		"written on beyond it":          {30, 10, true},
		"the same again, and more":      {15, 15, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			was, is, clock := of(t, 20, 20, ""), of(t, c.size, c.other, "restored"), newClock()
			one, two := newWitness(t, "one.example", clock.now, k.verifier), newWitness(t, "two.example", clock.now, k.verifier)
			l := newLedger(t, k, was, clock, policyOf(t, 2, one, two))
			l.seal(t, was, 20)
			l.gather(t, nil)
			if size, _ := l.witnessed(t); size != 20 {
				t.Fatal(size)
			}
			l = newLedger(t, k, is, clock, l.Policy)
			l.seal(t, is, c.size)
			l.gather(t, nil)
			a := l.alarm(t)
			if a.Code != AlarmConflict || !a.RaisedAt.Equal(clock.now()) {
				t.Fatalf("%+v", a)
			}
			f, err := ParseFork(l.evidence(t, a))
			if c.fork != (err == nil && CheckFork(f, origin, verifiers(k)) == nil) {
				t.Errorf("%v, %v: %s", err, CheckFork(f, origin, verifiers(k)), l.evidence(t, a))
			}
			if size, _ := l.witnessed(t); size != 0 {
				t.Errorf("%d is witnessed", size)
			}
			before := one.Figures()
			l.seal(t, is, c.size) // while the alarm is raised nobody is asked
			l.gather(t, nil)
			if after := one.Figures(); after.Outcomes[OtherSize] != before.Outcomes[OtherSize] || after.Sizes[origin] != 20 {
				t.Errorf("%+v", after)
			}
		})
	}
}

// The registers alone show that the ledger went back, if they were not restored
// with it.
func TestTheRegisterIsNewer(t *testing.T) {
	t.Parallel()
	k, h, c := newKey(t, origin), of(t, 20, 20, ""), newClock()
	one := newWitness(t, "one.example", c.now, k.verifier)
	l := newLedger(t, k, h, c, policyOf(t, 1, one))
	l.seal(t, h, 20)
	l.gather(t, nil)
	l.seal(t, h, 10)
	l.gather(t, nil)
	if a := l.alarm(t); a.Code != AlarmConflict || !strings.Contains(a.Detail, "register witnessed knows a tree of 20 entries, ours has 10") {
		t.Errorf("%+v", a)
	}
}

// What a witness says and does not show stops the ledger only if the policy cannot
// be met without it. One of another make shows nothing.
func TestAClaimThatCannotBeChecked(t *testing.T) {
	t.Parallel()
	k, h := newKey(t, origin), of(t, 20, 20, "")
	larger := func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", sizeType)
		w.WriteHeader(http.StatusConflict)
		_, _ = w.Write([]byte("21\n"))
	}
	for wanted, raised := range map[int]bool{1: false, 2: false, 3: true} {
		c := newClock()
		one, two := newWitness(t, "one.example", c.now, k.verifier), newWitness(t, "two.example", c.now, k.verifier)
		l := newLedger(t, k, h, c, policyOf(t, wanted, one, liar(t, newSigner(t, "other.example"), larger), two))
		l.seal(t, h, 19)
		l.gather(t, nil)
		if a := l.alarm(t); (a.Code != "") != raised || raised && strings.Contains(a.Detail, "evidence") {
			t.Errorf("%d of 3: %+v", wanted, a)
		}
		if s := l.Status()[1]; s.Code != Disputed {
			t.Errorf("%+v", s)
		}
	}
	// It is none once we have signed as much: another process of ours has shown it.
	c, asked := newClock(), make(chan struct{})
	var l *aLedger
	ahead := newWitness(t, "ahead.example", c.now, k.verifier)
	if rec := ahead.add(0, nil, k.sign(t, h, 20)); rec.Code != 200 {
		t.Fatal(rec.Code)
	}
	l = newLedger(t, k, h, c, policyOf(t, 1, ahead))
	l.seal(t, h, 19)
	if err := l.step(t.Context()); err != nil { // asks about 19
		t.Fatal(err)
	}
	go func() { l.pending.Wait(); close(asked) }()
	<-asked
	l.seal(t, h, 20)
	l.gather(t, nil)
	if size, _ := l.witnessed(t); size != 20 || l.alarm(t).Code != "" {
		t.Errorf("%d is witnessed: %+v", size, l.alarm(t))
	}
}

// A witness that refuses against what it shows is no conflict.
func TestARefusalAgainstWhatItShows(t *testing.T) {
	t.Parallel()
	k, h, c := newKey(t, origin), of(t, 20, 20, ""), newClock()
	shows := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			http.Error(w, "no", http.StatusUnprocessableEntity)
			return
		}
		_, _ = w.Write(k.sign(t, h, 7))
	}
	l := newLedger(t, k, h, c, policyOf(t, 1, liar(t, newSigner(t, "other.example"), shows)))
	l.seal(t, h, 19)
	l.gather(t, nil)
	if s := l.Status()[0]; s.Code != Contradicted || l.alarm(t).Code != "" {
		t.Errorf("%+v, %+v", s, l.alarm(t))
	}
}

// Several processes, or a register that moves meanwhile, lose no cosignature, and
// never put a smaller tree in its place.
func TestTheRegisterMovesMeanwhile(t *testing.T) {
	t.Parallel()
	k, h, c := newKey(t, origin), of(t, 20, 20, ""), newClock()
	one, two := newWitness(t, "one.example", c.now, k.verifier), newWitness(t, "two.example", c.now, k.verifier)
	l := newLedger(t, k, h, c, policyOf(t, 1, one, two))
	l.seal(t, h, 9)
	l.gather(t, nil)
	whole := l.register(t, ledger.RegisterWitnessed)
	l.set(t, ledger.RegisterWitnessed, cosign(l.target, l.target.note.Sigs[:0:0]))
	l.settled, l.written = false, 0
	delete(l.gathered, "w1")
	if err := l.publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, by := l.witnessed(t); len(by) != 1 {
		t.Errorf("cosigned by %v", by)
	}
	l.set(t, ledger.RegisterWitnessed, whole)
	l.settled = false
	if err := l.publish(t.Context()); err != nil || string(l.register(t, ledger.RegisterWitnessed)) != string(whole) {
		t.Errorf("%v: a cosignature was lost", err)
	}
	other := newLedger(t, k, h, c, l.Policy)
	other.shelf, other.Shelf = l.shelf, l.shelf
	l.seal(t, h, 20)
	other.gather(t, nil)
	l.settled = false
	if err := l.publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if size, by := l.witnessed(t); size != 20 || len(by) != 2 {
		t.Errorf("%d is cosigned by %v", size, by)
	}
	if err := errors.Join(l.step(t.Context()), other.step(t.Context())); err != nil || l.alarm(t).Code != "" {
		t.Errorf("%v, %+v", err, l.alarm(t))
	}
}
