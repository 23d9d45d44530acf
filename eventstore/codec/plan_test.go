package codec

import (
	"errors"
	"reflect"
	"testing"

	"caseledger/domain/event"
)

type step string

type walked struct {
	Step  step                     `json:"step"`
	On    event.Day                `json:"on"`
	Parts []step                   `json:"parts"`
	At    *event.When              `json:"at,omitempty"`
	Note  event.Personal[string]   `json:"note" personal:"operational"`
	More  event.Personal[[]string] `json:"more" personal:"operational"`
}

// What opens was sealed by us, unless a key was stolen: reading it must still
// end in values or in a named error.
func FuzzBoxContent(f *testing.F) {
	p := newPlan(event.Define[walked]("step.walked", 1), event.Define[walked]("step.walked", 1).Current())
	for _, s := range []string{`{"step":"a","on":"2026-02-23","parts":["b"],"note":"c","$fingerprint":"d"}`, `{"$import":{"reason":"a","sourceSystem":"b"}}`, `{"$import":{}}`, `{"$import":null}`, `{"note":null}`, `{"at":"2026-02-23","more":[]}`, `null`, `{}`,
		`{"note":"a","note":"b"}`, `{"other":1}`, `{"on":"never"}`, "{\"note\":\"\xff\"}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		data := reflect.New(p.version.Type).Elem()
		also, err := p.boxes[0].scatter(data, content)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("an unnamed error: %v", err)
			}
			return
		}
		if _, err := p.boxes[0].gather(data, also); err != nil {
			t.Errorf("read, and cannot be written: %v", err)
		}
	})
}

func TestWhatTheCodecNeverWritesItNeverReads(t *testing.T) {
	t.Parallel()
	p := newPlan(event.Define[walked]("step.walked", 1), event.Define[walked]("step.walked", 1).Current())
	for _, content := range []string{``, `[]`, `{"other":1}`, `{"note":"a","note":"b"}`, `{"Note":"a"}`, `{"on":"2026-02-30"}`, `{"note":1}`, `{"$import":{}}`, `{"$import":{"reason":"a"}}`,
		`{"$import":{"sourceSystem":"a"}}`, `{"$import":{"reason":"a","sourceSystem":"b","more":1}}`, `{"$other":1}`, "{\"note\":\"\xff\"}", `{} {}`} {
		data := reflect.New(p.version.Type).Elem()
		if _, err := p.boxes[0].scatter(data, []byte(content)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s was read: %v", content, err)
		}
	}
}
