package casefile_test

import (
	"reflect"

	"caseledger/domain/event"
)

// emptied is an event of a type as a reader meets it who may open none of its
// boxes: plain fields are zero, personal ones say why.
func emptied(d *event.Definition, state event.State) any {
	v := reflect.New(d.Current().Type).Elem()
	for _, f := range d.Current().Fields {
		if f.Personal {
			v.Field(f.Index).Addr().Interface().(event.PersonalValue).Restore(nil, state)
		}
	}
	return v.Interface()
}
