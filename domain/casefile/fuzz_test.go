package casefile_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// FuzzCommands: whatever body a command is given, in whatever state, it is
// decided or refused with a fault, live and as an import; never a panic.
func FuzzCommands(f *testing.F) {
	for _, seed := range []string{`{}`, alpha, communityOrder, slot("CO_LOCATED", "2026-02-04 10:00"),
		`{"type":"NHS_NUMBER","value":"9990001014","source":"PERSON","status":"02"}`,
		`{"variant":"FIXED","uprn":"12"}`, `{"kind":"DRR","from":"2026-01-26","to":"2027-06-01","reviewEveryMonths":1}`,
		`{"event":"5a000000-0000-4000-8000-00000000000a","reason":"x","command":"enter-custody","body":{"establishment":"x"}}`,
		`{"appointments":["5a000000-0000-4000-8000-00000000000a"],"opinion":true,"type":"MAPPA","level":"2","requirement":"5a000000-0000-4000-8000-00000000000a"}`,
		`{"kind":"AAMR","from":"2026-01-26","to":"2026-06-01","alcohol":"LIMITED","monitoring":"TAG","setting":"RESIDENT","legacy":true}`,
		`{"survivor":"5a000000-0000-4000-8000-00000000000b","merged":"5a000000-0000-4000-8000-00000000000b","merge":"5a000000-0000-4000-8000-00000000000a","evidence":"x"}`,
		`{"kind":"DISCLOSURE","form":"EXPLICIT_ORAL","scope":{"from":"NHS","recipients":[{"side":"PROBATION"}],"purposes":["REHAB_SUPPORT"],"categories":["H.*"]},"expiresAt":"2026-08-04","reason":"PRIVACY"}`,
		`{"instrument":"PHQ-9","items":[2,2,2,2,null,2,3,2,1],"total":16}`, `{"instrument":"DUDIT","total":29,"itemsWithheld":true}`,
		`{"referral":"5a000000-0000-4000-8000-00000000000a","destination":"CRISIS","priority":"URGENT","toOrg":"5a000000-0000-4000-8000-00000000000a","reason":"OTHER","by":"PERSON","timer":"MH_CRISIS"}`,
		`{"request":"5a000000-0000-4000-8000-00000000000a","kind":"OBJECTION","objectsToTelling":true,"outcome":"REFUSED","grounds":["17(3)(b)"],"reason":"IDENTITY"}`,
		`{"period":"5a000000-0000-4000-8000-00000000000a","class":"ADULT_HEALTH","from":"2016-01-29","outcome":"EXTEND","disposeOn":"2036-01-01","reason":"x","data":["health"]}`,
		`{"categories":["H.NOTE"],"from":"2026-02-01","to":"2026-03-01","reference":"x","meeting":{"level":2,"reference":"x"},"disclosure":"5a000000-0000-4000-8000-00000000000a","reason":"x"}`,
		`{"kind":"ATTORNEY","reference":"LPA-12","holder":"5a000000-0000-4000-8000-00000000000a","decisions":["DISCLOSURE"],"from":"2025-01-01","to":"2030-01-01"}`,
		cannotWait, `{"breakGlass":"5a000000-0000-4000-8000-00000000000a","verdict":"APPROPRIATE","reason":"x","expiresAt":"2026-02-04T12:00:00Z"}`,
		`{"decision":"5a000000-0000-4000-8000-00000000000a","rule":"R03","categories":["H.NOTE","J.VICTIM"],"outcome":"REFUSE","reason":"EXCESS","method":"CALL","mishap":"OTHER","items":[{"category":"ID.CRN","source":"","facts":[{"name":"x","value":"y"}]}],"flow":{"direction":{"from":"NHS","to":"PROBATION"}}}`} {
		f.Add([]byte(seed))
	}
	rich := eventful(&testing.T{}).state()
	ctx := newStory(&testing.T{}).ctx
	ctx.Command = person
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, c := range casefile.Commands {
			v := reflect.New(c.Body)
			if json.Unmarshal(body, v.Interface()) != nil {
				continue
			}
			for _, s := range []casefile.State{{}, rich} {
				for _, ctx.Origin = range []event.Origin{event.Live, event.Imported} {
					if _, err := c.Decide(s, v.Elem().Interface(), ctx); err != nil && fault.Of(err) == nil {
						t.Errorf("%s: got %v, want a fault", c.Name, err)
					}
				}
			}
		}
	})
}
