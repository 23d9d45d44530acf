package witness

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/ledger"
)

// Each answer of tlog-witness, and what it leaves the witness knowing.
func TestTheProtocol(t *testing.T) {
	t.Parallel()
	k, rotated, stranger := newKey(t, origin), newKey(t, origin), newKey(t, origin)
	elsewhere := newKey(t, "hub.example/other")
	h, branch, c := of(t, 30, 30, ""), of(t, 30, 3, "branch"), newClock()
	w := newWitness(t, "witness.example", c.now, k.verifier, rotated.verifier)
	empty := k.signText(t, ledger.CheckpointText(origin, ledger.Tree{Hash: emptyRoot}))
	extended := k.signText(t, ledger.CheckpointText(origin, h.tree(t, 20))+"more\nand more\n")
	several, err := note.Sign(&note.Note{Text: ledger.CheckpointText(origin, h.tree(t, 21))}, stranger, rotated)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		name string
		body []byte
		want int
		size int64 // that the witness knows afterwards
	}{
		{"nothing", nil, 400, 0},
		{"no checkpoint", []byte("old 0\n\n"), 400, 0},
		{"another origin", Request{0, nil, elsewhere.sign(t, h, 5)}.Marshal(), 404, 0},
		{"another key", Request{0, nil, stranger.sign(t, h, 5)}.Marshal(), 403, 0},
		{"an altered text", []byte(strings.Replace(string(Request{0, nil, k.sign(t, h, 5)}.Marshal()), "\n5\n", "\n6\n", 1)), 403, 0},
		{"no signed note", []byte("old 0\n\n" + ledger.CheckpointText(origin, h.tree(t, 5))), 400, 0},
		{"no checkpoint in the note", Request{0, nil, k.signText(t, origin+"\nfive\n")}.Marshal(), 400, 0},
		{"an empty extension line", Request{0, nil, k.signText(t, ledger.CheckpointText(origin, h.tree(t, 5))+"\n")}.Marshal(), 400, 0},
		{"no entry and a root", Request{0, nil, k.signText(t, ledger.CheckpointText(origin, ledger.Tree{}))}.Marshal(), 400, 0},
		{"a larger old size", Request{6, nil, k.sign(t, h, 5)}.Marshal(), 400, 0},
		{"a size it does not know", Request{3, h.proof(t, 3, 5), k.sign(t, h, 5)}.Marshal(), 409, 0},
		{"the first with a proof", Request{0, h.proof(t, 3, 5), k.sign(t, h, 5)}.Marshal(), 422, 0},
		{"the empty tree", Request{0, nil, empty}.Marshal(), 200, 0},
		{"the first", Request{0, nil, k.sign(t, h, 5)}.Marshal(), 200, 5},
		{"the first once more", Request{0, nil, k.sign(t, h, 5)}.Marshal(), 409, 5},
		{"the same", Request{5, nil, k.sign(t, h, 5)}.Marshal(), 200, 5},
		{"the same with a proof", Request{5, h.proof(t, 3, 5), k.sign(t, h, 5)}.Marshal(), 422, 5},
		{"the next", Request{5, h.proof(t, 5, 19), k.sign(t, h, 19)}.Marshal(), 200, 19},
		{"a smaller one", Request{5, h.proof(t, 5, 7), k.sign(t, h, 7)}.Marshal(), 409, 19},
		{"a smaller one as the next", Request{19, nil, k.sign(t, h, 7)}.Marshal(), 400, 19},
		{"the empty tree once more", Request{0, nil, empty}.Marshal(), 409, 19},
		{"no proof", Request{19, nil, k.sign(t, h, 20)}.Marshal(), 422, 19},
		{"another proof", Request{19, h.proof(t, 18, 20), k.sign(t, h, 20)}.Marshal(), 422, 19},
		{"another root", Request{19, nil, k.sign(t, branch, 19)}.Marshal(), 409, 19},
		{"another root and old size", Request{5, branch.proof(t, 5, 19), k.sign(t, branch, 19)}.Marshal(), 409, 19},
		{"another branch", Request{19, branch.proof(t, 19, 23), k.sign(t, branch, 23)}.Marshal(), 422, 19},
		{"extension lines", Request{19, h.proof(t, 19, 20), extended}.Marshal(), 200, 20},
		{"several signatures", Request{20, h.proof(t, 20, 21), several}.Marshal(), 200, 21},
		{"the key that came", Request{21, h.proof(t, 21, 30), rotated.sign(t, h, 30)}.Marshal(), 200, 30},
		{"too much", append(Request{30, nil, k.sign(t, h, 30)}.Marshal(), make([]byte, maxBody)...), 413, 30},
	} {
		rec := w.post(c.body)
		if rec.Code != c.want {
			t.Fatalf("%d, %s: %d, want %d: %s", i, c.name, rec.Code, c.want, rec.Body)
		}
		if got := w.Figures().Sizes[origin]; got != c.size {
			t.Fatalf("%s: the witness knows %d, want %d", c.name, got, c.size)
		}
		switch c.want {
		case 409:
			if rec.Header().Get("Content-Type") != "text/x.tlog.size" || rec.Body.String() != fmt.Sprintln(c.size) {
				t.Errorf("%s: %q %q", c.name, rec.Header(), rec.Body)
			}
		case 200:
			q, err := ParseRequest(c.body)
			if err != nil {
				t.Fatal(err)
			}
			text, _, _ := strings.Cut(string(q.Checkpoint), "\n\n")
			cosignedAt(t, w.signer, text+"\n", rec.Body.String())
		}
	}
	if got := forks(t, w, forkSuffix, k, rotated); len(got) != 2 { // the other root, twice the same, and the other branch
		t.Errorf("%d forks are kept", len(got))
	}
	if got := forks(t, w, pairSuffix, k, rotated); len(got) != 1 { // what did not prove itself
		t.Errorf("%d pairs are kept", len(got))
	}
	for path, want := range map[string]int{"/checkpoint/" + nameOf(origin): 200, "/checkpoint/" + nameOf("x"): 404, "/add-checkpoint": 405, "/": 404} {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		if rec.Code != want {
			t.Errorf("GET %s: %d", path, rec.Code)
		}
		if want == 200 {
			if _, _, err := ledger.OpenCheckpoint(rec.Body.Bytes(), origin, note.VerifierList(rotated.verifier)); err != nil {
				t.Errorf("GET %s: %v", path, err)
			}
		}
	}
}

// cosignedAt opens an answer as a client does, and tells the time in it.
func cosignedAt(t testing.TB, s *Signer, text, lines string) time.Time {
	t.Helper()
	v, err := NewVerifier(s.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open([]byte(text+"\n"+lines), note.VerifierList(v))
	if err != nil || n.Text != text || len(n.UnverifiedSigs) > 0 {
		t.Fatalf("%v: %q", err, lines)
	}
	at, err := cosignature.CoSigV1Timestamp(n.Sigs[0])
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A time that was shown never becomes an earlier one, over new starts too; and a
// clock that went far back stops the witness.
func TestTheTimeNeverGoesBack(t *testing.T) {
	t.Parallel()
	k, h, c := newKey(t, origin), of(t, 5, 5, ""), newClock()
	w := newWitness(t, "witness.example", c.now, k.verifier)
	last, size := time.Time{}, int64(0)
	for i, by := range []time.Duration{0, time.Second, -time.Second, -30 * time.Second, 2 * time.Minute, -2 * time.Minute, time.Minute, time.Hour} {
		c.move(by)
		if i%2 == 1 {
			if err := w.store.Close(); err != nil {
				t.Fatal(err)
			}
			w.open(t, c.now, k.verifier)
		}
		rec := w.add(size, nil, k.sign(t, h, 5))
		size = 5
		if by == -2*time.Minute {
			if rec.Code != 503 || w.Figures().Outcomes[ClockBehind] != 1 {
				t.Fatalf("a clock that is minutes behind: %d", rec.Code)
			}
			continue
		}
		if rec.Code != 200 {
			t.Fatalf("%d: %d %s", i, rec.Code, rec.Body)
		}
		at := cosignedAt(t, w.signer, ledger.CheckpointText(origin, h.tree(t, 5)), rec.Body.String())
		if at.Before(last) {
			t.Errorf("%v after %v", at, last)
		}
		last = at
	}
}

// Of requests that race, each that is cosigned adds to the one before, whichever
// branch they are of.
func TestRacingRequests(t *testing.T) {
	t.Parallel()
	k, c := newKey(t, origin), newClock()
	const most, shared = 40, 10
	branches := []*history{of(t, most, shared, "one"), of(t, most, shared, "two")}
	w := newWitness(t, "witness.example", c.now, k.verifier)
	if rec := w.add(0, nil, k.sign(t, branches[0], shared)); rec.Code != 200 {
		t.Fatal(rec.Code)
	}
	var mu sync.Mutex
	seen := map[int64]map[int]bool{} // size to branch
	var racing sync.WaitGroup
	for b, h := range branches {
		for start := range 4 {
			racing.Go(func() {
				for n := int64(shared + 1 + start); n <= most; n++ {
					for old := int64(shared); old < n; {
						rec := w.add(old, h.proof(t, old, n), k.sign(t, h, n))
						if rec.Code == 200 {
							mu.Lock()
							if seen[n] == nil {
								seen[n] = map[int]bool{}
							}
							seen[n][b] = true
							mu.Unlock()
						}
						var size int64
						if _, err := fmt.Sscan(rec.Body.String(), &size); rec.Code != 409 || err != nil || size <= old {
							break
						}
						old = size
					}
				}
			})
		}
	}
	racing.Wait()
	won := map[int]bool{}
	for _, by := range seen {
		for b := range by {
			won[b] = true
		}
	}
	if len(won) != 1 || len(seen) == 0 {
		t.Errorf("%d branches were cosigned", len(won))
	}
	if len(forks(t, w, forkSuffix, k)) == 0 {
		t.Error("the other branch left no proof")
	}
}

// childVariable makes the test program a witness that is killed.
const childVariable = "CASELEDGER_TEST_WITNESS_FOLDER"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	if err := serveAsChild(os.Getenv(childVariable), os.Getenv(childVariable+"_KEYS")); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func serveAsChild(dir, keys string) error {
	secret, verifier, _ := strings.Cut(keys, " ")
	s, err := NewSigner(secret)
	if err != nil {
		return err
	}
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return err
	}
	store, err := OpenStore(dir)
	if err != nil {
		return err
	}
	w, err := NewServer(ServerSettings{s, []Log{{origin, []note.Verifier{v}}}, store, time.Now, quiet()})
	if err != nil {
		return err
	}
	web := httptest.NewServer(w)
	fmt.Println(web.URL)
	select {}
}

// A witness that is killed while it answers knows, at its next start, at least
// what it has cosigned. Not beside other tests: a process that is being started
// holds their locks for a moment.
func TestKilledWhileItAnswers(t *testing.T) {
	const rounds, most = 8, 4000
	secret, _, err := GenerateKey(rand.Reader, "witness.example")
	if err != nil {
		t.Fatal(err)
	}
	plain, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(plain)
	if err != nil {
		t.Fatal(err)
	}
	k, h, dir := key{Signer: signer}, of(t, most, most, ""), t.TempDir()
	cosigned := int64(0)
	for round := range rounds {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), childVariable+"="+dir, childVariable+"_KEYS="+secret+" "+public)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), "http") {
			t.Fatalf("round %d: the witness did not start: %s", round, lines.Text())
		}
		url := lines.Text()
		killed := time.AfterFunc(time.Duration(20+13*round)*time.Millisecond, func() { _ = child.Process.Kill() })
		old, first := cosigned, true
		for n := cosigned + 1; n <= most; n++ {
			res, err := http.Post(url+"/add-checkpoint", "text/plain", strings.NewReader(string(Request{old, h.proof(t, old, n), k.sign(t, h, n)}.Marshal())))
			if err != nil {
				break // it is dead
			}
			var size int64
			if res.StatusCode == http.StatusConflict && first {
				if _, err := fmt.Fscan(res.Body, &size); err == nil && size == n { // saved, and killed before it was said
					cosigned, old = n, n
				} else {
					t.Fatalf("round %d: cosigned %d, and it knows %d", round, cosigned, size)
				}
			} else if res.StatusCode == http.StatusOK {
				cosigned, old = n, n
			} else {
				t.Fatalf("round %d: %d", round, res.StatusCode)
			}
			first = false
			res.Body.Close()
		}
		killed.Stop()
		_ = child.Process.Kill()
		_ = child.Wait()
	}
	if cosigned < rounds {
		t.Errorf("only %d were cosigned", cosigned)
	}
	s, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := s.opened[origin].tree.N; got < cosigned || got > cosigned+1 {
		t.Errorf("cosigned %d, and it knows %d", cosigned, got)
	}
}
