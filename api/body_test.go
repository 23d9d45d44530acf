package api

import (
	"reflect"
	"strings"
	"testing"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

type inner struct {
	Name  string      `json:"name"`
	Day   event.Day   `json:"day,omitzero"`
	Count int8        `json:"count,omitzero"`
	Items []innermost `json:"items,omitempty"`
}

type innermost struct {
	Code string `json:"code"`
}

type outer struct {
	event.Timed
	ID    event.UUID `json:"id"`
	Inner *inner     `json:"inner,omitempty"`
}

func TestPointersNameOnlyWhatIsDeclared(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, pointer, code string }{
		{`{"id":"` + nobody.String() + `","inner":{"name":"a","secret":1}}`, "/inner", "unknown-member"},
		{`{"id":"` + nobody.String() + `","inner":{"name":7}}`, "/inner/name", "wrong-type"},
		{`{"id":"` + nobody.String() + `","inner":{"name":"a","day":"yesterday"}}`, "/inner/day", "malformed-value"},
		{`{"id":"` + nobody.String() + `","inner":{"name":"a","count":300}}`, "/inner/count", "number-out-of-range"},
		{`{"id":"` + nobody.String() + `","inner":{"name":"a","items":[{"code":"x"},{"code":1}]}}`, "/inner/items/1/code", "wrong-type"},
		{`{"id":"` + nobody.String() + `","inner":{"name":"a","items":[{"code":"x"},{}]}}`, "/inner/items/1/code", "member-missing"},
		{`{"id":"` + nobody.String() + `","inner":{}}`, "/inner/name", "member-missing"},
		{`{"id":"secret"}`, "/id", "malformed-value"},
		{`{"secret":{"secret":null}}`, "", "null-not-allowed"},
		{`{"inner":{"secret":null}}`, "/inner", "null-not-allowed"},
		{`{"id":"a","id":"b"}`, "/id", "duplicate-member"},
		{`{}`, "/id", "member-missing"},
		{`{"ID":"` + nobody.String() + `"}`, "", "unknown-member"},
	} {
		_, err := decodeStrict([]byte(c.body), reflect.TypeFor[outer]())
		f := fault.Of(err)
		if f == nil || len(f.Fields) != 1 || f.Fields[0].Pointer != c.pointer || f.Fields[0].Code != c.code {
			t.Errorf("%s: got %+v, want %s at %q", c.body, f, c.code, c.pointer)
		}
	}
	v, err := decodeStrict([]byte(`{"id":"`+nobody.String()+`","effectiveAt":"2026-02-23","inner":{"name":"é","count":-3}}`), reflect.TypeFor[outer]())
	if err != nil {
		t.Fatal(err)
	}
	if got := v.(outer); got.ID != nobody || got.EffectiveAt.String() != "2026-02-23" || got.Inner.Name != "é" || got.Inner.Count != -3 {
		t.Errorf("decoded: %+v", got)
	}
}

// Pair is embedded in bodies that may do without it.
type Pair struct {
	First  string `json:"first"`
	Second string `json:"second"`
}

type paired struct {
	Pair
	Count int `json:"count"`
}

// more is paired with more methods.
type more struct{ paired }

func TestMembersOfAGroupAreRequiredTogether(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, pointer string }{
		{`{"count":1}`, ""},
		{`{"count":1,"first":"a","second":"b"}`, ""},
		{`{"count":1,"first":"a"}`, "/second"},
		{`{"first":"a","second":"b"}`, "/count"},
	} {
		_, err := decodeStrict([]byte(c.body), reflect.TypeFor[paired]())
		f := fault.Of(err)
		if c.pointer == "" {
			if err != nil {
				t.Errorf("%s: got %v, want it accepted", c.body, err)
			}
			continue
		}
		if f == nil || len(f.Fields) != 1 || f.Fields[0].Pointer != c.pointer {
			t.Errorf("%s: got %+v, want a member missing at %s", c.body, f, c.pointer)
		}
	}
	if m := membersOf(reflect.TypeFor[more]()); len(m) != 3 || m[2].Name != "count" || m[2].Group != nil {
		t.Errorf("a struct with more methods has members %+v", m)
	}
}

// Whatever the bytes, decoding neither panics nor echoes.
func FuzzDecodeStrict(f *testing.F) {
	for _, bad := range badBodies {
		f.Add(bad.body)
	}
	f.Add(`{"id":"` + nobody.String() + `","inner":{"name":"a","items":[{"code":"x"}]}}`)
	f.Fuzz(func(t *testing.T, body string) {
		if len(body) > 4096 {
			return
		}
		v, err := decodeStrict([]byte(body), reflect.TypeFor[outer]())
		if err == nil {
			if _, ok := v.(outer); !ok {
				t.Fatalf("decoded to %T", v)
			}
			return
		}
		fault := fault.Of(err)
		if fault == nil {
			t.Fatalf("not a fault: %v", err)
		}
		for _, field := range fault.Fields {
			for segment := range strings.SplitSeq(strings.TrimPrefix(field.Pointer, "/"), "/") {
				if strings.Trim(segment, "0123456789") != "" && !strings.Contains(" effectiveAt id inner name day count items code ", " "+segment+" ") {
					t.Errorf("pointer %q holds what the client made up", field.Pointer)
				}
			}
		}
	})
}
