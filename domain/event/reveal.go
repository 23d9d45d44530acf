package event

import (
	"fmt"
	"reflect"
	"strings"
)

// Reveal returns an event's fields by their permanent names, as far as they
// are open, ready to become JSON: it is for a reader who was allowed to open
// the boxes. A Personal field that is withheld or erased is "[withheld]" or
// "[erased]"; one that is absent is left out. Fields that are not Personal
// appear as they are; see [Recorded.Reveal] for when they were not open.
//
// data is an event's struct; anything else panics.
func Reveal(data any) map[string]any { return reveal(data, Open) }

// Reveal is [Reveal] of the event's data, in which the fields of an
// operational box that was not open are "[withheld]" or "[erased]" too. It is
// nil where Data is nil.
func (r Recorded) Reveal() map[string]any {
	if r.Data == nil {
		return nil
	}
	return reveal(r.Data, r.Operational)
}

// RevealTold is [Reveal] of no more than what a disclosure told its recipient:
// the fields in the recipient's boxes. It is nil where Data is nil.
func (r Recorded) RevealTold() map[string]any {
	shown := r.Reveal()
	if shown == nil {
		return nil
	}
	t := reflect.TypeOf(r.Data)
	for i := range t.NumField() {
		sf := t.Field(i)
		if _, holder, _ := strings.Cut(sf.Tag.Get("personal"), ","); Holder(holder) != Recipient {
			name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
			delete(shown, name)
		}
	}
	return shown
}

func reveal(data any, operational State) map[string]any {
	original := reflect.ValueOf(data)
	if original.Kind() != reflect.Struct {
		panic(fmt.Sprintf("event: %T is not an event", data))
	}
	v := reflect.New(original.Type()).Elem() // Personal values expose themselves through a pointer
	v.Set(original)
	fields := make(map[string]any, v.NumField())
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		value, state := any(nil), operational
		if p, personal := v.Field(i).Addr().Interface().(PersonalValue); personal {
			value, state = p.Expose()
		} else if state == Open {
			if omittable(options) && v.Field(i).IsZero() {
				continue
			}
			value = v.Field(i).Interface()
		}
		switch state {
		case Absent:
		case Open:
			fields[name] = value
		default:
			fields[name] = "[" + state.String() + "]"
		}
	}
	return fields
}

// omittable reports whether a field's JSON options let it be left out.
func omittable(options string) bool {
	for option := range strings.SplitSeq(options, ",") {
		if option == "omitzero" || option == "omitempty" {
			return true
		}
	}
	return false
}
