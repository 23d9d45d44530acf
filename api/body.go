package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/domain/fault"
)

// What a body may cost.
const (
	maxBodyBytes   = 128<<10 - 1
	maxDepth       = 32
	maxMembers     = 1000 // object members and array elements in all
	maxStringBytes = 64 << 10
)

// readBody reads a JSON request body whole.
func readBody(r *http.Request) ([]byte, error) {
	for _, encoding := range r.Header.Values("Content-Encoding") {
		if !strings.EqualFold(encoding, "identity") {
			return nil, fault.New(fault.Invalid, "content-encoding-refused", "a body is sent as it is, not compressed")
		}
	}
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, given := parameters["charset"]
	if err != nil || kind != "application/json" || given && !strings.EqualFold(charset, "utf-8") {
		return nil, fault.New(fault.Invalid, "content-type-unsupported", "a body is application/json in UTF-8")
	}
	if r.ContentLength > maxBodyBytes {
		return nil, tooLarge()
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes+1))
	if err != nil {
		return nil, fault.New(fault.Invalid, "body-unreadable", "the body ended before it was whole")
	}
	if len(body) > maxBodyBytes {
		return nil, tooLarge()
	}
	return body, nil
}

func tooLarge() error {
	return fault.New(fault.Invalid, "body-too-large", "a body is smaller than 128 KB")
}

// decodeStrict reads one JSON value into a new value of type t and returns
// it. It refuses what has two meanings or hides something: unknown and
// duplicate members, null, invalid UTF-8, U+0000, and members left out that
// are not marked optional. A refusal names the place, and of the place only
// what t declares.
func decodeStrict(body []byte, t reflect.Type) (any, error) {
	if err := scan(body, t); err != nil {
		return nil, err
	}
	v := reflect.New(t)
	if err := json.Unmarshal(body, v.Interface(), json.RejectUnknownMembers(true)); err != nil {
		return nil, semanticFault(err, t)
	}
	if missing := missingMembers(jsontext.Value(body), t, ""); len(missing) > 0 {
		return nil, &fault.Fault{Kind: fault.Invalid, Code: "member-missing", Message: "the body lacks what it must have", Fields: missing}
	}
	return v.Elem().Interface(), nil
}

// scan checks the form of a body, whatever it means.
func scan(body []byte, t reflect.Type) error {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	members := 0
	for {
		token, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return syntaxFault(err, t)
		}
		at := func(code, message string) error {
			return fault.Bad(knownPointer(t, string(d.StackPointer())), code, "%s", message)
		}
		if d.StackDepth() > maxDepth {
			return at("too-deep", "nested more than 32 deep")
		}
		if isMember(d, token.Kind()) {
			if members++; members > maxMembers {
				return at("too-many-members", "more than 1,000 members and elements")
			}
		}
		switch token.Kind() {
		case 'n':
			return at("null-not-allowed", "null means nothing here: leave the member out")
		case '"':
			if text := token.String(); len(text) > maxStringBytes {
				return at("string-too-long", "text is at most 64 KiB")
			} else if strings.ContainsRune(text, 0) {
				return at("control-character", "text may not hold U+0000")
			}
		}
	}
}

// isMember reports whether the token just read is the name of an object's
// member or begins an array's element.
func isMember(d *jsontext.Decoder, kind jsontext.Kind) bool {
	depth := d.StackDepth()
	switch kind {
	case '}', ']':
		return false
	case '{', '[':
		depth--
	}
	parent, n := d.StackIndex(depth)
	return parent == '[' || parent == '{' && n%2 == 1
}

func syntaxFault(err error, t reflect.Type) error {
	var syntax *jsontext.SyntacticError
	pointer := ""
	if errors.As(err, &syntax) {
		pointer = knownPointer(t, string(syntax.JSONPointer))
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return fault.Bad(pointer, "duplicate-member", "a member is given twice")
	case strings.Contains(err.Error(), "invalid UTF-8"):
		return fault.Bad(pointer, "invalid-utf-8", "the body is not UTF-8")
	case strings.Contains(err.Error(), "exceeded max depth"):
		return fault.Bad(pointer, "too-deep", "nested more than 32 deep")
	}
	return fault.Bad(pointer, "malformed-json", "the body is not one JSON value")
}

func semanticFault(err error, t reflect.Type) error {
	if f := fault.Of(err); f != nil {
		return f
	}
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return syntaxFault(err, t)
	}
	pointer := string(semantic.JSONPointer)
	if errors.Is(err, json.ErrUnknownName) {
		return fault.Bad(knownPointer(t, parentOf(pointer)), "unknown-member", "an object holds a member that does not belong there")
	}
	pointer = knownPointer(t, pointer)
	if semantic.JSONKind == '"' && semantic.Err != nil {
		return fault.Bad(pointer, "malformed-value", "the text is not in the form required here")
	}
	if semantic.JSONKind == '0' && semantic.GoType != nil && isNumber(semantic.GoType) {
		return fault.Bad(pointer, "number-out-of-range", "the number is not in the range required here")
	}
	return fault.Bad(pointer, "wrong-type", "the value is not of the type required here")
}

func isNumber(t reflect.Type) bool { return t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64 }

func parentOf(pointer string) string {
	if i := strings.LastIndexByte(pointer, '/'); i >= 0 {
		return pointer[:i]
	}
	return ""
}

// knownPointer is the part of a JSON pointer that t declares. The rest was
// made up by the client and may be anybody's name.
func knownPointer(t reflect.Type, pointer string) string {
	known := ""
	for segment := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		switch t.Kind() {
		case reflect.Struct:
			f, ok := memberOf(t, segment)
			if !ok {
				return known
			}
			t = f.Type
		case reflect.Slice, reflect.Array:
			if _, err := strconv.ParseUint(segment, 10, 32); err != nil {
				return known
			}
			t = t.Elem()
		default:
			return known
		}
		known += "/" + segment
	}
	return known
}

// member is a declared member of an object.
type member struct {
	Name     string
	Type     reflect.Type
	Optional bool
	// Group is the embedded struct the member comes from; nil for the object's
	// own. Such members are required together or not at all: whether a body may
	// do without all of them is for the body itself to say.
	Group reflect.Type
}

// membersOf lists the members a struct declares, those of embedded structs
// included. A struct that is nothing but another one, with more methods, has
// that one's members.
func membersOf(t reflect.Type) []member {
	if t.NumField() == 1 && embeds(t.Field(0)) {
		return membersOf(t.Field(0).Type)
	}
	var members []member
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case embeds(f):
			for _, m := range membersOf(f.Type) {
				m.Group = f.Type
				members = append(members, m)
			}
		case !f.IsExported():
		default:
			if name == "" {
				name = f.Name
			}
			optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
			members = append(members, member{Name: name, Type: f.Type, Optional: optional})
		}
	}
	return members
}

func embeds(f reflect.StructField) bool {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct
}

func memberOf(t reflect.Type, name string) (member, bool) {
	for _, m := range membersOf(t) {
		if m.Name == name {
			return m, true
		}
	}
	return member{}, false
}

var textUnmarshaler = reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()
var jsonUnmarshaler = reflect.TypeFor[interface{ UnmarshalJSON([]byte) error }]()

// missingMembers lists the members that an object of type t must have and v
// lacks. v has already been decoded as t.
func missingMembers(v jsontext.Value, t reflect.Type, at string) []fault.Field {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if p := reflect.PointerTo(t); p.Implements(textUnmarshaler) || p.Implements(jsonUnmarshaler) {
		return nil
	}
	var missing []fault.Field
	switch {
	case t.Kind() == reflect.Struct && v.Kind() == '{':
		given := map[string]jsontext.Value{}
		if err := json.Unmarshal(v, &given); err != nil {
			return nil
		}
		members := membersOf(t)
		begun := map[reflect.Type]bool{nil: true} // groups of which something is given
		for _, m := range members {
			if _, ok := given[m.Name]; ok {
				begun[m.Group] = true
			}
		}
		for _, m := range members {
			value, ok := given[m.Name]
			switch {
			case ok:
				missing = append(missing, missingMembers(value, m.Type, at+"/"+m.Name)...)
			case !m.Optional && begun[m.Group]:
				missing = append(missing, fault.Field{Pointer: at + "/" + m.Name, Code: "member-missing", Message: "this member is required"})
			}
		}
	case t.Kind() == reflect.Slice && v.Kind() == '[':
		var items []jsontext.Value
		if err := json.Unmarshal(v, &items); err != nil {
			return nil
		}
		for i, item := range items {
			missing = append(missing, missingMembers(item, t.Elem(), at+"/"+strconv.Itoa(i))...)
		}
	}
	return missing
}
