//go:build postgres

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/postgres/pgtest"
)

// TestBlackBoxRelayTakeOver serves one record by two processes and kills the one
// that publishes, while people write through the other: that one publishes within
// five seconds, nothing is lost, and nobody is told again out of order.
func TestBlackBoxRelayTakeOver(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{})
	s.migrate(t)
	n, w := startNATS(t), startWebhook(t)
	file := destinationsFile(t, &n, w)
	issuer := newIssuer(t)
	processes := []*running{s.serve(t, issuer, "--relay", file), s.serve(t, issuer, "--relay", file)}
	leading := func() (count, who int) {
		for i, r := range processes {
			if r.figure(t, "caseledger_leading") == 1 {
				count, who = count+1, i
			}
		}
		return count, who
	}
	newPerson(t, processes[1])
	for round := range 2 {
		waitFor(t, func() bool { count, _ := leading(); return count == 1 })
		_, leader := leading()
		other := processes[1-leader]
		pp := other.as("PP1")
		for range 10 {
			gives(pp, opensCase(pp, "YANKEE"))
		}
		processes[leader].kill()
		began := time.Now()
		who := opensCase(pp, "YANKEE")
		gives(pp, who)
		waitFor(t, func() bool {
			for _, m := range n.received() {
				if strings.Contains(string(m.content), who.String()) {
					return true
				}
			}
			return false
		})
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("round %d: the other publishes after %s, want at most 5 s", round, took)
		} else {
			t.Logf("round %d: the other publishes after %s", round, took)
		}
		processes[leader] = s.serve(t, issuer, "--relay", file)
	}
	on := append([]string{"--relay", file}, s.at()...)
	all := ledgerLines(t, s.at()...)
	waitFor(t, func() bool {
		return covers(n.received(), due(all, event.Probation, toldProbation)) && covers(w.received(), due(all, event.NHS, toldHub))
	})
	if out := mustCommand(t, append([]string{"relay", "parked", "--quiet"}, on...)...); out != "" {
		t.Errorf("messages are held:\n%s", out)
	}
	mustCommand(t, append([]string{"doctor", "--quick", "--quiet"}, on...)...)
	for _, r := range processes {
		if code := r.stop(); code != 0 {
			t.Errorf("a server stopped with %d:\n%s", code, r.errs)
		}
	}
	inOrder(t, "probation", n.received(), due(all, event.Probation, toldProbation))
	inOrder(t, "the hub", w.received(), due(all, event.NHS, toldHub))
	t.Logf("%d messages to probation, %d to the hub", len(n.received()), len(w.received()))
}

// gives has probation give somebody three privacy notices.
func gives(by *staff, who event.UUID) {
	for range 3 {
		by.does(who, "give-privacy-notice", "", body{"notice": "v1", "format": "STANDARD"})
	}
}

// TestBlackBoxRelayRestore restores an older dump of the ledger beside what the
// relay remembers of a later one: the relay goes back to what both share, and
// publishes what is recorded after it.
func TestBlackBoxRelayRestore(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{})
	s.migrate(t)
	n, w := startNATS(t), startWebhook(t)
	file := destinationsFile(t, &n, w)
	issuer := newIssuer(t)
	r := s.serve(t, issuer, "--relay", file)
	dump := func(database string) string {
		t.Helper()
		path := filepath.Join(s.Folder(), database)
		s.Run(t, "pg_dump", "-Fc", "-f", path, s.DSN(database))
		return path
	}
	newPerson(t, r)
	dumps := map[string]string{"ledger": dump("ledger")}
	before := ledgerLines(t, s.at()...)
	pp := r.as("PP1")
	lost := opensCase(pp, "YANKEE")
	gives(pp, lost)
	all := ledgerLines(t, s.at()...)
	waitFor(t, func() bool {
		return covers(n.received(), due(all, event.Probation, toldProbation)) && covers(w.received(), due(all, event.NHS, toldHub)) &&
			r.figure(t, `caseledger_relay_lag_events{destination="probation-nats"}`) == 0
	})
	if code := r.stop(); code != 0 {
		t.Errorf("the server stopped with %d:\n%s", code, r.errs)
	}
	dumps["keys"], dumps["views"] = dump("keys"), dump("views")

	to := newServers(t, pgtest.Options{})
	for _, name := range []string{kekFile, signerFile} {
		copyFile(t, filepath.Join(s.data, name), filepath.Join(to.data, name))
	}
	for database, from := range dumps {
		copied := filepath.Join(to.Folder(), database)
		copyFile(t, from, copied)
		if err := os.Chmod(copied, 0o644); err != nil {
			t.Fatal(err)
		}
		to.Run(t, "pg_restore", "--exit-on-error", "-d", to.DSN(database), copied)
	}
	toldBefore := len(n.received())
	again := to.serve(t, issuer, "--relay", file)
	pp = again.as("PP1")
	gives(pp, opensCase(pp, "YANKEE"))
	all = ledgerLines(t, to.at()...)
	if len(all) <= len(before) || all[len(before)-1].ID != before[len(before)-1].ID {
		t.Fatalf("the restored ledger is not the older one: %d entries, %d before", len(all), len(before))
	}
	waitFor(t, func() bool { return covers(n.received(), due(all, event.Probation, toldProbation)) })
	inOrder(t, "probation", n.received()[toldBefore:], due(all[len(before):], event.Probation, toldProbation))
	if got := again.errs.String(); !strings.Contains(got, "publishing again from the last event they share") {
		t.Errorf("the server says nothing of another ledger:\n%s", got)
	}
	if code := again.stop(); code != 0 {
		t.Errorf("the server stopped with %d:\n%s", code, again.errs)
	}
}
