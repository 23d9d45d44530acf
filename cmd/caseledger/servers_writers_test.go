//go:build postgres

package main

import (
	"net/http"
	"slices"
	"testing"

	"caseledger/domain/event"
	"caseledger/eventstore/postgres/pgtest"
)

// TestBlackBoxTwoWriters has two processes serve the same record. A restriction
// that one acknowledged holds in the other from the next request on, and ends so;
// a client of the event stream whose server is killed goes on at the other, and
// hears every entry of its list once and in order.
func TestBlackBoxTwoWriters(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{})
	s.migrate(t)
	issuer := newIssuer(t)
	one, other := s.serve(t, issuer), s.serve(t, issuer)
	heard := one.as("PP2").hears("")

	pp, spo := other.as("PP1"), other.as("SPO2")
	who := pp.registers(body{"name": body{"family": "OSCAR"}, "dateOfBirth": "1970-01-02", "sex": "M", "region": "N56"})
	elsewhere, colleague := one.as("PP1"), one.as("PP2")
	elsewhere.consistency, colleague.consistency, spo.consistency = pp.consistency, pp.consistency, pp.consistency
	if got := elsewhere.sees(who); got != http.StatusOK {
		t.Fatalf("before there is a restriction, the practitioner gets status %d at the other server", got)
	}
	for round := range 5 {
		restriction := spo.does(who, "set-access-restriction", "restriction", body{"mode": "EXCLUDED", "users": []event.UUID{actorID("PP1")}, "reason": "Related."})
		if got := elsewhere.sees(who); got != http.StatusNotFound {
			t.Errorf("round %d: right after being excluded, the practitioner gets status %d at the other server", round, got)
		}
		if got := colleague.sees(who); got != http.StatusOK {
			t.Errorf("round %d: a colleague who is not excluded gets status %d", round, got)
		}
		spo.does(who, "lift-access-restriction", "", body{"restriction": restriction, "reason": "It was a mistake."})
		if got := elsewhere.sees(who); got != http.StatusOK {
			t.Errorf("round %d: once it is lifted, the practitioner gets status %d at the other server", round, got)
		}
	}

	waitFor(t, func() bool { return len(heard.heard()) > 10 })
	one.kill()
	<-heard.ended
	for range 5 {
		pp.registers(body{"name": body{"family": "OSCAR"}, "dateOfBirth": "1970-01-02", "sex": "M", "region": "N56"})
	}
	rest := other.as("PP2").hears(heard.last)
	list, _ := events(t, other, "PP2")
	waitFor(t, func() bool { return len(heard.heard())+len(rest.heard()) >= len(list) })
	rest.stop()
	<-rest.ended
	if all := append(heard.heard(), rest.heard()...); !slices.Equal(all[:min(len(all), len(list))], list) {
		t.Errorf("%d entries were heard, and the list has %d, or in another order", len(all), len(list))
	}
}
