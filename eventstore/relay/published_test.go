package relay_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/relay"
)

// canary stands in every field of every event of these tests, and canaryID in
// every identifier.
const canary = "CANARY"

var canaryID = event.MustUUID("ca9a4100-0000-4000-8000-00000000ca9a")

// filled is an event in which everything that can say something says so; what it
// tells somebody, it tells the probation side.
func filled(d *event.Definition) any {
	v := reflect.New(d.Current().Type).Elem()
	fill(v)
	return v.Interface()
}

func fill(v reflect.Value) {
	if p, ok := v.Addr().Interface().(event.PersonalValue); ok {
		inner := reflect.New(p.Inner()).Elem()
		fill(inner)
		p.Restore(inner.Interface(), event.Open)
		return
	}
	switch v.Interface().(type) {
	case event.Side:
		v.SetString(string(event.Probation))
		return
	case event.UUID:
		v.Set(reflect.ValueOf(canaryID))
		return
	case event.ID:
		v.Set(reflect.ValueOf(event.ID{UUID: canaryID}))
		return
	case event.When:
		v.Set(reflect.ValueOf(event.At(noon)))
		return
	case event.Day:
		v.Set(reflect.ValueOf(event.MustDay("2026-02-03")))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(canary)
	case reflect.Struct:
		for i := range v.NumField() {
			switch f := v.Type().Field(i); {
			case f.Name == "ToOrg":
				v.Field(i).Set(reflect.ValueOf(probation.ID))
			case f.IsExported():
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(7)
	}
}

// streamOf is a stream on which an event of a type may stand.
func streamOf(name string) event.StreamID {
	area, _, _ := strings.Cut(name, ".")
	switch area {
	case "agreement":
		return event.Agreement(personID(1))
	case "governance":
		return event.Organisation(personID(1))
	case "finding":
		return event.Findings(personID(1))
	case "policy":
		return event.Policy
	case "ledger":
		return event.Ledger
	}
	return event.Case(personID(1))
}

// destinations are one of each kind of audience and format.
func destinations() map[string]*told {
	return map[string]*told{"nhs": newTold(), "probation": newTold(), "probation-hmpps": newTold(), "nhs-elsewhere": newTold(), "police": newTold()}
}

func audiences(to map[string]*told) []relay.Destination {
	justice := relay.Audience{Side: probation.Side, Controller: probation.Controller}
	return []relay.Destination{
		destination("nhs", to["nhs"]),
		{Name: "probation", Audience: justice, Format: relay.CloudEvents, Publisher: to["probation"]},
		{Name: "probation-hmpps", Audience: justice, Format: relay.DomainEvents, Publisher: to["probation-hmpps"]},
		{Name: "nhs-elsewhere", Audience: relay.Audience{Side: hub.Side, Controller: event.DeriveUUID("another-trust")}, Format: relay.CloudEvents, Publisher: to["nhs-elsewhere"]},
		{Name: "police", Audience: relay.Audience{Side: event.Police, Controller: event.DeriveUUID("a-force")}, Format: relay.CloudEvents, Publisher: to["police"]},
	}
}

// TestWhatIsPublishedToWhom records every event type of the catalogue, once by a
// nurse and once by a practitioner, and compares who is told with
// testdata/published.txt; nothing that lies in a box is in any message.
func TestWhatIsPublishedToWhom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	type recorded struct{ name, by string }
	what := map[string]recorded{}
	for _, name := range catalogue.Events.Names() {
		d, _ := catalogue.Events.Named(name)
		for _, by := range []event.Actor{nurse(), officer()} {
			stream := streamOf(name)
			var batch []eventstore.Event
			if d.Clear() {
				batch = w.seal(stream, by, event.Draft{Data: filled(d)})
			} else {
				for _, e := range w.seal(stream, by, event.Draft{Data: filled(d)}) {
					batch = []eventstore.Event{e} // the last; keys are committed to elsewhere
				}
			}
			what[w.append(stream, batch).String()] = recorded{name, strings.ToLower(string(by.Side))}
		}
	}
	to := destinations()
	r, _ := start(t, w.config(audiences(to)...))
	until(t, "the end of the ledger", func() bool {
		all, err := r.Status(t.Context())
		return err == nil && !slices.ContainsFunc(all, func(s relay.Status) bool { return s.Position < s.Head })
	})
	all, err := r.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Held > 0 {
			t.Errorf("%s: %d are held", s.Destination, s.Held)
		}
	}
	told := map[string][]string{}
	for name, d := range to {
		for _, s := range d.all {
			r := what[s.id]
			told[r.name] = append(told[r.name], r.by+" > "+name)
			checkMessage(t, name, s, r.name)
		}
	}
	var text strings.Builder
	for _, name := range catalogue.Events.Names() {
		slices.Sort(told[name])
		fmt.Fprintf(&text, "%s: %s\n", name, strings.Join(slices.Compact(told[name]), ", "))
	}
	want, err := os.ReadFile("testdata/published.txt")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text.String(), "\n")); d != "" {
		t.Errorf("what is published to whom (-want +got):\n%s", d)
	}
}

// checkMessage checks that a message is exactly what it may be.
func checkMessage(t *testing.T, destination string, s sent, name string) {
	t.Helper()
	if strings.Contains(s.content, canary) || strings.Contains(s.content, canaryID.String()) {
		t.Errorf("%s: content of %s is published", destination, name)
	}
	url := "https://caseledger.example/api/v1/events/" + s.id
	d, _ := catalogue.Events.Named(name)
	version := d.Current().Number
	subject := personID(1).String()
	if streamOf(name) == event.Policy {
		subject = event.Policy.Subject().String()
	}
	if destination == "probation-hmpps" {
		var e map[string]any
		if err := json.Unmarshal([]byte(s.content), &e); err != nil {
			t.Fatal(err)
		}
		says, _ := e["description"].(string)
		want := map[string]any{"eventType": "health-hub." + name, "version": float64(version), "occurredAt": "2026-07-04T13:00:00.123456+01:00", "description": says,
			"detailUrl": url, "personReference": map[string]any{"identifiers": []any{map[string]any{"type": "HEALTH_HUB_PERSON_ID", "value": subject}}}}
		if d := cmp.Diff(want, e); d != "" || says == "" || s.kind != "application/json" {
			t.Errorf("%s, %s (-want +got):\n%s", name, s.kind, d)
		}
		return
	}
	var e cloudevents.Event
	if err := json.Unmarshal([]byte(s.content), &e); err != nil {
		t.Fatal(err)
	}
	if err := e.Validate(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if e.ID() != s.id || e.Source() != names.Ledger || e.Type() != fmt.Sprintf("uk.healthhubs.%s.v%d", name, version) || e.Subject() != "person/"+subject ||
		!e.Time().Equal(noon) || string(e.Data()) != `{"detailUrl":"`+url+`"}` || len(e.Extensions()) > 0 || s.kind != "application/cloudevents+json" {
		t.Errorf("%s: published as %s", name, s.content)
	}
	if want := "caseledger." + strings.TrimSuffix(destination, "-elsewhere") + "." + name; s.topic != want {
		t.Errorf("published on %s, want %s", s.topic, want)
	}
}

// A day in winter has London's other offset.
func TestOccurredAtIsLondons(t *testing.T) {
	t.Parallel()
	if got := noon.AddDate(0, 6, 0).In(event.London).Format(time.RFC3339Nano); got != "2027-01-04T12:00:00.123456Z" {
		t.Errorf("got %s", got)
	}
}
