package event_test

import (
	"encoding/json"
	"testing"

	"caseledger/domain/event"
)

type moodNoted struct {
	Mood    code                   `json:"mood"`
	On      event.Day              `json:"on"`
	Site    code                   `json:"site,omitempty"`
	Name    event.Personal[string] `json:"name" personal:"identity"`
	Note    event.Personal[string] `json:"note" personal:"health"`
	Answers event.Personal[[]int]  `json:"answers" personal:"health"`
	Told    event.Personal[string] `json:"told" personal:"health,recipient"`
}

func noted() moodNoted {
	return moodNoted{Mood: "low", On: event.MustDay("2026-02-23"), Name: event.Own("Avery Example"), Answers: event.Own([]int{1, 2}), Told: event.Own("attended")}
}

func wantJSON(t *testing.T, what string, v any, want string) {
	t.Helper()
	got, err := json.Marshal(v)
	if err != nil || string(got) != want {
		t.Errorf("%s: %s, %v\nwant %s", what, got, err, want)
	}
}

func TestRevealShowsWhatIsOpen(t *testing.T) {
	t.Parallel()
	n := noted()
	n.Note.Restore(nil, event.Withheld)
	n.Name.Restore(nil, event.Erased)
	wantJSON(t, "an event", event.Reveal(n), `{"answers":[1,2],"mood":"low","name":"[erased]","note":"[withheld]","on":"2026-02-23","told":"attended"}`)
	wantJSON(t, "without fields", event.Reveal(struct{}{}), `{}`)

	r := event.Recorded{Data: moodNoted{Told: event.Own("attended")}, Operational: event.Withheld}
	wantJSON(t, "as the recipient sees it", r.Reveal(), `{"mood":"[withheld]","on":"[withheld]","site":"[withheld]","told":"attended"}`)
	wantJSON(t, "what was told", r.RevealTold(), `{"told":"attended"}`)
	wantJSON(t, "what was not opened", event.Recorded{}.Reveal(), `null`)
	wantJSON(t, "what was told in what was not opened", event.Recorded{}.RevealTold(), `null`)
	if n := noted(); n.Name.Value() != "Avery Example" {
		t.Error("the event was changed")
	}
	defer func() {
		if recover() == nil {
			t.Error("what is not an event was revealed")
		}
	}()
	event.Reveal("text")
}

type Plain struct {
	Code code `json:"code"`
}

type inner struct {
	Plain
	Parts  []code      `json:"parts"`
	Again  *inner      `json:"again,omitempty"`
	Bytes  []byte      `json:"bytes"`
	Pair   [2]uint     `json:"pair"`
	When   event.When  `json:"when,omitzero"`
	Source event.ID    `json:"source"`
	Yes    bool        `json:"yes"`
	Hash   [32]byte    `json:"hash"`
	Scope  event.State `json:"scope"`
}

type described struct {
	Mood  code                   `json:"mood"`
	Site  code                   `json:"site,omitempty"`
	Note  event.Personal[string] `json:"note" personal:"health"`
	Inner event.Personal[inner]  `json:"inner" personal:"decision,recipient"`
}

func TestTheSchemaOfAVersion(t *testing.T) {
	t.Parallel()
	wantJSON(t, "schema", event.Schema(event.Define[described]("mood.described", 1).Current()),
		`{"$schema":"https://json-schema.org/draft/2020-12/schema","additionalProperties":false,"properties":{`+
			`"inner":{"additionalProperties":false,"properties":{`+
			`"again":{"anyOf":[{"type":"object"},{"type":"null"}]},"bytes":{"contentEncoding":"base64","type":"string"},"code":{"type":"string"},`+
			`"hash":{"contentEncoding":"base64","type":"string"},"pair":{"items":{"minimum":0,"type":"integer"},"maxItems":2,"minItems":2,"type":"array"},`+
			`"parts":{"items":{"type":"string"},"type":"array"},"scope":{"minimum":0,"type":"integer"},"source":{"format":"uuid","type":"string"},`+
			`"when":{"anyOf":[{"format":"date"},{"format":"date-time"},{"const":""}],"type":"string"},"yes":{"type":"boolean"}},`+
			`"required":["code","parts","bytes","pair","source","yes","hash","scope"],"type":"object","x-class":"decision","x-holder":"recipient","x-personal":true},`+
			`"mood":{"type":"string","x-class":"operational"},"note":{"type":"string","x-class":"health","x-personal":true},"site":{"type":"string","x-class":"operational"}},`+
			`"required":["mood"],"type":"object","x-version":1}`)
}
