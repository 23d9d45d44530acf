package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/rights"
)

// asked is a record of one person, whose request HUB-CAM granted.
func asked(t *testing.T) (d *drill, who, request string) {
	t.Helper()
	d = newDrill(t)
	id := event.DeriveUUID("test-request")
	d.works(func(r *record) {
		d.says(r, "NUR1", 0, "registered", person.PersonRegistered{Name: event.Own(person.Name{Given: "TEST", Family: canary(hubIdentity, 0)}), Site: "CAMBRIDGE", Region: "N56"},
			rights.RightsRequestReceived{Request: id, Kind: rights.Erasure, IdentityConfirmed: true})
		d.says(r, "DPO1", 0, "answered", rights.RightsRequestResponded{Request: id, Outcome: rights.Granted})
	})
	return d, personID(drillLabel(0)).String(), id.String()
}

// types runs a command with somebody at the keyboard.
func types(t *testing.T, typed string, args ...string) (out, errs string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	p := &program{in: strings.NewReader(typed), out: &o, errs: &e, random: rand.Reader, now: time.Now}
	code = p.run(t.Context(), args)
	return o.String(), e.String(), code
}

func TestShreddingIsConfirmedAndThenSaysWhatIsGone(t *testing.T) {
	t.Parallel()
	d, who, request := asked(t)
	args := []string{"keys", "shred", who, "--request", request, "--classes", "identity", "--actor", "SIR1", "--reason", "They asked.", "--rewrap-every", "0s", "--data", d.dir}
	for _, typed := range []string{"", "yes\n", drillLabel(0) + "\n"} {
		out, errs, code := types(t, typed, args...)
		if code != int(exitError) || out != "" || !strings.Contains(errs, "nothing was decided") {
			t.Errorf("typed %q: ended with %d: %s%s", typed, code, out, errs)
		}
	}
	if out, _, code := call(t, nil, "keys", "receipts", who, "--json", "--data", d.dir); code != 0 || out != "" {
		t.Errorf("nothing was decided, and receipts says %q", out)
	}
	out, errs, code := types(t, who+"\n", args...)
	if code != 0 {
		t.Fatalf("ended with %d: %s", code, errs)
	}
	for _, want := range []string{"receipt ", "erased   identity of case-" + who + ", kept by NHS", "1 keys destroyed, 1 events concerned", "kept     operational, 1 keys: ACCOUNTABILITY",
		"purged   READ_MODELS", "purged   IDENTIFIERS: 0", "wrapped  the keys that are left", "copies   a backup of the keystore may hold a destroyed key until the end of 2026-03-04"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not said:\n%s", want, out)
		}
	}
	if strings.Contains(out+errs, "CANARY") {
		t.Error("it tells what was erased")
	}
	if again, _, code := call(t, nil, "keys", "receipts", who, "--data", d.dir); code != 0 || again != out {
		t.Errorf("receipts ended with %d:\n%s\nwant:\n%s", code, again, out)
	}
	if _, errs, code := types(t, who+"\n", args...); code != int(exitError) || !strings.Contains(errs, "erased-already") {
		t.Errorf("shredded again: %d, %s", code, errs)
	}
}

// A wrong call says how it is called, and what the API would refuse is refused.
func TestShreddingIsRefused(t *testing.T) {
	t.Parallel()
	d, who, request := asked(t)
	all := []string{"--request", request, "--classes", "health", "--actor", "SIR1", "--reason", "They asked.", "--yes", "--data", d.dir}
	hold := event.DeriveUUID("test-hold")
	for name, c := range map[string]struct {
		args []string
		says string
		code exit
	}{
		"nobody":                 {nil, "name a person", exitUsage},
		"a person to resume":     {append([]string{who, "--resume"}, all...), "--resume alone", exitUsage},
		"neither":                {[]string{who, "--classes", "health", "--actor", "SIR1", "--data", d.dir}, "--request or --period", exitUsage},
		"both":                   {append([]string{who, "--period", request}, all...), "--request or --period", exitUsage},
		"no class":               {[]string{who, "--request", request, "--actor", "SIR1", "--reason", "x", "--data", d.dir}, "--classes", exitUsage},
		"no reason":              {[]string{who, "--request", request, "--classes", "health", "--actor", "SIR1", "--data", d.dir}, "--reason", exitUsage},
		"a class that stays":     {append([]string{who, "--classes", "decision"}, all...), "invalid-body", exitUsage},
		"no identifier":          {[]string{who, "--request", "mine", "--classes", "health", "--actor", "SIR1", "--reason", "x", "--data", d.dir}, "--request wants an identifier", exitUsage},
		"nobody of the cast":     {append([]string{who}, replaced(all, "SIR1", "SIR9")...), "--actor", exitUsage},
		"a role that may not":    {append([]string{who}, replaced(all, "SIR1", "NUR1")...), "role-may-not", exitDenied},
		"somebody else's":        {append([]string{who}, replaced(all, "SIR1", "IGL2")...), "no-such-person", exitNotFound},
		"nobody's record":        {append([]string{"NOBODY"}, all...), "no-such-person", exitNotFound},
		"a request that was not": {append([]string{who}, replaced(all, request, hold.String())...), "no-such-request", exitError},
		"no such folder":         {append([]string{who}, replaced(all, d.dir, d.dir+"-none")...), "there is no record", exitNotFound},
	} {
		out, errs, code := call(t, nil, append([]string{"keys", "shred"}, c.args...)...)
		if code != int(c.code) || !strings.Contains(errs, c.says) || out != "" {
			t.Errorf("%s: ended with %d, want %d and %q:\n%s%s", name, code, c.code, c.says, out, errs)
		}
	}
	d.works(func(r *record) {
		d.says(r, "DPO1", 0, "held", rights.LegalHoldPlaced{Hold: hold, Reason: event.Own("An inquiry.")})
	})
	if _, errs, code := call(t, nil, append([]string{"keys", "shred", who}, all...)...); code != int(exitError) || !strings.Contains(errs, "hold-active") || !strings.Contains(errs, hold.String()) {
		t.Errorf("under a hold: ended with %d: %s", code, errs)
	}
	release, err := opening{dir: dataDir(d.dir), now: time.Now}.alone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = release() }()
	if _, _, code := call(t, nil, append([]string{"keys", "shred", who}, all...)...); code != int(exitConflict) {
		t.Errorf("while it is served: ended with %d, want %d", code, exitConflict)
	}
}

func replaced(args []string, from, to string) []string {
	var all []string
	for _, a := range args {
		if a == from {
			a = to
		}
		all = append(all, a)
	}
	return all
}

// What the ledger says is destroyed reads as erased for whoever folds its stream
// anew, also while the keystore still has the key; anything else does not.
func TestAFoldGoesByTheLedger(t *testing.T) {
	t.Parallel()
	d, _, _ := asked(t)
	d.works(func(r *record) {
		who := personID(drillLabel(0))
		keys, err := r.vault.KeysOf(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		states := func() (name event.State) {
			for item, err := range newSource(r.store, r.vault.View(event.NHS)).ReadStream(t.Context(), event.Case(who), 1<<40, []string{"person.registered"}) {
				if err != nil {
					t.Fatal(err)
				}
				if p, ok := item.Data.(person.PersonRegistered); ok {
					name = p.Name.State()
				}
			}
			return name
		}
		if got := states(); got != event.Open {
			t.Fatalf("the name is %s", got)
		}
		for i, k := range keys {
			if k.Class == event.Identity {
				d.says(r, "SIR1", 0, fmt.Sprint("destroyed", i), event.KeyDestroyed{Key: k.ID})
			}
		}
		if got := states(); got != event.Erased {
			t.Errorf("the ledger says that the key is destroyed, and the name is %s", got)
		}
	})
}
