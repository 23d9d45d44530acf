package codec

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
)

// plan says how one version of an event type becomes boxes and back. It is
// made once, by reflection, and then only read.
type plan struct {
	definition *event.Definition
	version    event.Version
	boxes      []boxPlan // in stored order
	personal   []int     // the struct's Personal fields
}

// boxPlan is one box of a version: a struct type made of its fields, in the
// order of the event's struct. Fields that are not Personal keep their types and
// tags; a Personal field becomes a pointer to its value, left out where the
// value is absent. The last fields of the operational controller box are the
// reserved ones: the fingerprint, and why the event was imported.
type boxPlan struct {
	class   event.Class // empty: clear
	holder  event.Holder
	content reflect.Type
	fields  []boxField
	// operational says that this is the box of the fields that are not Personal:
	// the operational one of the controller, or the clear one. Every event has
	// it, also without fields, so that its key shows whose record it is part of.
	operational bool
	// reserving says that the reserved members have their place here: in every
	// operational box but the clear one, and no command consists of clear events
	// alone.
	reserving bool
}

type boxField struct {
	event, box int // where the field stands in each struct
	personal   bool
}

// reserved is what a box holds beside the event's own fields.
type reserved struct {
	fingerprint string            // of the command, in its first event
	source      *event.Provenance // of an imported event; nil where it was not said
}

// The reserved members, in the order in which they follow an event's own.
// fieldsOf keeps their names from events.
var reservedMembers = []reflect.StructField{
	{Name: "CommandFingerprint_", Type: reflect.TypeFor[string](), Tag: `json:"$fingerprint,omitzero"`},
	{Name: "Import_", Type: reflect.TypeFor[*event.Provenance](), Tag: `json:"$import,omitzero"`},
}

func newPlan(d *event.Definition, v event.Version) *plan {
	p := &plan{definition: d, version: v}
	var members []([]reflect.StructField)
	find := func(class event.Class, holder event.Holder) int {
		at := slices.IndexFunc(p.boxes, func(b boxPlan) bool { return b.class == class && b.holder == holder })
		if at < 0 {
			at = len(p.boxes)
			p.boxes = append(p.boxes, boxPlan{class: class, holder: holder})
			members = append(members, nil)
		}
		return at
	}
	if d.Clear() {
		p.boxes[find("", event.Controller)].operational = true
	} else {
		own := find(event.Operational, event.Controller)
		p.boxes[own].operational, p.boxes[own].reserving = true, true
	}
	for _, f := range v.Fields {
		class := f.Class
		if d.Clear() {
			class = ""
		}
		at := find(class, f.Holder)
		sf := v.Type.Field(f.Index)
		member := reflect.StructField{Name: sf.Name, Type: sf.Type, Tag: sf.Tag}
		if f.Personal {
			if f.Type.Kind() == reflect.Pointer {
				panic(fmt.Sprintf("event %s: field %s: a Personal pointer cannot tell nothing from absent", d.Name(), sf.Name))
			}
			member.Type = reflect.PointerTo(f.Type)
			member.Tag = reflect.StructTag(fmt.Sprintf(`json:"%s,omitzero"`, f.Name))
			p.personal = append(p.personal, f.Index)
		}
		b := &p.boxes[at]
		b.fields = append(b.fields, boxField{f.Index, len(members[at]), f.Personal})
		members[at] = append(members[at], member)
	}
	for i := range p.boxes {
		b := &p.boxes[i]
		if b.reserving {
			members[i] = append(members[i], reservedMembers...)
		}
		b.content = reflect.StructOf(members[i])
	}
	slices.SortFunc(p.boxes, func(a, b boxPlan) int {
		return a.order() - b.order()
	})
	return p
}

func (b *boxPlan) order() int {
	box := Box{Class: b.class, Holder: b.holder}
	class, holder, _ := box.numbers()
	return int(class)<<8 | int(holder)
}

// gather builds the content of a box; nil if the event has nothing for it.
func (b *boxPlan) gather(data reflect.Value, also reserved) (any, error) {
	content := reflect.New(b.content)
	box := content.Elem()
	filled := b.operational
	for _, f := range b.fields {
		field := data.Field(f.event)
		if !f.personal {
			box.Field(f.box).Set(field)
			continue
		}
		value, state := field.Addr().Interface().(event.PersonalValue).Expose()
		switch state {
		case event.Absent:
		case event.Open:
			holder := reflect.New(b.content.Field(f.box).Type.Elem())
			holder.Elem().Set(reflect.ValueOf(value))
			box.Field(f.box).Set(holder)
			filled = true
		default:
			return nil, fmt.Errorf("codec: field %s is %s: what cannot be read cannot be recorded", b.content.Field(f.box).Name, state)
		}
	}
	if b.reserving {
		box.Field(len(b.fields)).SetString(also.fingerprint)
		box.Field(len(b.fields) + 1).Set(reflect.ValueOf(also.source))
	}
	if !filled {
		return nil, nil
	}
	return content.Interface(), nil
}

// scatter reads the content of a box into the event and returns what else is
// in it.
func (b *boxPlan) scatter(data reflect.Value, content []byte) (also reserved, err error) {
	target := reflect.New(b.content)
	if err := json.Unmarshal(content, target.Interface(), strict); err != nil {
		return reserved{}, malformed("the content of a box")
	}
	box := target.Elem()
	for _, f := range b.fields {
		field := data.Field(f.event)
		value := box.Field(f.box)
		switch {
		case !f.personal:
			field.Set(value)
		case !value.IsNil():
			field.Addr().Interface().(event.PersonalValue).Restore(value.Elem().Interface(), event.Open)
		}
	}
	if b.reserving {
		also.fingerprint = box.Field(len(b.fields)).String()
		also.source = box.Field(len(b.fields) + 1).Interface().(*event.Provenance)
		if also.source != nil && (also.source.Reason == "" || also.source.System == "") {
			return reserved{}, malformed("half an import's source")
		}
	}
	return also, nil
}

// mark gives the Personal fields of a box that cannot be read their state.
func (b *boxPlan) mark(data reflect.Value, state event.State) {
	for _, f := range b.fields {
		if f.personal {
			data.Field(f.event).Addr().Interface().(event.PersonalValue).Restore(nil, state)
		}
	}
}

// strict refuses what this package never writes; duplicate names and invalid
// UTF-8 are refused by default.
var strict = json.RejectUnknownMembers(true)

// plans are the plans of a catalogue, by stored name and version.
type plans map[string][]*plan

func newPlans(c *event.Catalogue) plans {
	all := plans{}
	for _, name := range c.Names() {
		d, _ := c.Named(name)
		for n := 1; ; n++ {
			v, ok := d.Version(n)
			if !ok {
				break
			}
			all[name] = append(all[name], newPlan(d, v))
		}
	}
	return all
}

func (p plans) of(m *event.Meta) (*plan, error) {
	versions, ok := p[m.Type]
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: %s", ErrUnknownType, m.Type)
	case m.Version > len(versions):
		return nil, fmt.Errorf("%w: %s version %d, known up to %d", ErrNewerVersion, m.Type, m.Version, len(versions))
	}
	return versions[m.Version-1], nil
}
