package event

import (
	"reflect"
	"strings"
	"time"
)

// Schema returns the JSON Schema (draft 2020-12) of one version of an event
// type, as the object that becomes JSON. Each property carries "x-class", its
// data class, and "x-holder" where the recipient's key seals it; only fields
// that are always present are required.
//
// It describes the open values, as [Reveal] returns them.
func Schema(v Version) map[string]any {
	properties := map[string]any{}
	var required []string
	for _, f := range v.Fields {
		property := schemaOf(f.Type, nil)
		property["x-class"] = string(f.Class)
		if f.Personal {
			property["x-personal"] = true
		}
		if f.Holder == Recipient {
			property["x-holder"] = string(f.Holder)
		}
		properties[f.Name] = property
		_, options, _ := strings.Cut(v.Type.Field(f.Index).Tag.Get("json"), ",")
		if !f.Personal && !omittable(options) {
			required = append(required, f.Name)
		}
	}
	return object(properties, required, "$schema", "https://json-schema.org/draft/2020-12/schema", "x-version", v.Number)
}

// object is the schema of a JSON object with these and no other members.
func object(properties map[string]any, required []string, more ...any) map[string]any {
	s := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	for i := 0; i < len(more); i += 2 {
		s[more[i].(string)] = more[i+1]
	}
	return s
}

// formats says more of the types whose text has a known form.
var formats = map[reflect.Type]map[string]any{
	reflect.TypeFor[UUID]():       {"type": "string", "format": "uuid"},
	reflect.TypeFor[ID]():         {"type": "string", "format": "uuid"},
	reflect.TypeFor[StreamID]():   {"type": "string"},
	reflect.TypeFor[Day]():        {"type": "string", "format": "date"},
	reflect.TypeFor[time.Time]():  {"type": "string", "format": "date-time"},
	reflect.TypeFor[Commitment](): {"type": "string", "pattern": "^[0-9a-f]{64}$"},
	reflect.TypeFor[When](): {"type": "string", "anyOf": []any{
		map[string]any{"format": "date"}, map[string]any{"format": "date-time"}, map[string]any{"const": ""}}},
}

// schemaOf is the schema of a value; within says which structs it stands in.
func schemaOf(t reflect.Type, within []reflect.Type) map[string]any {
	if known, ok := formats[t]; ok {
		s := map[string]any{}
		for k, v := range known {
			s[k] = v
		}
		return s
	}
	if t.Kind() == reflect.Pointer {
		return map[string]any{"anyOf": []any{schemaOf(t.Elem(), within), map[string]any{"type": "null"}}}
	}
	if t.Implements(textMarshaler) || reflect.PointerTo(t).Implements(textMarshaler) {
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return map[string]any{"type": "string", "contentEncoding": "base64"}
		}
		s := map[string]any{"type": "array", "items": schemaOf(t.Elem(), within)}
		if t.Kind() == reflect.Array {
			s["minItems"], s["maxItems"] = t.Len(), t.Len()
		}
		return s
	case reflect.Struct:
		for _, outer := range within {
			if outer == t {
				return map[string]any{"type": "object"} // it holds itself: described once, further out
			}
		}
		properties, required := members(t, append(within[:len(within):len(within)], t))
		return object(properties, required)
	}
	return map[string]any{} // Define lets nothing else through
}

// members are the properties of a struct; an embedded one's are its own.
func members(t reflect.Type, within []reflect.Type) (map[string]any, []string) {
	properties := map[string]any{}
	var required []string
	for i := range t.NumField() {
		sf := t.Field(i)
		name, options, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if sf.Anonymous && name == "" {
			inner, needed := members(sf.Type, within)
			for k, v := range inner {
				properties[k] = v
			}
			required = append(required, needed...)
			continue
		}
		properties[name] = schemaOf(sf.Type, within)
		if !omittable(options) {
			required = append(required, name)
		}
	}
	return properties, required
}
