package event

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Definition is everything fixed about one event type: its stored name, its
// current version and the steps that bring older versions up to it.
type Definition struct {
	name     string
	versions []Version // versions[i] is version i+1
	steps    []func(any) any
	clear    bool
}

// Version is the shape of one published version of an event type.
type Version struct {
	Number int
	Type   reflect.Type // a struct
	Fields []Field
}

// Field is one field of a version: where it stands in the struct, what it is
// called in its box, and which box that is.
type Field struct {
	Index    int
	Name     string // permanent within the type
	Class    Class
	Holder   Holder
	Personal bool
	Type     reflect.Type // of the value; for a Personal field, of what it holds
}

// Step brings one version of an event type to the next.
type Step struct {
	from     int
	old, new reflect.Type
	apply    func(any) any
}

// From is the step from a version to the next one. f is total: each Personal
// field may be absent, open, withheld or erased.
func From[Old, New any](version int, f func(Old) New) Step {
	return Step{from: version, old: reflect.TypeFor[Old](), new: reflect.TypeFor[New](),
		apply: func(v any) any { return f(v.(Old)) }}
}

var storedName = regexp.MustCompile(`^[a-z]+(-[a-z]+)*\.[a-z0-9]+(-[a-z0-9]+)*$`)

// Define declares an event type: its stored name, "<area>.<past>", its
// current version, from 1, and a step from each earlier version.
//
// It panics, at start-up, on a malformed name, a missing or mistyped step, a
// field without a JSON name, a Personal field without a known class, a
// Personal value nested below the top level, a map, and a bare string outside
// a Personal value: a code is a named type, free text is Personal.
func Define[E any](name string, version int, steps ...Step) *Definition {
	return define(reflect.TypeFor[E](), name, version, steps)
}

// DefineClear is [Define] for the kernel's own events, whose fields are all
// opaque identifiers, commitments, counts and public keys, stored in clear text: they must
// be readable when every key is gone.
func DefineClear[E any](name string, version int, steps ...Step) *Definition {
	d := define(reflect.TypeFor[E](), name, version, steps)
	d.clear = true
	for _, v := range d.versions {
		for _, f := range v.Fields {
			if f.Personal {
				panic(fmt.Sprintf("event %s: field %s of a clear event is personal", name, f.Name))
			}
		}
	}
	return d
}

func define(current reflect.Type, name string, version int, steps []Step) *Definition {
	if !storedName.MatchString(name) || len(name) > 255 {
		panic(fmt.Sprintf("event %q: the stored name is not <area>.<past> in kebab-case", name))
	}
	if version < 1 || len(steps) != version-1 {
		panic(fmt.Sprintf("event %s: version %d needs %d steps, has %d", name, version, version-1, len(steps)))
	}
	slices.SortFunc(steps, func(a, b Step) int { return a.from - b.from })
	d := &Definition{name: name}
	for i, s := range steps {
		next := current
		if i+1 < len(steps) {
			next = steps[i+1].old
		}
		if s.from != i+1 || s.new != next {
			panic(fmt.Sprintf("event %s: no step leads from version %d to version %d", name, i+1, i+2))
		}
		d.versions = append(d.versions, Version{i + 1, s.old, fieldsOf(name, s.old)})
		d.steps = append(d.steps, s.apply)
	}
	d.versions = append(d.versions, Version{version, current, fieldsOf(name, current)})
	return d
}

// Name is the stored name, "<area>.<past>".
func (d *Definition) Name() string { return d.name }

// Current is the version that is written today.
func (d *Definition) Current() Version { return d.versions[len(d.versions)-1] }

// Version returns the shape of a published version; false if there is none.
func (d *Definition) Version(n int) (Version, bool) {
	if n < 1 || n > len(d.versions) {
		return Version{}, false
	}
	return d.versions[n-1], true
}

// Clear reports whether the event's fields are stored in clear text.
func (d *Definition) Clear() bool { return d.clear }

// Upcast brings data of a published version to the current one.
func (d *Definition) Upcast(version int, data any) any {
	for _, step := range d.steps[version-1:] {
		data = step(data)
	}
	return data
}

var personalValue = reflect.TypeFor[PersonalValue]()

func fieldsOf(name string, t reflect.Type) []Field {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("event %s: %s is not a struct", name, t))
	}
	var fields []Field
	for i := range t.NumField() {
		sf := t.Field(i)
		key, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if !sf.IsExported() || sf.Anonymous || key == "" || key == "-" || strings.HasPrefix(key, "$") {
			panic(fmt.Sprintf("event %s: field %s needs an exported name and a JSON name", name, sf.Name))
		}
		f := Field{Index: i, Name: key, Class: Operational, Holder: Controller, Type: sf.Type}
		tag, tagged := sf.Tag.Lookup("personal")
		f.Personal = reflect.PointerTo(sf.Type).Implements(personalValue)
		if f.Personal != tagged {
			panic(fmt.Sprintf("event %s: field %s: a Personal type and a personal tag go together", name, sf.Name))
		}
		if f.Personal {
			class, holder, _ := strings.Cut(tag, ",")
			f.Class = Class(class)
			if holder != "" {
				f.Holder = Holder(holder)
			}
			if !slices.Contains(Classes, f.Class) || f.Holder != Controller && f.Holder != Recipient {
				panic(fmt.Sprintf("event %s: field %s: unknown data class or holder", name, sf.Name))
			}
			f.Type = reflect.New(sf.Type).Interface().(PersonalValue).Inner()
			checkType(name, sf.Name, f.Type, true, nil)
		} else {
			checkType(name, sf.Name, sf.Type, false, nil)
		}
		fields = append(fields, f)
	}
	return fields
}

// checkType refuses what has no one stored form, and bare strings outside a
// Personal value.
func checkType(name, field string, t reflect.Type, personal bool, seen []reflect.Type) {
	if slices.Contains(seen, t) {
		return
	}
	seen = append(seen, t)
	if reflect.PointerTo(t).Implements(personalValue) {
		panic(fmt.Sprintf("event %s: field %s: a Personal value must stand at the top level", name, field))
	}
	if t.Implements(textMarshaler) {
		return
	}
	switch t.Kind() {
	case reflect.String:
		if !personal && t == reflect.TypeFor[string]() {
			panic(fmt.Sprintf("event %s: field %s: a bare string: name the code's type, or make free text Personal", name, field))
		}
	case reflect.Map, reflect.Interface, reflect.Func, reflect.Chan, reflect.Float32, reflect.Float64:
		panic(fmt.Sprintf("event %s: field %s: a %s has no one stored form", name, field, t.Kind()))
	case reflect.Slice, reflect.Array, reflect.Pointer:
		checkType(name, field, t.Elem(), personal, seen)
	case reflect.Struct:
		for i := range t.NumField() {
			sf := t.Field(i)
			if key, _, _ := strings.Cut(sf.Tag.Get("json"), ","); !sf.IsExported() || key == "" && !sf.Anonymous {
				panic(fmt.Sprintf("event %s: field %s.%s needs an exported name and a JSON name", name, field, sf.Name))
			}
			checkType(name, field+"."+sf.Name, sf.Type, personal, seen)
		}
	}
}

var textMarshaler = reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()

// Catalogue is a set of definitions, found by stored name or by Go type.
type Catalogue struct {
	byName map[string]*Definition
	byType map[reflect.Type]*Definition
	names  []string
}

// NewCatalogue collects definitions; it panics if a stored name or a Go type
// is defined twice. The kernel's own definitions are always part of it.
func NewCatalogue(sets ...[]*Definition) *Catalogue {
	c := &Catalogue{byName: map[string]*Definition{}, byType: map[reflect.Type]*Definition{}}
	for _, set := range append([][]*Definition{Kernel}, sets...) {
		for _, d := range set {
			t := d.Current().Type
			if c.byName[d.name] != nil || c.byType[t] != nil {
				panic(fmt.Sprintf("event %s: defined twice", d.name))
			}
			c.byName[d.name], c.byType[t] = d, d
			c.names = append(c.names, d.name)
		}
	}
	slices.Sort(c.names)
	return c
}

// Names lists the stored names in order.
func (c *Catalogue) Names() []string { return slices.Clone(c.names) }

// Named returns the definition with a stored name; false if there is none.
func (c *Catalogue) Named(name string) (*Definition, bool) {
	d, ok := c.byName[name]
	return d, ok
}

// Of returns the definition of an event value at its current version.
func (c *Catalogue) Of(data any) (*Definition, bool) {
	d, ok := c.byType[reflect.TypeOf(data)]
	return d, ok
}
