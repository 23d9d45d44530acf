package relay_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"caseledger/eventstore/relay"
)

// example is the file of the guide, with its files beside it.
func example(t *testing.T) (content string) {
	t.Helper()
	text, err := os.ReadFile("testdata/destinations.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The example is read, and its destinations are opened.
func TestSettingsExample(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"hook.secret": secret(1), "nats.password": "an invented password"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := strings.ReplaceAll(example(t), "/etc/caseledger", dir)
	text = strings.ReplaceAll(text, "tls://nats.example.org:4222", "nats://127.0.0.1:1") // where nobody is
	s, err := relay.ParseSettings([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Open(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if err := d.Publisher.Close(); err != nil {
			t.Error(err)
		}
	}
	w := newWorld(t)
	c := w.config(all...)
	c.Names = s.Names()
	if _, err := relay.New(c); err != nil {
		t.Error(err)
	}
	if len(all) != 2 || all[0].Name != "hub-bus" || all[0].Retries != nil || all[1].Name != "probation-hook" || len(all[1].Retries) != 8 || all[1].Format != relay.DomainEvents {
		t.Errorf("destinations %+v", all)
	}
	if err := os.Remove(filepath.Join(dir, "hook.secret")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(time.Now); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), `"probation-hook"`) {
		t.Errorf("without its secret: %v", err)
	}
}

// Whatever cannot be used is refused by name.
func TestSettingsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	good := example(t)
	for _, c := range []struct{ old, by, names string }{
		{`"ledger":`, `"ledgers":`, "ledgers"},
		{`"ledger":`, `"ledger":"x","ledger":`, "ledger"},
		{`"kind": "webhook"`, `"kind": "pigeon"`, "destinations[1].kind"},
		{`"kind": "webhook"`, `"kind": "webhook", "user": "x"`, "destinations[1].kind"},
		{`"kind": "webhook"`, `"kind": "webhook", "timeout": 3`, "timeout"},
		{`"kind": "nats"`, `"kind": "nats", "secretFile": "x"`, "destinations[0].kind"},
		{`"user": "caseledger"`, `"stream": "X"`, "destinations[0].user"},
		{`tls://nats`, `https://nats`, "destinations[0].url"},
		{`tls://nats`, `tls://someone:secret@nats`, "destinations[0].url"},
		{`https://hooks.example.org/health-hub`, `https://hooks.example.org.evil.example/`, "destinations[1].url"},
		{`"https://caseledger.example.org"`, `"https://caseledger.example.org/"`, "publicUrl"},
		{`"https://caseledger.example.org"`, `"caseledger"`, "publicUrl"},
		{`"caseledger.example.org/north"`, `""`, "ledger"},
		{`["hooks.example.org"]`, `["*.example.org"]`, "allowedHosts[0]"},
		{`["hooks.example.org"]`, `["https://hooks.example.org"]`, "allowedHosts[0]"},
		{`"probation-hook"`, `"hub-bus"`, "destinations[1].name"},
		{`"probation-hook"`, `"Probation hook"`, "destinations[1].name"},
		{`"PROBATION"`, `"probation"`, "destinations[1].side"},
		{`"PROBATION"`, `"NHS"`, "destinations[1].format"},
		{`"PROBATION"`, `"SHARED"`, "destinations[1].side"},
		{`"hmpps"`, `"xml"`, "destinations[1].format"},
		{`"consent.withdrawn"`, `"consent.withdrawed"`, "destinations[1].types[0]"},
		{`"consent.withdrawn"`, `"screening.completed"`, "destinations[1].types[0]"},
		{`"secretFile": "/etc/caseledger/hook.secret"`, `"caFile": "x"`, "destinations[1].secretFile"},
		{`"controller": "`, `"controller": "x`, "controller"},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("the example has no %s", c.old)
		}
		_, err := relay.ParseSettings([]byte(strings.Replace(good, c.old, c.by, 1)))
		if !errors.Is(err, relay.ErrSettings) || !strings.Contains(err.Error(), c.names) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: got %v, want ErrSettings that names %s", c.by, err, c.names)
		}
	}
	for _, text := range []string{"", "[]", "{", good + "{}"} {
		if _, err := relay.ParseSettings([]byte(text)); !errors.Is(err, relay.ErrSettings) {
			t.Errorf("%.10q: got %v", text, err)
		}
	}
}

func TestDestinationsNeedNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []relay.Config{w.config(destination("", newTold())), w.config(destination("a", newTold()), destination("a", newTold()))} {
		if _, err := relay.New(c); err == nil {
			t.Error("it is let pass")
		}
	}
}
