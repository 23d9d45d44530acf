package event_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"caseledger/domain/event"
)

const secret = "Avery Example"

func contains(text, part string) bool { return strings.Contains(text, part) }

func TestAPersonalValueNeverPrints(t *testing.T) {
	t.Parallel()
	p := event.Own(secret)
	type holder struct {
		Name   event.Personal[string]
		Behind *event.Personal[string]
	}
	h := holder{p, &p}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10s", "%p"} {
		for _, value := range []any{p, &p, h, &h, []event.Personal[string]{p}, map[string]any{"a": p}, fmt.Errorf("wrapped: %v", p)} {
			if got := fmt.Sprintf(verb, value); contains(got, secret) || contains(got, fmt.Sprintf("%x", secret)) {
				t.Errorf("%s of %T prints %s", verb, value, got)
			}
		}
	}
	if got := fmt.Sprint(p); got != "[personal]" {
		t.Errorf("prints %s", got)
	}
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("x", "name", p, "behind", &p, "holder", h, "any", slog.AnyValue(p), slog.Group("g", "name", p))
	}
	if contains(log.String(), secret) {
		t.Errorf("logged: %s", log.String())
	}
}

func TestAPersonalValueNeverBecomesJSON(t *testing.T) {
	t.Parallel()
	for _, value := range []any{event.Own(secret), event.EventCorrected{Reason: event.Own(secret)}, &event.EventCorrected{}} {
		if b, err := json.Marshal(value); !errors.Is(err, event.ErrUnsealed) {
			t.Errorf("%T became %s, %v", value, b, err)
		}
	}
	var p event.Personal[string]
	if err := json.Unmarshal([]byte(`"x"`), &p); !errors.Is(err, event.ErrUnsealed) || p.State() != event.Absent {
		t.Errorf("from JSON it became %s, %v", p.State(), err)
	}
}

func TestAPersonalValueIsReadableOnlyWhileOpen(t *testing.T) {
	t.Parallel()
	var p event.Personal[string]
	if v, s := p.Get(); v != "" || s != event.Absent {
		t.Errorf("zero is %s", s)
	}
	for _, state := range []event.State{event.Open, event.Withheld, event.Erased, event.Absent} {
		p = event.Own(secret)
		p.Restore(secret, state)
		if open := state == event.Open; p.State() != state || (p.Value() == secret) != open {
			t.Errorf("%s: readable %t", state, p.Value() == secret)
		}
	}
	if p.Inner() != reflect.TypeFor[string]() {
		t.Errorf("it holds a %s", p.Inner())
	}
}
