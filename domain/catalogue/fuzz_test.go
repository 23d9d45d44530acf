package catalogue_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/finding"
	"caseledger/domain/lawfulness"
)

// FuzzCommands: whatever body a command of these streams is given, in whatever
// state, it is decided or refused with a fault, live and as an import; never a
// panic.
func FuzzCommands(f *testing.F) {
	t := &testing.T{}
	raised, named := found(t, finding.High)
	rich := map[event.StreamKind]*story{event.AgreementStream: signed(t), event.OrgStream: hub(t), event.FindingStream: raised,
		event.PolicyStream: newStory(t, event.Policy)}
	org := rich[event.OrgStream]
	org.when("approve-dpia", dpia)
	org.when("publish-policy-document", document)
	org.when("record-ropa-entry", ropa)
	org.when("detect-breach", breach)
	org.when("assign-staff-role", `{"staff":"`+person.String()+`","role":"HUB_NURSE"}`)
	for _, seed := range []string{`{}`, terms, amended, dpia, document, ropa, breach, sign("1", person.String(), "IAO"), named,
		with(with(named, "outcome", "REMEDIED"), "reason", why), `{"version":"1","rules":"{}","gates":"x","reason":"x"}`,
		`{"effectiveAt":"2026-01-01","staff":"5a000000-0000-4000-8000-00000000000a","role":"PP","course":"DATA_SECURITY","until":"2026-01-01"}`,
		`{"breach":"5a000000-0000-4000-8000-00000000000a","likelihood":"HIGH","notifiable":false,"containment":"x","delayReason":"OTHER","subjects":[""]}`} {
		f.Add([]byte(seed))
	}
	around := map[event.StreamKind]lawfulness.Known{}
	for kind, g := range rich {
		around[kind] = lawfulness.NewShared(register, g.history).Now()
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, c := range catalogue.Commands() {
			g, ok := rich[c.Kind]
			v := reflect.New(c.Body)
			if !ok || c.Body.NumField() == 0 || json.Unmarshal(body, v.Interface()) != nil {
				continue
			}
			ctx, around := g.ctx, around[c.Kind]
			for _, standing := range [][]event.Recorded{nil, g.history} {
				for _, ctx.Origin = range []event.Origin{event.Live, event.Imported} {
					drafts, err := c.Decide(standing, around, v.Elem().Interface(), ctx)
					if err != nil && fault.Of(err) == nil {
						t.Errorf("%s: got %v, want a fault", c.Name, err)
					}
					for _, d := range drafts {
						if _, known := catalogue.Events.Of(d.Data); !known || d.Effective.IsZero() {
							t.Errorf("%s records a %T at %q", c.Name, d.Data, d.Effective)
						}
					}
				}
			}
		}
	})
}
