package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/api/recording"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// A journal is JSON Lines: one command a line, in the order of their clocks.
// It is strict: an unknown or repeated member, an unknown command, actor or
// purpose, or a clock that runs backwards is an error that names the line.
//
//	{"ref":"A4","clock":"2026-02-04T10:12:00Z","command":"grant-consent","person":"A",
//	 "actor":"NUR1","purpose":"DIRECT_CARE","body":{…}}
//
// Persons and actors are labels. An actor is one of the cast, or an object
// that says who else it is. In the body, a string of the form "@…" stands for
// an identifier: see [journal.resolve].

// journalLine is one line as it is written.
type journalLine struct {
	// Ref names the line; later lines may speak of what it made.
	Ref string `json:"ref"`
	// Clock is when the command was given, with its offset.
	Clock   string `json:"clock"`
	Command string `json:"command"`
	// Person is a label, or Stream is "case-" and a person's identifier.
	Person  string         `json:"person,omitempty"`
	Stream  string         `json:"stream,omitempty"`
	Actor   jsontext.Value `json:"actor"`
	Purpose event.Purpose  `json:"purpose,omitempty"`
	// EffectiveAt is when what the command says was true: an instant or a day.
	EffectiveAt string `json:"effectiveAt,omitempty"`
	// Origin is LIVE, also if left out, or IMPORTED.
	Origin event.Origin `json:"origin,omitempty"`
	// ImportReason says why a fact comes in past validation.
	ImportReason string `json:"importReason,omitempty"`
	// ExpectRejected is the code with which the command must be refused.
	ExpectRejected string         `json:"expectRejected,omitempty"`
	Body           jsontext.Value `json:"body"`
}

// journalActor is an actor who is not one of the cast.
type journalActor struct {
	Label string                     `json:"label"`
	Role  event.Role                 `json:"role"`
	Org   reference.OrganisationCode `json:"org"`
}

// entry is one line, understood.
type entry struct {
	number         int // of the line, from 1
	ref            string
	clock          time.Time
	request        recording.Request
	expectRejected string
}

// maxLineBytes bounds one line of a journal: a request body and its frame.
const maxLineBytes = 256 << 10

// journal reads entries.
type journal struct {
	lines *bufio.Scanner
	// strangers says what was wrong with a line before it was given up.
	number int
	last   time.Time
	refs   map[string]making
}

// made is what a line's command may have made.
type making struct{ person, actor, command event.UUID }

// readJournal reads a journal from its beginning.
func readJournal(r io.Reader) *journal {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLineBytes)
	return &journal{lines: lines, refs: map[string]making{}}
}

// lineError says which line of a journal cannot be applied.
type lineError struct {
	line int
	ref  string
	err  error
}

func (e *lineError) Error() string {
	if e.ref == "" {
		return fmt.Sprintf("line %d: %v", e.line, e.err)
	}
	return fmt.Sprintf("line %d (%s): %v", e.line, e.ref, e.err)
}

func (e *lineError) Unwrap() error { return e.err }

// next returns the next entry; io.EOF after the last. Empty lines are passed
// over.
func (j *journal) next() (entry, error) {
	for j.lines.Scan() {
		j.number++
		if len(bytes.TrimSpace(j.lines.Bytes())) == 0 {
			continue
		}
		e, err := j.understand(j.lines.Bytes())
		if err != nil {
			return entry{}, &lineError{j.number, e.ref, err}
		}
		return e, nil
	}
	if err := j.lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = usage("longer than %d bytes", maxLineBytes)
		}
		return entry{}, &lineError{j.number + 1, "", err}
	}
	return entry{}, io.EOF
}

func (j *journal) understand(raw []byte) (entry, error) {
	var l journalLine
	if err := json.Unmarshal(raw, &l, json.RejectUnknownMembers(true)); err != nil {
		return entry{}, unreadable("the line", err)
	}
	if !refShape.MatchString(l.Ref) {
		return entry{}, usage("ref is missing or not made of letters, digits, dots and hyphens")
	}
	e := entry{number: j.number, ref: l.Ref, expectRejected: l.ExpectRejected}
	if _, taken := j.refs[l.Ref]; taken {
		return e, usage("an earlier line has this ref")
	}
	clock, err := time.Parse(time.RFC3339Nano, l.Clock)
	if err != nil {
		return e, usage("clock is not an RFC 3339 time with its offset")
	}
	if e.clock = clock.UTC().Truncate(time.Microsecond); e.clock.Before(j.last) {
		return e, usage("clock is before that of the line before")
	}
	q := &e.request
	command, known := casefile.Named(l.Command)
	if !known {
		return e, usage("there is no such command")
	}
	q.Command, q.IfAny = l.Command, true
	if q.Person, err = subject(l); err != nil {
		return e, err
	}
	if q.Actor, err = actorOf(l.Actor); err != nil {
		return e, err
	}
	if q.Purpose = l.Purpose; q.Purpose != "" && !reference.Purposes.Listed(q.Purpose) {
		return e, usage("purpose is not in the list")
	}
	if l.EffectiveAt != "" {
		if q.Effective, err = event.ParseWhen(l.EffectiveAt); err != nil {
			return e, usage("effectiveAt is neither a day nor an RFC 3339 time")
		}
	}
	switch q.Origin = l.Origin; {
	case l.Origin == "":
		q.Origin = event.Live
	case l.Origin != event.Live && l.Origin != event.Imported:
		return e, usage("origin is neither LIVE nor IMPORTED")
	}
	if (q.Origin == event.Imported) != (l.ImportReason != "") {
		return e, usage("importReason goes with origin IMPORTED, and only with it")
	}
	q.ID = event.DeriveUUID("journal-command", []byte(l.Ref))
	q.Correlation = q.ID
	if q.Body, err = j.body(command, l.Body); err != nil {
		return e, err
	}
	j.last = e.clock
	j.refs[l.Ref] = making{q.Person, q.Actor.ID, q.ID}
	return e, nil
}

var refShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$`)

// subject is the person that a line is about.
func subject(l journalLine) (event.UUID, error) {
	switch {
	case (l.Person == "") == (l.Stream == ""):
		return event.UUID{}, usage("one of person and stream is needed")
	case l.Person != "":
		if !labelShape.MatchString(l.Person) {
			return event.UUID{}, usage("person is not a label")
		}
		return personOf(l.Person), nil
	}
	s, err := event.ParseStreamID(l.Stream)
	if err != nil || s.Kind != event.CaseStream {
		return event.UUID{}, usage("stream is not that of a case")
	}
	return s.Of, nil
}

var labelShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)

// personOf is the person that a label or an identifier stands for.
func personOf(label string) event.UUID {
	if id, err := event.ParseUUID(label); err == nil {
		return id
	}
	return personID(label)
}

// actorOf reads a label of the cast, or an object that says who it is.
func actorOf(raw jsontext.Value) (event.Actor, error) {
	switch raw.Kind() {
	case '"':
		var label string
		if err := json.Unmarshal(raw, &label); err != nil {
			return event.Actor{}, unreadable("actor", err)
		}
		m, ok := memberNamed(label)
		if !ok {
			return event.Actor{}, usage("actor is not one of the cast")
		}
		return m.actor(), nil
	case '{':
		var a journalActor
		if err := json.Unmarshal(raw, &a, json.RejectUnknownMembers(true)); err != nil {
			return event.Actor{}, unreadable("actor", err)
		}
		org, ok := theRegister.ByCode(a.Org)
		if !ok || !labelShape.MatchString(a.Label) || !reference.HeldOn(a.Role, org.Side) {
			return event.Actor{}, usage("actor needs a label, an organisation that is known, and a role that its side has")
		}
		return event.Actor{ID: actorID(a.Label), Role: a.Role, Side: org.Side, Org: org.ID}, nil
	}
	return event.Actor{}, usage("actor is missing, or neither a label nor an object")
}

// body reads the command's own body.
func (j *journal) body(command casefile.Command, raw jsontext.Value) (any, error) {
	if raw.Kind() != '{' {
		return nil, usage("body is missing or not an object")
	}
	resolved, err := j.resolve(raw)
	if err != nil {
		return nil, err
	}
	body := reflect.New(command.Body)
	if err := json.Unmarshal(resolved, body.Interface(), json.RejectUnknownMembers(true)); err != nil {
		return nil, unreadable("body", err)
	}
	return body.Elem().Interface(), nil
}

// mention is a string that stands for an identifier:
//
//	@person:A        the person labelled A
//	@actor:PP1       the member of staff labelled PP1
//	@org:GP1         the organisation with that code or label
//	@agreement:DSA-1 the agreement labelled DSA-1
//	@made:A4:consent what the command of line A4 made under the label "consent"
//	@event:A4:0      the first event of line A4
var mention = regexp.MustCompile(`^@(person|actor|org|agreement|made|event):([A-Za-z0-9][A-Za-z0-9.-]*)(?::([A-Za-z0-9.-]+))?$`)

// resolve replaces every mention in a body by the identifier it stands for.
func (j *journal) resolve(raw jsontext.Value) (jsontext.Value, error) {
	if !bytes.Contains(raw, []byte(`"@`)) {
		return raw, nil
	}
	var out bytes.Buffer
	in, to := jsontext.NewDecoder(bytes.NewReader(raw)), jsontext.NewEncoder(&out)
	for {
		token, err := in.ReadToken()
		if errors.Is(err, io.EOF) {
			return jsontext.Value(bytes.TrimSpace(out.Bytes())), nil
		}
		if err != nil {
			return nil, unreadable("body", err)
		}
		if token.Kind() == '"' && strings.HasPrefix(token.String(), "@") {
			id, err := j.identifier(token.String())
			if err != nil {
				return nil, err
			}
			token = jsontext.String(id.String())
		}
		if err := to.WriteToken(token); err != nil {
			return nil, unreadable("body", err)
		}
	}
}

func (j *journal) identifier(text string) (event.UUID, error) {
	m := mention.FindStringSubmatch(text)
	if m == nil {
		return event.UUID{}, usage("body holds a string that begins with @ and is no mention")
	}
	kind, name, part := m[1], m[2], m[3]
	switch kind {
	case "person":
		return personOf(name), nil
	case "actor":
		return actorID(name), nil
	case "agreement":
		return event.DeriveUUID("journal-agreement", []byte(name)), nil
	case "org":
		if org, ok := theRegister.ByCode(reference.OrganisationCode(name)); ok {
			return org.ID, nil
		}
		return event.UUID{}, usage("body mentions an organisation that is not known")
	}
	by, ok := j.refs[name]
	if !ok || part == "" {
		return event.UUID{}, usage("body mentions a line that did not come before, or not what of it")
	}
	if kind == "made" {
		return event.Context{Person: by.person, Command: by.command}.NewID(part), nil
	}
	index, err := strconv.ParseUint(part, 10, 10)
	if err != nil {
		return event.UUID{}, usage("body mentions an event by what is not its number")
	}
	return event.DeriveID(by.actor, event.Case(by.person), by.command, int(index)).UUID, nil
}

// unreadable says where JSON could not be read, never what it said: a journal
// may hold names.
func unreadable(what string, err error) error {
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.As(err, &semantic) && errors.Is(err, json.ErrUnknownName):
		return usage("%s has an unknown member at %q", what, semantic.JSONPointer)
	case errors.As(err, &semantic):
		return usage("%s cannot be read at %q: a %s is wanted", what, semantic.JSONPointer, semantic.GoType)
	case errors.As(err, &syntactic):
		return usage("%s is not valid JSON at byte %d", what, syntactic.ByteOffset)
	}
	return usage("%s cannot be read", what)
}
