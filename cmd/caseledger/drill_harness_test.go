package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/rights"
	"caseledger/domain/supervision"
	"caseledger/eventstore"
	"caseledger/eventstore/erasure"
)

// The erasure drill: 40 invented people with a canary in every data class and on
// both sides; backups of everything kept at several moments; 20 of the people are
// erased, some of health only. Afterwards no file of the live system holds a
// canary or a key of what was erased, no backup that is restored tells any of it,
// and everybody else's record is what it was.

const (
	drillPeople = 40
	drillErased = 20
)

func drillLabel(n int) string { return fmt.Sprintf("DRILL-%02d", n) }

// canary is a text that is nowhere else.
func canary(class string, n int) string { return fmt.Sprintf("ZQX-%s-CANARY-%02d", class, n) }

// The classes of canaries: of the hub's record, of probation's, and what
// probation was told.
const (
	hubIdentity, hubHealth, hubOffence = "HUBID", "HUBHEALTH", "HUBOFFENCE"
	proIdentity, proOffence, proTold   = "PROID", "PROOFFENCE", "PROTOLD"
)

var canaries = []string{hubIdentity, hubHealth, hubOffence, proIdentity, proOffence, proTold}

// drillGone says which canaries of a person are erased: of the first ten, the
// hub's health; of five more, all of the hub's; of the last five, everything.
func drillGone(n int) []string {
	switch {
	case n < 10:
		return []string{hubHealth}
	case n < 15:
		return []string{hubIdentity, hubHealth, hubOffence}
	case n < drillErased:
		return canaries
	}
	return nil
}

// drill is a record on its way through a drill.
type drill struct {
	*testing.T
	dir    string
	at     places   // the zero one: the folder alone
	args   []string // that name the record to a command
	clock  *handClock
	people []int // the first few are erased
}

func drillOf(t *testing.T, dir string, people ...int) *drill {
	return &drill{t, dir, places{}, []string{"--data", dir}, &handClock{at: event.MustDay("2026-02-02").Start().Add(10 * time.Hour)}, people}
}

func newDrill(t *testing.T) *drill {
	t.Helper()
	var everybody []int
	for n := range drillPeople {
		everybody = append(everybody, n)
	}
	d := drillOf(t, filepath.Join(t.TempDir(), "live"), everybody...)
	if err := dataDir(d.dir).markSynthetic(); err != nil {
		t.Fatal(err)
	}
	return d
}

// works opens the record for writing, as nobody else does meanwhile.
func (d *drill) works(work func(r *record)) {
	d.Helper()
	r, err := opening{dir: dataDir(d.dir), at: d.at, mode: writing, now: d.clock.now, random: rand.Reader}.open(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	work(r)
	if err := r.close(); err != nil {
		d.Fatal(err)
	}
}

// says records drafts of a person, past all commands.
func (d *drill) says(r *record, label string, n int, what string, data ...any) {
	d.Helper()
	m, _ := memberNamed(label)
	who := personID(drillLabel(n))
	var drafts []event.Draft
	for _, one := range data {
		drafts = append(drafts, event.Draft{Data: one})
	}
	c := eventstore.Command{ID: event.DeriveUUID("drill", who[:], []byte(what), []byte(label)), Stream: event.Case(who), Subject: who,
		Effective: event.At(d.clock.now()), Actor: m.actor(), Purpose: "DIRECT_CARE", Origin: event.Live, IfAny: true}
	if _, err := eventstore.Execute(d.Context(), r.store, r.codec, c, func([]event.Recorded, event.Revision) ([]event.Draft, error) { return drafts, nil }); err != nil {
		d.Fatal(err)
	}
}

// later moves the clock on.
func (d *drill) later(by time.Duration) { d.clock.set(d.clock.now().Add(by)) }

// recorded has both sides record everything of everybody.
func (d *drill) recorded() {
	d.Helper()
	hub, _ := theRegister.ByCode("HUB-CAM")
	office, _ := theRegister.ByCode("PROB-N56")
	d.works(func(r *record) {
		for _, n := range d.people {
			id := func(of string) event.UUID { return event.DeriveUUID("drill-"+of, fmt.Append(nil, n)) }
			d.says(r, "NUR1", n, "registered",
				person.PersonRegistered{Name: event.Own(person.Name{Given: "TEST", Family: canary(hubIdentity, n)}), DateOfBirth: event.Own(event.MustDay("1980-02-03")), Site: "CAMBRIDGE", Region: "N56"},
				person.CommunicationNeedRecorded{Note: event.Own(canary(hubHealth, n)), Language: event.Own(person.Language(canary(hubHealth, n)))},
				disclosure.DisclosureMade{Disclosure: id("disclosure"), Decision: id("decision"), Method: "SYSTEM",
					Flow: disclosure.Flow{FromOrg: hub.ID, ToOrg: office.ID, ToRole: "PP", Direction: disclosure.Direction{From: event.NHS, To: event.Probation},
						Purpose: "REHAB_SUPPORT", Categories: []event.Category{"H.ATTENDANCE"}, Detail: "FULL"},
					Notice: event.Own(disclosure.Notice{Disclosure: id("disclosure"), Flow: disclosure.Flow{FromOrg: hub.ID, ToOrg: office.ID,
						Direction: disclosure.Direction{From: event.NHS, To: event.Probation}}}),
					ToldHealth: event.Own([]event.Item{{Category: "H.ATTENDANCE", Facts: []event.Fact{{Name: "note", Value: canary(proTold, n)}}}})},
				supervision.BreachWarningIssued{Warning: id("hub-warning"), Circumstances: event.Own(canary(hubOffence, n))},
				rights.RightsRequestReceived{Request: id("hub-request"), Kind: rights.Erasure, IdentityConfirmed: true, Wording: event.Own(canary(hubIdentity, n))})
			d.says(r, "PP1", n, "supervised",
				person.AddressRecorded{Address: event.Own(person.Address{Variant: person.Fixed, Lines: []string{canary(proIdentity, n)}})},
				supervision.SupervisionStarted{Supervision: id("supervision"), Terms: event.Own(supervision.Terms{Type: "COMMUNITY_ORDER", Court: canary(proOffence, n),
					From: event.MustDay("2026-01-05"), To: event.MustDay("2027-01-04")})},
				supervision.BreachWarningIssued{Warning: id("warning"), Circumstances: event.Own(canary(proOffence, n))},
				rights.RightsRequestReceived{Request: id("pro-request"), Kind: rights.Erasure, IdentityConfirmed: true, Wording: event.Own(canary(proIdentity, n))})
		}
	})
}

// answered has every request granted.
func (d *drill) answered() {
	d.Helper()
	d.works(func(r *record) {
		for _, n := range d.people {
			d.says(r, "DPO1", n, "answered", rights.RightsRequestResponded{Request: event.DeriveUUID("drill-hub-request", fmt.Append(nil, n)), Outcome: rights.Granted})
			d.says(r, "IGL2", n, "answered", rights.RightsRequestResponded{Request: event.DeriveUUID("drill-pro-request", fmt.Append(nil, n)), Outcome: rights.Granted})
		}
	})
}

// seen judges everybody and builds every read model.
func (d *drill) seen() {
	d.Helper()
	d.works(func(r *record) {
		if _, err := r.judge(d.Context(), everybody(), d.clock.now, false, nil); err != nil {
			d.Fatal(err)
		}
		if err := r.buildViews(d.Context()); err != nil {
			d.Fatal(err)
		}
	})
}

// copies copies the folder, whole, while nobody has it open.
func (d *drill) copies(name string) string {
	d.Helper()
	to := filepath.Join(filepath.Dir(d.dir), name)
	if err := os.CopyFS(to, os.DirFS(d.dir)); err != nil {
		d.Fatal(err)
	}
	if err := filepath.WalkDir(to, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600)
	}); err != nil {
		d.Fatal(err)
	}
	return to
}

// replays replays everybody's record.
func (d *drill) replays() map[int]string {
	d.Helper()
	all := map[int]string{}
	r, err := opening{dir: dataDir(d.dir), at: d.at, mode: reading, now: d.clock.now, random: rand.Reader}.open(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	defer func() { _ = r.close() }()
	at := event.MustDay("2026-03-01").Start()
	for _, n := range d.people {
		who := personID(drillLabel(n))
		history, err := r.joined(d.Context(), who, at)
		if err != nil {
			d.Fatal(err)
		}
		out, err := replayOf(who, history, at, at)
		if err == nil {
			err = r.showGaps(d.Context(), &out, history)
		}
		if err != nil {
			d.Fatal(err)
		}
		text, err := json.Marshal(out, json.Deterministic(true))
		if err != nil {
			d.Fatal(err)
		}
		all[n] = string(text)
	}
	return all
}

// drillKey is a data key of a person as the files have it.
type drillKey struct {
	n            int
	side, class  string
	wrapped, raw []byte
}

// gone reports whether the drill erases it.
func (k drillKey) gone() bool {
	all := drillGone(k.n)
	switch k.side + " " + k.class {
	case "NHS identity":
		return slices.Contains(all, hubIdentity)
	case "NHS health":
		return slices.Contains(all, hubHealth)
	case "NHS offence":
		return slices.Contains(all, hubOffence)
	case "PROBATION identity", "PROBATION health", "PROBATION offence":
		return slices.Contains(all, proIdentity)
	}
	return false
}

// keys reads every key of the folder, unwrapped by its key-encryption key: by
// nothing of the program, but by what package vault says of the format.
func (d *drill) keys() (all []drillKey) {
	d.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, kekFile))
	if err != nil {
		d.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	words := strings.Fields(lines[len(lines)-1])
	kek, err := hex.DecodeString(words[len(words)-1])
	if err != nil || len(kek) != 32 {
		d.Fatalf("the key-encryption key cannot be read: %v", err)
	}
	block, err := aes.NewCipher(kek)
	if err != nil {
		d.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		d.Fatal(err)
	}
	people := map[event.UUID]int{}
	for _, n := range d.people {
		people[personID(drillLabel(n))] = n
	}
	driver, where, table := "sqlite", "file:"+filepath.Join(d.dir, keysFile)+"?mode=ro", "keys"
	if d.at.keys.server != "" {
		driver, where, table = "pgx", d.at.keys.url, "caseledger_keys.keys"
	}
	db, err := sql.Open(driver, where)
	if err != nil {
		d.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(d.Context(), "SELECT key_id, subject, side, class, wrapped FROM "+table+" WHERE wrapped IS NOT NULL")
	if err != nil {
		d.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, subject, wrapped []byte
		var k drillKey
		if err := rows.Scan(&id, &subject, &k.side, &k.class, &wrapped); err != nil {
			d.Fatal(err)
		}
		n, ours := people[event.UUID(subject)]
		if !ours {
			continue
		}
		ad := slices.Concat([]byte("caseledger-dek-v1"), id, subject, []byte{byte(len(k.side))}, []byte(k.side), []byte{byte(len(k.class))}, []byte(k.class))
		if k.raw, err = gcm.Open(nil, wrapped[:12], wrapped[12:], ad); err != nil {
			d.Fatalf("a key does not unwrap: %v", err)
		}
		k.n, k.wrapped = n, wrapped
		all = append(all, k)
	}
	if err := rows.Err(); err != nil || len(all) < len(d.people)*6 {
		d.Fatalf("%d keys, %v", len(all), err)
	}
	return all
}

// erased decides the drill's erasures: the first two over the command line, with
// everything that is carried out at once; the others as commands that wait, which
// --resume carries out together.
func (d *drill) erased() {
	d.Helper()
	data := func(of []string, side string) (classes []event.Class) {
		for _, c := range of {
			switch {
			case side == "NHS" && c == hubIdentity, side != "NHS" && c == proIdentity:
				classes = append(classes, event.Identity)
			case side == "NHS" && c == hubHealth, side != "NHS" && c == proTold:
				classes = append(classes, event.Health)
			case side == "NHS" && c == hubOffence, side != "NHS" && c == proOffence:
				classes = append(classes, event.Offence)
			}
		}
		return classes
	}
	for _, n := range d.people[:2] {
		request := event.DeriveUUID("drill-hub-request", fmt.Append(nil, n)).String()
		out, errs, code := call(d.T, nil, append([]string{"keys", "shred", drillLabel(n), "--request", request, "--classes", "health", "--actor", "SIR1",
			"--reason", "An invented reason.", "--yes", "--json", "--quiet", "--rewrap-every", "0s"}, d.args...)...)
		if code != 0 {
			d.Fatalf("keys shred ended with %d: %s", code, errs)
		}
		d.receipt(out, n)
	}
	waiting := 0
	d.works(func(r *record) {
		for _, n := range d.people[2:] {
			if classes := data(drillGone(n), "NHS"); len(classes) > 0 {
				waiting++
				d.says(r, "SIR1", n, "erased", rights.ErasureDecided{Erasure: event.DeriveUUID("drill-hub-erasure", fmt.Append(nil, n)),
					Request: event.DeriveUUID("drill-hub-request", fmt.Append(nil, n)), Data: classes})
			}
			if classes := data(drillGone(n), "PROBATION"); len(classes) > 0 {
				waiting++
				d.says(r, "IGL2", n, "erased", rights.ErasureDecided{Erasure: event.DeriveUUID("drill-pro-erasure", fmt.Append(nil, n)),
					Request: event.DeriveUUID("drill-pro-request", fmt.Append(nil, n)), Data: classes})
			}
		}
	})
	out, errs, code := call(d.T, nil, append([]string{"keys", "shred", "--resume", "--json", "--quiet", "--rewrap-every", "0s"}, d.args...)...)
	if code != 0 {
		d.Fatalf("keys shred --resume ended with %d: %s", code, errs)
	}
	if lines := strings.Split(strings.TrimSpace(out), "\n"); len(lines) != waiting {
		d.Errorf("%d receipts:\n%s", len(lines), out)
	}
}

// receipt reads the receipt of one person's health.
func (d *drill) receipt(out string, n int) {
	d.Helper()
	var r erasure.Receipt
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		d.Fatalf("%v: %q", err, out)
	}
	if r.Person != personID(drillLabel(n)) || r.Keys != 1 || r.Events != 1 || r.CopiesUntil != event.DayOf(r.At)+30 || !r.Rewrapped || len(r.Kept) != 3 {
		d.Errorf("the receipt says %+v", r)
	}
}

// looksFor is a search for what the drill erases: its canaries, and the given keys.
func (d *drill) looksFor(keys []drillKey) *needles {
	var n needles
	for _, of := range d.people {
		for _, class := range drillGone(of) {
			n.putForms(canary(class, of), []byte(canary(class, of)))
		}
	}
	for _, k := range keys {
		if k.gone() {
			n.putForms(fmt.Sprintf("%s's wrapped key of %d's %s", k.side, k.n, k.class), k.wrapped)
			n.putForms(fmt.Sprintf("%s's key of %d's %s", k.side, k.n, k.class), k.raw)
		}
	}
	return &n
}

// tells checks that a replay says nothing of what was erased, and the rest.
func (d *drill) tells(what string, replays, before map[int]string) {
	d.Helper()
	for n, said := range replays {
		gone := drillGone(n)
		if len(gone) == 0 && said != before[n] {
			d.Errorf("%s: %s was not erased, and its record is not what it was:\n%s\n%s", what, drillLabel(n), before[n], said)
		}
		for _, class := range canaries {
			if told := strings.Contains(said, canary(class, n)); told == slices.Contains(gone, class) {
				d.Errorf("%s: %s's %s: told %t", what, drillLabel(n), class, told)
			}
		}
		if len(gone) > 0 && !strings.Contains(said, `"erasedAt":"2026-02-0`) {
			d.Errorf("%s: the gap in %s's record is not shown", what, drillLabel(n))
		}
	}
}
