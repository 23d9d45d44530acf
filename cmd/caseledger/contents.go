package main

import (
	"bufio"
	"io"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
)

// contents is what an opened event says, as a JSON object: each field by its
// stored name, and for one that cannot be read the word for why.
func contents(e event.Recorded) (jsontext.Value, error) {
	fields := map[string]any{}
	definition, ok := catalogue.Events.Of(e.Data)
	if !ok {
		return jsontext.Value("{}"), nil
	}
	data := reflect.ValueOf(e.Data)
	for _, f := range definition.Current().Fields {
		value := data.Field(f.Index)
		if !f.Personal {
			if e.Operational == event.Open {
				fields[f.Name] = value.Interface()
			}
			continue
		}
		copied := reflect.New(value.Type())
		copied.Elem().Set(value)
		switch inner, state := copied.Interface().(event.PersonalValue).Expose(); state {
		case event.Open:
			fields[f.Name] = inner
		case event.Absent:
		case event.Withheld, event.Erased:
			fields[f.Name] = map[string]string{"state": state.String()}
		}
	}
	if e.Operational != event.Open {
		fields["$operational"] = e.Operational.String()
	}
	text, err := json.Marshal(fields, json.Deterministic(true))
	return jsontext.Value(text), err
}

// lines gathers what is written, so that a long list costs few system calls.
type lines struct{ *bufio.Writer }

func newLines(w io.Writer) lines { return lines{bufio.NewWriterSize(w, 64<<10)} }

func (l lines) flush() error { return l.Flush() }
