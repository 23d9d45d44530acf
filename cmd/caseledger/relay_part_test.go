package main

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/eventstore"
	"caseledger/eventstore/relay"
)

// TestRelayTellsOnlyThoseWhoKnowThePerson has a nurse record something for
// probation: it is told the region that knows the person, from the moment on from
// which it does, and no other.
func TestRelayTellsOnlyThoseWhoKnowThePerson(t *testing.T) {
	t.Parallel()
	f := newFed(t)
	nurse, _ := memberNamed("NUR1")
	records := func(who event.UUID, by event.Actor, draft event.Draft) event.Recorded {
		t.Helper()
		history, err := f.history(t.Context(), f.codec.Reader, who)
		if err != nil {
			t.Fatal(err)
		}
		command := eventstore.Command{ID: newKey(), Stream: event.Case(who), Subject: who, Effective: event.At(time.Now()), Actor: by, Origin: event.Live}
		batch, err := f.codec.Seal(t.Context(), command, []event.Draft{draft}, history)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.store.Append(t.Context(), command.Stream, event.Revision(len(history)), batch); err != nil {
			t.Fatal(err)
		}
		if history, err = f.history(t.Context(), f.codec.Reader, who); err != nil {
			t.Fatal(err)
		}
		return history[len(history)-1]
	}
	withdraws := func(who event.UUID) event.Recorded {
		return records(who, nurse.actor(), event.Draft{Side: event.Probation, Data: consent.ConsentWithdrawn{Consent: newKey(), To: "PP"}})
	}
	region, _ := theRegister.ByCode("PROB-N56")
	other := region
	other.Code, other.Label, other.ID = "PROB-X", "PROB-X", event.DeriveUUID("test-organisation")
	other.Controller = other.ID
	organisations := trusted{register: reference.NewRegister()}
	if err := organisations.register.Add(other); err != nil {
		t.Fatal(err)
	}
	part := func(o reference.Organisation, e event.Recorded) relay.Part {
		t.Helper()
		v, err := f.audience(organisations, relay.Audience{Side: event.Probation, Controller: o.Controller})
		if err != nil {
			t.Fatal(err)
		}
		for s, err := range f.store.ReadAll(t.Context(), e.Position-1) {
			if err != nil {
				t.Fatal(err)
			}
			seen, err := v.Decode(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			got, err := v.Part(t.Context(), seen)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		return relay.Absent
	}
	elsewhere := f.registers("NUR1")
	known, unknown := withdraws(f.registers("PP1")), withdraws(elsewhere)
	if got := part(region, known); got != relay.Own {
		t.Errorf("the region that knows the person: part %v, want its own", got)
	}
	if got := part(other, known); got != relay.Absent {
		t.Errorf("another region: part %v, want absent", got)
	}
	if got := part(region, unknown); got != relay.Absent {
		t.Errorf("the region that does not know the person: part %v, want absent", got)
	}
	officer, _ := memberNamed("PP1")
	records(elsewhere, officer.actor(), event.Draft{Data: person.PrivacyNoticeGiven{Language: "en"}})
	if got := part(region, unknown); got != relay.Absent {
		t.Errorf("the region that knows the person later: part %v, want absent", got)
	}
	if got := part(region, withdraws(elsewhere)); got != relay.Own {
		t.Errorf("and from then on: part %v, want its own", got)
	}
}

const publishingGuide = "../../docs/operations/publishing.md"

var (
	fencedBlock = regexp.MustCompile("(?s)```(json|sh)\n(.*?)```")
	figureName  = regexp.MustCompile("`(caseledger_relay_[a-z_]+)`")
)

// TestThePublishingGuideIsSo holds the guide for operators to the program: its
// commands and settings are taken as they are written, and its figures are all
// there are.
func TestThePublishingGuideIsSo(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile(publishingGuide)
	if err != nil {
		t.Fatal(err)
	}
	commands, files := 0, 0
	for _, block := range fencedBlock.FindAllSubmatch(guide, -1) {
		if string(block[1]) == "json" {
			if !json.Valid(block[2]) {
				t.Errorf("no JSON: %s", block[2])
			}
			if strings.Contains(string(block[2]), "destinations") {
				files++
				if _, err := relay.ParseSettings(block[2]); err != nil {
					t.Errorf("the destinations file: %v", err)
				}
			}
			continue
		}
		for line := range strings.Lines(string(block[2])) {
			commands++
			words := strings.Fields(line)
			found, rest, err := (&program{}).root().Find(words[1:])
			if err == nil {
				err = parses(found, rest)
			}
			if err != nil || words[0] != "caseledger" {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
	if commands < 6 || files != 1 {
		t.Errorf("the guide has %d commands and %d files", commands, files)
	}
	var named []string
	for _, m := range figureName.FindAllSubmatch(guide, -1) {
		named = append(named, string(m[1]))
	}
	figures := make(chan *prometheus.Desc, 100)
	relayFigures{}.Describe(figures)
	close(figures)
	for d := range figures {
		if !slices.ContainsFunc(named, func(name string) bool { return strings.Contains(d.String(), `"`+name+`"`) }) {
			t.Errorf("the guide does not name %s", d)
		}
	}
	if len(named) != 8 {
		t.Errorf("the guide names %d figures: %q", len(named), named)
	}
}

// parses reports whether a command takes arguments and flags.
func parses(c *cobra.Command, args []string) error {
	c.InheritedFlags() // so that they are read, too
	if err := c.ParseFlags(args); err != nil {
		return err
	}
	return c.ValidateArgs(c.Flags().Args())
}
