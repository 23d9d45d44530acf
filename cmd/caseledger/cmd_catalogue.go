package main

import (
	"fmt"
	"reflect"

	"github.com/spf13/cobra"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
)

func (p *program) catalogueCommand() *cobra.Command {
	var schema bool
	c := &cobra.Command{
		Use: "catalogue", Short: "List every event type, its versions and the data classes of its fields", Args: cobra.NoArgs,
		Example: "  caseledger events catalogue\n  caseledger events catalogue --json\n  caseledger events catalogue --journal-schema",
		RunE: func(*cobra.Command, []string) error {
			if schema {
				return p.object(p.out, journalSchema())
			}
			return p.printCatalogue()
		},
	}
	c.Flags().BoolVar(&schema, "journal-schema", false, "print the JSON Schema of one line of a journal instead")
	return c
}

// listedType is one event type, as it is listed.
type listedType struct {
	Type     string          `json:"type"`
	Go       string          `json:"go"`
	Clear    bool            `json:"clear,omitempty"`
	Versions []listedVersion `json:"versions"`
}

type listedVersion struct {
	Version int            `json:"version"`
	Fields  []listedField  `json:"fields"`
	Schema  map[string]any `json:"schema"`
}

type listedField struct {
	Name   string       `json:"name"`
	Class  event.Class  `json:"class,omitempty"`
	Holder event.Holder `json:"holder,omitempty"`
	Type   string       `json:"type"`
}

func listed(d *event.Definition) listedType {
	t := listedType{Type: d.Name(), Go: d.Current().Type.Name(), Clear: d.Clear()}
	for n := 1; ; n++ {
		v, ok := d.Version(n)
		if !ok {
			return t
		}
		out := listedVersion{Version: n, Schema: event.Schema(v)}
		for _, f := range v.Fields {
			field := listedField{Name: f.Name, Type: kindOf(f.Type)}
			if !d.Clear() {
				field.Class, field.Holder = f.Class, f.Holder
			}
			out.Fields = append(out.Fields, field)
		}
		t.Versions = append(t.Versions, out)
	}
}

// kindOf is the JSON kind of a field: what a reader in another language needs.
func kindOf(t reflect.Type) string {
	if t.Implements(reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()) {
		return "string"
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice, reflect.Array:
		return "array of " + kindOf(t.Elem())
	case reflect.Pointer:
		return kindOf(t.Elem())
	case reflect.Struct:
		return "object"
	default:
		return "integer"
	}
}

func (p *program) printCatalogue() error {
	for _, name := range catalogue.Events.Names() {
		d, _ := catalogue.Events.Named(name)
		if p.json() {
			if err := p.object(p.out, listed(d)); err != nil {
				return err
			}
			continue
		}
		t := listed(d)
		last := t.Versions[len(t.Versions)-1]
		if err := p.printf("%-40s version %d\n", t.Type, last.Version); err != nil {
			return err
		}
		for _, f := range last.Fields {
			class := string(f.Class)
			if t.Clear {
				class = "clear"
			}
			if f.Holder == event.Recipient {
				class += ", the recipient's"
			}
			if err := p.printf("    %-24s %s\n", f.Name, fmt.Sprintf("%s (%s)", f.Type, class)); err != nil {
				return err
			}
		}
	}
	return nil
}
