package projections

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/domain/event"
)

// Kind is what a column holds, the same in every database.
type Kind uint8

// The kinds. None is ever NULL.
const (
	Text    Kind = iota + 1 // UTF-8 without U+0000, ordered by its bytes
	Int                     // 64-bit signed integer; a bool is 0 or 1
	Day                     // "2006-01-02", or empty text for none
	Instant                 // microseconds since 1970-01-01 UTC
	JSON                    // any JSON; cannot be ordered by or compared
)

// Column is one column of a table.
type Column struct {
	Name string
	Kind Kind
	Key  bool // part of the primary key, as the stream is
}

const streamColumn = "stream"

// errUnstorable is what a value that no column can hold gives; it never
// carries the value.
var errUnstorable = errors.New("projections: a value that cannot be stored")

// Value is what one column of a row holds, by the column's kind: Int for Int and
// Instant, Text for the others.
type Value struct {
	Int  int64
	Text string
}

type field struct {
	Column
	index  int    // in the row struct; -1 for a stream column without a field
	prefix []byte // `"name":`
	codec
}

// codec is how a field of a row becomes a column's value and back.
type codec struct {
	encode func(v reflect.Value) (Value, error)
	decode func(src any, v reflect.Value) error
	// total: encode refuses nothing.
	total bool
}

type layout struct {
	row    reflect.Type
	fields []field // stream, key columns, the rest in the struct's order
	keys   int     // number of key columns
}

func (l layout) columns() []Column {
	columns := make([]Column, len(l.fields))
	for i, f := range l.fields {
		columns[i] = f.Column
	}
	return columns
}

var (
	columnName  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	streamType  = reflect.TypeFor[event.StreamID]()
	dayType     = reflect.TypeFor[event.Day]()
	dayPtrType  = reflect.TypeFor[*event.Day]()
	instantType = reflect.TypeFor[time.Time]()
	marshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	unmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func layoutOf(model string, row reflect.Type) layout {
	refuse := func(name, why string) {
		panic(fmt.Sprintf("projection %s: field %s %s", model, name, why))
	}
	if row.Kind() != reflect.Struct {
		panic(fmt.Sprintf("projection %s: a row is a struct", model))
	}
	l := layout{row: row}
	stream := field{Column: Column{streamColumn, Text, true}, index: -1}
	var keys, rest []field
	seen := map[string]bool{streamColumn: true}
	for i := range row.NumField() {
		sf := row.Field(i)
		name, option, _ := strings.Cut(sf.Tag.Get("db"), ",")
		if !sf.IsExported() || !columnName.MatchString(name) {
			refuse(sf.Name, "needs an exported name and a column name")
		}
		if name == streamColumn {
			if sf.Type != streamType || stream.index >= 0 {
				refuse(sf.Name, "is the stream column, once, of type event.StreamID")
			}
			stream.index = i
			continue
		}
		if seen[name] {
			refuse(sf.Name, "repeats a column name")
		}
		seen[name] = true
		f := field{Column: Column{Name: name, Key: option == "key"}, index: i}
		f.Kind, f.codec = codecOf(sf.Type, option == "json")
		switch {
		case f.Kind == 0:
			refuse(sf.Name, "has a type that no kind of column holds; tag it json")
		case f.Key && f.Kind != Text:
			refuse(sf.Name, "is a key column, which must be text")
		case f.Key:
			keys = append(keys, f)
			continue
		case option != "" && option != "json":
			refuse(sf.Name, "has an unknown tag option")
		}
		rest = append(rest, f)
	}
	stream.Kind, stream.codec = codecOf(streamType, false)
	l.keys = len(keys)
	l.fields = append(append([]field{stream}, keys...), rest...)
	for i := range l.fields {
		l.fields[i].prefix = []byte(`"` + l.fields[i].Name + `":`)
	}
	return l
}

// place fills in the stream and key columns of a row that Fold returned.
func (l layout) place(row reflect.Value, stream event.StreamID, parts []string) error {
	if l.fields[0].index >= 0 {
		row.Field(l.fields[0].index).Set(reflect.ValueOf(stream))
	}
	for i, part := range parts {
		f := l.fields[1+i]
		if err := f.decode(part, row.Field(f.index)); err != nil {
			return err
		}
	}
	return nil
}

// values appends what the columns of a row hold, in order.
func (l layout) values(dst []Value, stream event.StreamID, row reflect.Value) ([]Value, error) {
	dst = append(dst, Value{Text: stream.String()})
	for _, f := range l.fields[1:] {
		v, err := f.encode(row.Field(f.index))
		if err != nil {
			return dst, err
		}
		dst = append(dst, v)
	}
	return dst, nil
}

// holds says whether the columns can hold a row that a fold has made of before,
// which they do hold; before is invalid where there was none. It costs less
// than encoding: what is as it was is not looked at.
func (l layout) holds(before, after reflect.Value) error {
	for _, f := range l.fields[1:] {
		if f.total {
			continue
		}
		v := after.Field(f.index)
		if before.IsValid() && unchanged(before.Field(f.index), v) {
			continue
		}
		if _, err := f.encode(v); err != nil {
			return err
		}
	}
	return nil
}

// unchanged may be false for equal values. A fold changes nothing that it was
// given, so a slice or a map in the same place holds the same.
func unchanged(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Slice:
		return a.UnsafePointer() == b.UnsafePointer() && a.Len() == b.Len()
	case reflect.Map:
		return a.UnsafePointer() == b.UnsafePointer()
	}
	return a.Comparable() && a.Equal(b)
}

// encode writes a row as a JSON object by column name: the one form in which
// rows are compared and summed.
func (l layout) encode(stream event.StreamID, row reflect.Value) ([]byte, error) {
	values, err := l.values(make([]Value, 0, len(l.fields)), stream, row)
	if err != nil {
		return nil, err
	}
	return l.object(make([]byte, 0, 64+32*len(l.fields)), values)
}

// object appends values as a JSON object by column name.
func (l layout) object(dst []byte, values []Value) (_ []byte, err error) {
	dst = append(dst, '{')
	for i, f := range l.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendValue(append(dst, f.prefix...), f.Kind, values[i]); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

func appendValue(dst []byte, kind Kind, v Value) ([]byte, error) {
	switch kind {
	case Int, Instant:
		return strconv.AppendInt(dst, v.Int, 10), nil
	case JSON:
		return append(dst, v.Text...), nil
	case Text, Day:
	}
	return jsontext.AppendQuote(dst, v.Text)
}

// decode makes a row from the values of its columns, in order, as a database
// driver returns them: int64, string or []byte.
func (l layout) decode(values []any) (stream event.StreamID, key Key, row reflect.Value, err error) {
	if len(values) != len(l.fields) {
		return stream, "", row, errUnstorable
	}
	row = reflect.New(l.row)
	parts := make([]string, l.keys)
	for i, f := range l.fields {
		if i == 0 {
			text, ok := textOf(values[0])
			if !ok {
				return stream, "", row, errUnstorable
			}
			if stream, err = event.ParseStreamID(text); err != nil {
				return stream, "", row, err
			}
			if f.index >= 0 {
				row.Elem().Field(f.index).Set(reflect.ValueOf(stream))
			}
			continue
		}
		if i <= l.keys {
			parts[i-1], _ = textOf(values[i])
		}
		if err = f.decode(values[i], row.Elem().Field(f.index)); err != nil {
			return stream, "", row, fmt.Errorf("column %s: %w", f.Name, errUnstorable)
		}
	}
	return stream, Keyed(parts...), row, nil
}

func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}

func codecOf(t reflect.Type, asJSON bool) (Kind, codec) {
	switch {
	case asJSON:
		return JSON, codec{encodeJSON, decodeJSON, false}
	case t == dayType, t == dayPtrType:
		return Day, codec{encodeDay, decodeDay, true}
	case t == instantType:
		return Instant, codec{encodeInstant, decodeInstant, true}
	case t.Implements(marshaler) && reflect.PointerTo(t).Implements(unmarshaler):
		return Text, codec{encodeMarshaler, decodeMarshaler, false}
	}
	switch t.Kind() {
	case reflect.String:
		return Text, codec{encodeString, decodeString, false}
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return Int, codec{encodeInt, decodeInt, t.Kind() != reflect.Uint && t.Kind() != reflect.Uint64}
	}
	return 0, codec{}
}

// textValue refuses U+0000, which PostgreSQL cannot store, for every database.
func textValue(s string) (Value, error) {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return Value{}, errUnstorable
	}
	return Value{Text: s}, nil
}

func encodeString(v reflect.Value) (Value, error) { return textValue(v.String()) }

func decodeString(src any, v reflect.Value) error {
	s, ok := textOf(src)
	if !ok {
		return errUnstorable
	}
	v.SetString(s)
	return nil
}

func encodeMarshaler(v reflect.Value) (Value, error) {
	body, err := v.Interface().(encoding.TextMarshaler).MarshalText()
	if err != nil {
		return Value{}, errUnstorable
	}
	return textValue(string(body))
}

func decodeMarshaler(src any, v reflect.Value) error {
	text, ok := textOf(src)
	if !ok {
		return errUnstorable
	}
	return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
}

func encodeDay(v reflect.Value) (Value, error) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return Value{}, nil
		}
		v = v.Elem()
	}
	return Value{Text: event.Day(v.Int()).String()}, nil
}

func decodeDay(src any, v reflect.Value) error {
	text, ok := textOf(src)
	if !ok {
		return errUnstorable
	}
	if v.Type() == dayPtrType && text == "" {
		v.SetZero()
		return nil
	}
	day, err := event.ParseDay(text)
	if err != nil {
		return err
	}
	if v.Type() == dayPtrType {
		v.Set(reflect.ValueOf(&day))
	} else {
		v.SetInt(int64(day))
	}
	return nil
}

func encodeInstant(v reflect.Value) (Value, error) {
	return Value{Int: v.Interface().(time.Time).UnixMicro()}, nil
}

func decodeInstant(src any, v reflect.Value) error {
	micros, ok := src.(int64)
	if !ok {
		return errUnstorable
	}
	v.Set(reflect.ValueOf(time.UnixMicro(micros).UTC()))
	return nil
}

func encodeInt(v reflect.Value) (Value, error) {
	switch {
	case v.Kind() == reflect.Bool && v.Bool():
		return Value{Int: 1}, nil
	case v.Kind() == reflect.Bool:
		return Value{}, nil
	case v.CanInt():
		return Value{Int: v.Int()}, nil
	case v.Uint() > 1<<63-1:
		return Value{}, errUnstorable
	}
	return Value{Int: int64(v.Uint())}, nil
}

func decodeInt(src any, v reflect.Value) error {
	n, ok := src.(int64)
	switch {
	case !ok:
		return errUnstorable
	case v.Kind() == reflect.Bool && n != 0 && n != 1:
		return errUnstorable
	case v.Kind() == reflect.Bool:
		v.SetBool(n == 1)
	case v.CanInt() && !v.OverflowInt(n):
		v.SetInt(n)
	case v.CanUint() && n >= 0 && !v.OverflowUint(uint64(n)):
		v.SetUint(uint64(n))
	default:
		return errUnstorable
	}
	return nil
}

func encodeJSON(v reflect.Value) (Value, error) {
	body, err := json.Marshal(v.Interface(), json.Deterministic(true))
	if err != nil || escapesNUL(body) {
		return Value{}, errUnstorable
	}
	canonical, err := canonicalJSON(body)
	return Value{Text: string(canonical)}, err
}

func decodeJSON(src any, v reflect.Value) error {
	text, ok := textOf(src)
	if !ok {
		return errUnstorable
	}
	if v.Type() == rawJSON {
		body, err := canonicalJSON([]byte(text))
		if err == nil {
			v.SetBytes(body)
		}
		return err
	}
	v.SetZero()
	return json.Unmarshal([]byte(text), v.Addr().Interface(), json.RejectUnknownMembers(true))
}

var rawJSON = reflect.TypeFor[jsontext.Value]()

// canonicalJSON is the form of RFC 8785, but that integers keep all their
// digits: PostgreSQL gives JSON back in an order and with spaces of its own.
func canonicalJSON(body []byte) ([]byte, error) {
	value := jsontext.Value(body)
	if err := value.Canonicalize(jsontext.CanonicalizeRawInts(false)); err != nil {
		return nil, errUnstorable
	}
	return value, nil
}

// escapesNUL reports whether JSON text holds the escape of U+0000.
func escapesNUL(body []byte) bool {
	for i := 0; i+1 < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		if i+5 < len(body) && string(body[i+1:i+6]) == "u0000" {
			return true
		}
		i++ // what is escaped is no backslash of its own
	}
	return false
}
