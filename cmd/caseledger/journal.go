package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/api/recording"
	"caseledger/domain/access"
	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// A journal is JSON Lines: one command a line, or one look at a record, in the
// order of their clocks.
// It is strict: an unknown or repeated member, an unknown command, actor or
// purpose, or a clock that runs backwards is an error that names the line.
//
//	{"ref":"A4","clock":"2026-02-04T10:12:00Z","command":"grant-consent","person":"A",
//	 "actor":"NUR1","purpose":"DIRECT_CARE","body":{…}}
//
//	{"ref":"B8","clock":"2026-03-07T09:30:00Z","person":"B","actor":"NAV1","purpose":"DIRECT_CARE",
//	 "access":{"view":"person.timeline","class":"READ_ONE"}}
//
// Persons and actors are labels. An actor is one of the cast, or an object
// that says who else it is. What is not given to a person's case names its
// stream: see [streamOf]. A look is recorded as the API records one, past what
// decides who may look: it happened. In the body, a string of the form "@…" stands for
// an identifier: see [journal.resolve].

// journalLine is one line as it is written.
type journalLine struct {
	// Ref names the line; later lines may speak of what it made.
	Ref string `json:"ref"`
	// Clock is when the command was given, with its offset.
	Clock string `json:"clock"`
	// Command is a command's name; or Access is a look at what is recorded.
	Command string         `json:"command,omitempty"`
	Access  *journalAccess `json:"access,omitempty"`
	// Person is a label, or Stream is what else it is given to.
	Person  string         `json:"person,omitempty"`
	Stream  string         `json:"stream,omitempty"`
	Actor   jsontext.Value `json:"actor"`
	Purpose event.Purpose  `json:"purpose,omitempty"`
	// EffectiveAt is when what the command says was true: an instant or a day.
	EffectiveAt string `json:"effectiveAt,omitempty"`
	// Origin is LIVE, also if left out, or IMPORTED.
	Origin event.Origin `json:"origin,omitempty"`
	// ImportReason says why a fact comes in past validation, and SourceSystem
	// which system it came from.
	ImportReason string `json:"importReason,omitempty"`
	SourceSystem string `json:"sourceSystem,omitempty"`
	// ExpectRejected is the code with which the command must be refused.
	ExpectRejected string         `json:"expectRejected,omitempty"`
	Body           jsontext.Value `json:"body,omitempty"`
}

// journalAccess is a look at the record of the line's person, or, if Ledger or
// Export is set, a read of the ledger or its log, or a replay that left the
// system; those need not be about one person.
type journalAccess struct {
	View   access.View  `json:"view,omitempty"`
	Class  access.Class `json:"class,omitempty"`
	Ledger bool         `json:"ledger,omitempty"`
	Export bool         `json:"export,omitempty"`
	// Purpose is what the ledger or its log was used for.
	Purpose access.Purpose `json:"purpose,omitempty"`
	// Items counts what was shown; left out, it is 1.
	Items int `json:"items,omitempty"`
	// Reason is what the reader gave as the reason.
	Reason string `json:"reason,omitempty"`
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
	request        recording.Request // of a look, without command and body
	look           any               // the event that says who looked; nil for a command
	expectRejected string
}

// names is what the labels of a journal stand for.
type names struct {
	person, actor, agreement func(label string) event.UUID
	register                 *reference.Register
	// cast lets lines name the invented staff by their labels alone.
	cast bool
}

// inventedNames are the same in every journal of invented people.
var inventedNames = names{person: personID, actor: actorID, agreement: agreementID, register: theRegister, cast: true}

// of is the identifier that a label stands for; one that is an identifier
// stands for itself.
func of(label string, stands func(string) event.UUID) event.UUID {
	if id, err := event.ParseUUID(label); err == nil {
		return id
	}
	return stands(label)
}

// inventedSystem is where a simulated fact comes from that does not say.
const inventedSystem = "JOURNAL"

// maxLineBytes bounds one line of a journal: a request body and its frame.
const maxLineBytes = 256 << 10

// journal reads entries.
type journal struct {
	lines *bufio.Scanner
	names names
	// importing says that it holds facts of another system and nothing else. from
	// then returns what labels stand for in that system.
	importing bool
	from      func(system string) names
	number    int
	last      time.Time
	refs      map[string]making
	// recall, where it is set, is the stream and the command of an earlier line, but
	// not its actor: refs are not kept, each names one line, and no body mentions an
	// event.
	recall func(ref string) (making, bool)
}

// making is what a line's command may have made, and where.
type making struct {
	stream         event.StreamID
	actor, command event.UUID
}

// readImport reads, from its beginning, a journal of facts that come from other
// systems.
func readImport(r io.Reader, from func(system string) names) *journal {
	j := readJournal(r)
	j.importing, j.from = true, from
	return j
}

// readJournal reads a journal of invented people from its beginning.
func readJournal(r io.Reader) *journal {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLineBytes)
	return &journal{lines: lines, names: inventedNames, refs: map[string]making{}}
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
	if (l.Command == "") == (l.Access == nil) {
		return e, usage("one of command and access is needed")
	}
	if q.Purpose = l.Purpose; q.Purpose != "" && !reference.Purposes.Listed(q.Purpose) {
		return e, usage("purpose is not in the list")
	}
	if l.EffectiveAt != "" {
		if q.Effective, err = event.ParseWhen(l.EffectiveAt); err != nil {
			return e, usage("effectiveAt is neither a day nor an RFC 3339 time")
		}
	}
	if q.Effective.IsZero() && (j.importing || l.Access != nil) {
		q.Effective = event.At(e.clock)
	}
	if err := j.origin(l, q); err != nil {
		return e, err
	}
	if q.Actor, err = j.actorOf(l.Actor); err != nil {
		return e, err
	}
	q.Correlation = q.ID
	if l.Access != nil {
		if e.look, err = j.look(l, q); err != nil {
			return e, err
		}
	} else if err := j.command(l, q); err != nil {
		return e, err
	}
	j.last = e.clock
	if j.recall == nil {
		j.refs[l.Ref] = making{q.Stream, q.Actor.ID, q.ID}
	}
	return e, nil
}

// origin reads where a line comes from, and names its command: in a simulation
// by its ref, in an import by that and the system it came from, so that the
// same line is the same command whenever it is read.
func (j *journal) origin(l journalLine, q *recording.Request) error {
	switch q.Origin = l.Origin; {
	case l.Origin != "" && l.Origin != event.Live && l.Origin != event.Imported:
		return usage("origin is neither LIVE nor IMPORTED")
	case j.importing && (l.Origin == event.Live || l.ExpectRejected != ""):
		return usage("what is imported is a fact of another system: it is not LIVE, and nothing is expected of it")
	case l.Origin == "" && j.importing:
		q.Origin = event.Imported
	case l.Origin == "":
		q.Origin = event.Live
	}
	if (q.Origin == event.Imported) != (l.ImportReason != "") {
		return usage("importReason goes with origin IMPORTED, and only with it")
	}
	if utf8.RuneCountInString(l.ImportReason) > maxReason || strings.ContainsRune(l.ImportReason, 0) {
		return usage("importReason is longer than %d characters, or holds U+0000", maxReason)
	}
	system := l.SourceSystem
	switch {
	case system != "" && (q.Origin != event.Imported || !labelShape.MatchString(system)):
		return usage("sourceSystem goes with origin IMPORTED, and is a label")
	case system == "" && j.importing:
		return usage("sourceSystem is missing: from which system does it come?")
	case system == "":
		system = inventedSystem
	}
	q.ID = commandOf(l.Ref)
	if j.importing {
		j.names = j.from(system)
		q.ID = event.DeriveUUID("import-command", []byte(system), []byte(l.Ref))
	}
	if q.Origin == event.Imported {
		q.Import = event.Provenance{Reason: l.ImportReason, System: system}
	}
	return nil
}

// commandOf names the command of a simulated line.
func commandOf(ref string) event.UUID { return event.DeriveUUID("journal-command", []byte(ref)) }

// maxReason is how many characters say why something is imported.
const maxReason = 500

// command reads a line that is a command.
func (j *journal) command(l journalLine, q *recording.Request) error {
	command, known := catalogue.Named(l.Command)
	if !known {
		return usage("there is no such command")
	}
	stream, err := j.streamOf(l)
	if err != nil {
		return err
	}
	if stream.Kind != command.Kind {
		return usage("the command is not given to that kind of stream")
	}
	q.Command, q.IfAny, q.Stream = l.Command, true, stream
	if stream.Kind == event.CaseStream {
		q.Person = stream.Of
	}
	q.Body, err = j.body(command, l.Body)
	return err
}

// look reads a line that is a look. It goes on a stream of the reader's own:
// one for each day, as a session would be.
func (j *journal) look(l journalLine, q *recording.Request) (any, error) {
	a := l.Access
	switch {
	case l.ExpectRejected != "" || len(l.Body) > 0:
		return nil, usage("a look has no body, and nothing is expected of it")
	case q.Purpose == "":
		return nil, usage("a look has a purpose")
	case !viewShape.MatchString(string(a.View)) || a.Items < 0 || a.Items > mostItems:
		return nil, usage("a look has a view, and shows from 1 to %d items", mostItems)
	case utf8.RuneCountInString(a.Reason) > maxReason || strings.ContainsRune(a.Reason, 0):
		return nil, usage("a look's reason is longer than %d characters, or holds U+0000", maxReason)
	}
	var subjects []event.UUID
	if l.Person != "" || l.Stream != "" {
		stream, err := j.streamOf(l)
		if err != nil {
			return nil, err
		}
		if stream.Kind != event.CaseStream {
			return nil, usage("a look is at a person's record")
		}
		q.Person, subjects = stream.Of, []event.UUID{stream.Of}
	}
	q.Stream = sessionOf(q.Actor, q.Effective)
	var reason event.Personal[string]
	if a.Reason != "" {
		reason = event.Own(a.Reason)
	}
	items := max(a.Items, 1)
	switch {
	case a.Ledger && a.Export, a.Class != "" && (a.Ledger || a.Export):
		return nil, usage("a look is one of a class, of the ledger, or an export")
	case a.Ledger || a.Export:
		if !purposeShape.MatchString(string(a.Purpose)) {
			return nil, usage("a use of the ledger has a purpose: %v are those allowed", access.Purposes)
		}
		if a.Ledger {
			return access.LedgerRead{View: a.View, Purpose: a.Purpose, Subjects: subjects, Items: items, Reason: reason}, nil
		}
		return access.ReplayExported{Purpose: a.Purpose, Subjects: subjects, Items: items, Reason: reason}, nil
	case !slices.Contains(access.Classes, a.Class) || a.Purpose != "":
		return nil, usage("a look has one of the classes %v, and its purpose stands beside it", access.Classes)
	case len(subjects) == 0 && a.Class != access.ReadList && a.Class != access.Search:
		return nil, usage("a look at one record says whose")
	}
	return access.RecordAccessed{View: a.View, Class: a.Class, Subjects: subjects, Items: items, Reason: reason}, nil
}

// sessionOf is the stream of a reader's looks of one day.
func sessionOf(by event.Actor, at event.When) event.StreamID {
	return event.Access(event.DeriveUUID("journal-session", by.ID[:], by.Org[:], []byte(event.DayOf(at.Earliest()).String())))
}

// mostItems bounds how much one look shows.
const mostItems = 1_000_000

var (
	refShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$`)
	// purposeShape lets through a purpose that is not allowed: it happened, and is
	// found.
	purposeShape = regexp.MustCompile(`^[A-Z]+(_[A-Z]+)*$`)
	viewShape    = regexp.MustCompile(`^[a-z]+([.-][a-z]+)*$`)
)

// streamOf is what a line is given to: the case of the person labelled so, or
//
//	agreement:DSA-1    the agreement labelled DSA-1
//	org:HUB-CAM        the governance of the organisation with that code or label
//	finding:A          the findings about the person labelled A
//	policy             the policy
//	case-<uuid>        and agreement-, org- and finding-: the stream of that name
func (j *journal) streamOf(l journalLine) (event.StreamID, error) {
	switch {
	case (l.Person == "") == (l.Stream == ""):
		return event.StreamID{}, usage("one of person and stream is needed")
	case l.Person != "":
		if !labelShape.MatchString(l.Person) {
			return event.StreamID{}, usage("person is not a label")
		}
		return event.Case(of(l.Person, j.names.person)), nil
	}
	kind, label, labelled := strings.Cut(l.Stream, ":")
	if !labelled {
		s, err := event.ParseStreamID(l.Stream)
		if err != nil || s.Kind == event.AccessStream || s.Kind == event.LedgerStream {
			return event.StreamID{}, usage("stream does not name one")
		}
		return s, nil
	}
	switch {
	case !labelShape.MatchString(label):
	case kind == "agreement":
		return event.Agreement(of(label, j.names.agreement)), nil
	case kind == "finding":
		return event.Findings(of(label, j.names.person)), nil
	case kind == "org":
		if org, ok := j.names.register.ByCode(reference.OrganisationCode(label)); ok {
			return event.Organisation(org.ID), nil
		}
		return event.StreamID{}, usage("stream names an organisation that is not known")
	}
	return event.StreamID{}, usage("stream does not name one")
}

var labelShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)

// personOf is the person that a label or an identifier stands for.
func personOf(label string) event.UUID { return of(label, personID) }

// actorOf reads a label of the cast, or an object that says who it is.
func (j *journal) actorOf(raw jsontext.Value) (event.Actor, error) {
	switch raw.Kind() {
	case '"':
		var label string
		if err := json.Unmarshal(raw, &label); err != nil {
			return event.Actor{}, unreadable("actor", err)
		}
		m, ok := memberNamed(label)
		if !ok || !j.names.cast {
			return event.Actor{}, usage("actor is not one of the cast")
		}
		return m.actor(), nil
	case '{':
		var a journalActor
		if err := json.Unmarshal(raw, &a, json.RejectUnknownMembers(true)); err != nil {
			return event.Actor{}, unreadable("actor", err)
		}
		org, ok := j.names.register.ByCode(a.Org)
		if !ok || !labelShape.MatchString(a.Label) || !reference.HeldOn(a.Role, org.Side) {
			return event.Actor{}, usage("actor needs a label, an organisation that is known, and a role that its side has")
		}
		return event.Actor{ID: of(a.Label, j.names.actor), Role: a.Role, Side: org.Side, Org: org.ID}, nil
	}
	return event.Actor{}, usage("actor is missing, or neither a label nor an object")
}

// body reads the command's own body.
func (j *journal) body(command catalogue.Command, raw jsontext.Value) (any, error) {
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
		return of(name, j.names.person), nil
	case "actor":
		return of(name, j.names.actor), nil
	case "agreement":
		return of(name, j.names.agreement), nil
	case "org":
		if org, ok := j.names.register.ByCode(reference.OrganisationCode(name)); ok {
			return org.ID, nil
		}
		return event.UUID{}, usage("body mentions an organisation that is not known")
	}
	by, ok := j.refs[name]
	if j.recall != nil && kind == "made" {
		by, ok = j.recall(name)
	}
	if !ok || part == "" {
		return event.UUID{}, usage("body mentions a line that did not come before, or not what of it")
	}
	if kind == "made" {
		return event.Context{Person: by.stream.Of, Command: by.command}.NewID(part), nil
	}
	index, err := strconv.ParseUint(part, 10, 10)
	if err != nil {
		return event.UUID{}, usage("body mentions an event by what is not its number")
	}
	return event.DeriveID(by.actor, by.stream, by.command, int(index)).UUID, nil
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
