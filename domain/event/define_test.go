package event_test

import (
	"testing"

	"caseledger/domain/event"
)

type code string

type plain struct {
	Code code `json:"code"`
}

type plainV1 struct {
	Old code `json:"old"`
}

type nested struct {
	Name event.Personal[string] `json:"name"`
}

func TestDefineRefusesWhatCannotBeStoredForEver(t *testing.T) {
	t.Parallel()
	upgrade := event.From(1, func(o plainV1) plain { return plain{Code: o.Old} })
	for what, define := range map[string]func(){
		"a name without an area":        func() { event.Define[plain]("noted", 1) },
		"a name in capitals":            func() { event.Define[plain]("mood.Noted", 1) },
		"a name with two dots":          func() { event.Define[plain]("mood.noted.twice", 1) },
		"version 0":                     func() { event.Define[plain]("mood.noted", 0) },
		"version 2 without a step":      func() { event.Define[plain]("mood.noted", 2) },
		"version 1 with a step":         func() { event.Define[plain]("mood.noted", 1, upgrade) },
		"a step from the wrong version": func() { event.Define[plain]("mood.noted", 2, event.From(2, func(o plainV1) plain { return plain{} })) },
		"a step to the wrong type": func() {
			event.Define[plain]("mood.noted", 2, event.From(1, func(o plain) plainV1 { return plainV1{} }))
		},
		"something that is not a struct": func() { event.Define[code]("mood.noted", 1) },
		"a field without a JSON name":    func() { event.Define[struct{ Code code }]("mood.noted", 1) },
		"a field left out of JSON": func() {
			event.Define[struct {
				Code code `json:"-"`
			}]("mood.noted", 1)
		},
		"a field that takes a reserved name": func() {
			event.Define[struct {
				Code code `json:"$fingerprint"`
			}]("mood.noted", 1)
		},
		"an embedded struct": func() { event.Define[struct{ plain }]("mood.noted", 1) },
		"a hidden field": func() {
			event.Define[struct{ code code }]("mood.noted", 1)
		},
		"free text in the open": func() {
			event.Define[struct {
				Note string `json:"note"`
			}]("mood.noted", 1)
		},
		"free text in a list": func() {
			event.Define[struct {
				Notes []string `json:"notes"`
			}]("mood.noted", 1)
		},
		"free text in a struct": func() {
			event.Define[struct {
				In struct {
					Note string `json:"note"`
				} `json:"in"`
			}]("mood.noted", 1)
		},
		"a map": func() {
			event.Define[struct {
				M map[code]code `json:"m"`
			}]("mood.noted", 1)
		},
		"a fraction": func() {
			event.Define[struct {
				F float64 `json:"f"`
			}]("mood.noted", 1)
		},
		"anything": func() {
			event.Define[struct {
				A any `json:"a"`
			}]("mood.noted", 1)
		},
		"a Personal field without a class": func() {
			event.Define[struct {
				N event.Personal[string] `json:"n"`
			}]("mood.noted", 1)
		},
		"a Personal field of another class": func() {
			event.Define[struct {
				N event.Personal[string] `json:"n" personal:"gossip"`
			}]("mood.noted", 1)
		},
		"a Personal field of another holder": func() {
			event.Define[struct {
				N event.Personal[string] `json:"n" personal:"health,everyone"`
			}]("mood.noted", 1)
		},
		"a class on a field in the open": func() {
			event.Define[struct {
				C code `json:"c" personal:"health"`
			}]("mood.noted", 1)
		},
		"a Personal field further down": func() {
			event.Define[struct {
				In nested `json:"in"`
			}]("mood.noted", 1)
		},
		"a Personal field in a Personal one": func() {
			event.Define[struct {
				In event.Personal[nested] `json:"in" personal:"health"`
			}]("mood.noted", 1)
		},
		"a map in a Personal field": func() {
			event.Define[struct {
				In event.Personal[map[string]string] `json:"in" personal:"health"`
			}]("mood.noted", 1)
		},
		"a clear event with a Personal field": func() { event.DefineClear[event.EventCorrected]("mood.noted", 1) },
		"one name twice": func() {
			event.NewCatalogue([]*event.Definition{event.Define[plain]("mood.noted", 1), event.Define[plainV1]("mood.noted", 1)})
		},
		"one type twice": func() {
			event.NewCatalogue([]*event.Definition{event.Define[plain]("mood.noted", 1), event.Define[plain]("mood.seen", 1)})
		},
		"a kernel event again": func() { event.NewCatalogue(event.Kernel) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was accepted", what)
				}
			}()
			define()
		}()
	}
}

func TestADefinitionKnowsEveryVersion(t *testing.T) {
	t.Parallel()
	type first struct {
		A code `json:"a"`
	}
	type second struct {
		B code `json:"b"`
	}
	d := event.Define[plain]("mood.noted", 3,
		event.From(2, func(o second) plain { return plain{Code: o.B + "3"} }),
		event.From(1, func(o first) second { return second{B: o.A + "2"} }))
	for version, data := range map[int]any{1: first{"1"}, 2: second{"12"}, 3: plain{"123"}} {
		if got := d.Upcast(version, data); got != (plain{"123"}) {
			t.Errorf("version %d becomes %v", version, got)
		}
		if v, ok := d.Version(version); !ok || v.Number != version {
			t.Errorf("version %d is %v, %t", version, v, ok)
		}
	}
	for _, none := range []int{0, 4} {
		if _, ok := d.Version(none); ok {
			t.Errorf("there is a version %d", none)
		}
	}
	c := event.NewCatalogue([]*event.Definition{d})
	if got, ok := c.Named("mood.noted"); !ok || got != d {
		t.Error("it is not found by name")
	}
	if got, ok := c.Of(plain{}); !ok || got != d {
		t.Error("it is not found by type")
	}
	if _, ok := c.Of(second{}); ok {
		t.Error("an old shape is found as today's")
	}
	if names := c.Names(); len(names) != 1+len(event.Kernel) {
		t.Errorf("names: %v", names)
	}
}
