package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// operation is one read operation: everything about it as data, and how its
// answer is made. T is the data of the answer.
type operation[T any] struct {
	ID, Method, Path string
	Summary          string
	Action           string       // its row in the table of who may
	Audit            access.Class // how the access log counts it
	View             access.View  // what the access log calls it
	Query            []parameter
	Body             reflect.Type // nil: none
	// Fixed marks an answer that may be kept and asked for again with
	// If-None-Match: what it is about never changes.
	Fixed bool
	// Media is the content type of an answer that is a file; empty is JSON.
	Media string
	// Purpose is what a request that names none is for; empty: it must name one.
	Purpose event.Purpose
	Also    []int // statuses that it may refuse with beside the usual ones
	Handle  func(*API, *call) (answer[T], error)
}

// parameter is a query parameter. One that no operation declares is refused:
// a filter that is ignored is a disclosure.
type parameter struct {
	Name, Doc string
	Type      string // JSON Schema type: string or integer
	Format    string
}

// answer is what an operation found, before it is known that the reader's
// look is on the record.
type answer[T any] struct {
	Data     T
	Reflects Reflects
	Page     *pageBlock
	Subjects []event.UUID
	Items    int
	// Person is set where the answer is about one person's case, whose
	// revision becomes the ETag.
	Person event.UUID
	// Stream is set where the answer is about one stream that is not a case,
	// whose revision becomes the ETag.
	Stream event.StreamID
	// File is answered instead of Data by an operation with a Media.
	File file
}

// file is an answer that is not JSON.
type file struct {
	Bytes []byte
	Name  string // under which it is saved; empty: as the client likes
	Cache string // Cache-Control; empty: it is not kept
}

// pageBlock says which part of a list an answer is.
type pageBlock struct {
	Next       string `json:"next,omitempty" doc:"the after of the next request"`
	More       *bool  `json:"more,omitempty" doc:"whether it is known that there is more"`
	Page       int    `json:"page,omitzero"`
	PerPage    int    `json:"perPage,omitzero"`
	TotalCount *int   `json:"totalCount,omitempty"`
	TotalPages *int   `json:"totalPages,omitempty"`
	IsLastPage *bool  `json:"isLastPage,omitempty"`
}

// meta says what an answer was made from.
type meta struct {
	TrueOn       time.Time `json:"trueOn,omitzero"`
	KnownOn      time.Time `json:"knownOn,omitzero"`
	KnownAtEntry string    `json:"knownAtEntry,omitempty" doc:"gives the same answer when sent as known_at_entry"`
	AsOfLatest   bool      `json:"asOfLatest"`
	Projection   string    `json:"projection,omitempty"`
	Withheld     string    `json:"withheld" doc:"the same for everybody"`
	Entry        string    `json:"entry,omitempty" doc:"of the last event recorded"`
	Consistency  string    `json:"consistency,omitempty" doc:"send it as X-Consistency-Token to read your own writes"`
	Integrity    string    `json:"integrity,omitempty" doc:"failed: an alarm says that the ledger is not what was signed; X-Ledger-Integrity says the same on every answer"`
}

const withheld = "may-be-incomplete"

// envelope is every answer's body.
type envelope[T any] struct {
	Data T          `json:"data"`
	Page *pageBlock `json:"page,omitzero"`
	Meta meta       `json:"meta"`
}

// call is one admitted request on its way through an operation.
type call struct {
	ctx     context.Context
	http    *http.Request
	caller  Caller
	purpose event.Purpose
	person  event.UUID // of the path; zero if it has none
	path    func(name string) string
	query   url.Values
	body    any // a value of the operation's Body type
	view    View
	now     time.Time
	look    access.RecordAccessed // the times asked about, for the record
	ledger  access.Purpose        // what the log of who looked is read for; empty of other reads
	api     *API
}

// route is an operation whose types no longer matter.
type route struct {
	id, method, path string
	summary          string
	action           string
	roles            []event.Role
	public           bool
	document         func(huma.Registry) *huma.Operation
	serve            func(http.ResponseWriter, *http.Request, huma.Context)
}

// bind makes a route of a read operation.
func bind[T any](a *API, o operation[T]) route {
	allowed, ok := may[o.Action]
	if !ok {
		panic("api: " + o.ID + " has no row in the table of who may")
	}
	return bindFor(a, o, allowed)
}

func bindFor[T any](a *API, o operation[T], allowed []event.Role) route {
	if o.Audit == "" || o.View == "" {
		panic("api: " + o.ID + " says nothing for the access log")
	}
	return route{
		id: o.ID, method: o.Method, path: o.Path, summary: o.Summary, action: o.Action, roles: allowed,
		document: func(r huma.Registry) *huma.Operation { return documentRead(r, o, allowed) },
		serve: func(w http.ResponseWriter, r *http.Request, h huma.Context) {
			if err := serveRead(a, o, allowed, w, r, h); err != nil {
				a.fail(r.Context(), w, err)
			}
		},
	}
}

// serveRead carries an operation out. Its order is the promise: who, whether
// they may, what they ask, the answer, the look on the record, and only then
// the first byte.
func serveRead[T any](a *API, o operation[T], allowed []event.Role, w http.ResponseWriter, r *http.Request, h huma.Context) error {
	c, leave, err := a.admit(r, h, allowed)
	if err != nil {
		return err
	}
	defer leave()
	if err := c.readQuery(o.Query); err != nil {
		return err
	}
	if c.purpose == "" {
		c.purpose = o.Purpose
	}
	if c.purpose == "" {
		return errNoPurpose
	}
	if o.Body != nil {
		if c.body, err = c.readBody(o.Body); err != nil {
			return err
		}
	}
	if c.view, err = a.config.Views.For(c.caller); err != nil {
		return err
	}
	if err := c.await(); err != nil {
		return err
	}
	found, err := o.Handle(a, c)
	if err != nil {
		return err
	}
	body := found.File.Bytes
	if o.Media == "" {
		if body, err = json.Marshal(envelope[T]{found.Data, found.Page, c.metaOf(found.Reflects)}, json.Deterministic(true)); err != nil {
			return err
		}
	}
	look := c.look
	look.View, look.Class, look.Items, look.Bytes = o.View, o.Audit, found.Items, len(body)
	look.Subjects = distinct(found.Subjects)
	if err := a.record(c, look); err != nil {
		return err
	}
	header := w.Header()
	switch {
	case o.Fixed:
		tag := `"` + a.tokens.digest(c.caller, body) + `"`
		header.Set("ETag", tag)
		if slices.Contains(splitList(r.Header.Values("If-None-Match")), tag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	case !found.Person.IsZero() && found.Reflects.Latest:
		header.Set("ETag", c.etag(found.Person, found.Reflects.Revision))
	case found.Stream.Kind != 0:
		header.Set("ETag", c.etag(scopeOfStream(found.Stream), found.Reflects.Revision))
	}
	if o.Media != "" {
		found.File.write(w, o.Media)
		return nil
	}
	reply(w, http.StatusOK, body)
	return nil
}

func (f file) write(w http.ResponseWriter, media string) {
	header := w.Header()
	if f.Name != "" {
		header.Set("Content-Disposition", `attachment; filename="`+f.Name+`"`)
	}
	if f.Cache != "" {
		header.Set("Cache-Control", f.Cache)
	}
	header.Set("Content-Type", media)
	header.Set("Content-Length", strconv.Itoa(len(f.Bytes)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(f.Bytes) // as in reply
}

// reply sends a JSON answer.
func reply(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away has been told nothing it may not know
}

// record puts a look on the record; without it nothing may be answered.
func (a *API) record(c *call, look access.RecordAccessed) error {
	q := requestOf(c.ctx)
	on := Look{Caller: c.caller, ID: a.random.uuid(), Purpose: c.purpose, Correlation: q.correlation, At: c.now, Data: look}
	if c.ledger != "" {
		on.Ledger = access.LedgerRead{View: look.View, Purpose: c.ledger, Subjects: look.Subjects, Items: look.Items,
			TrueOn: look.TrueOn, KnownOn: look.KnownOn, Reason: look.Reason}
	}
	if err := a.config.AccessLog.Append(c.ctx, on); err != nil {
		return &unrecorded{err}
	}
	return nil
}

// unrecorded is the failure to put a look on the record.
type unrecorded struct{ cause error }

func (u *unrecorded) Error() string { return "append to the access log: " + u.cause.Error() }

func (u *unrecorded) As(target any) bool {
	f, ok := target.(**fault.Fault)
	if ok {
		*f = fault.New(fault.Unavailable, "access-log-unavailable", "reads are not answered while they cannot be recorded")
	}
	return ok
}

// admit says who is asking and whether they may.
func (a *API) admit(r *http.Request, h huma.Context, allowed []event.Role) (*call, func(), error) {
	ctx := r.Context()
	q := requestOf(ctx)
	caller, named, err := a.identify(ctx, r.Header.Values("Authorization"))
	if err != nil {
		return nil, nil, err
	}
	q.caller = caller
	if !slices.Contains(allowed, caller.Actor.Role) {
		return nil, nil, errRole
	}
	if !named && h.Operation().Metadata["writes"] == true {
		return nil, nil, errUnnamed
	}
	if !a.inFlight.enterSession(caller.Session, a.config.Limits.PerCaller) {
		return nil, nil, &fault.Fault{Kind: fault.TooMany, Code: "too-many-requests", Message: "too many requests of this session at a time", RetryAfter: retryLater}
	}
	leave := func() { a.inFlight.leaveSession(caller.Session) }
	c := &call{ctx: ctx, http: r, caller: caller, path: h.Param, now: a.config.Clock().UTC(), api: a}
	if err := c.readHead(h); err != nil {
		leave()
		return nil, nil, err
	}
	return c, leave, nil
}

// readHead reads what every operation may have: the person of the path and
// the purpose.
func (c *call) readHead(h huma.Context) error {
	if strings.Contains(h.Operation().Path, "{person}") {
		person, err := event.ParseUUID(c.path("person"))
		if err != nil || person.IsZero() {
			return errNoPerson
		}
		c.person = person
		requestOf(c.ctx).person = person
	}
	if err := c.readReason(); err != nil {
		return err
	}
	values := c.http.Header.Values("X-Purpose-Of-Use")
	if len(values) == 0 {
		return nil
	}
	if c.purpose = event.Purpose(values[0]); len(values) > 1 || !reference.Purposes.Listed(c.purpose) {
		return fault.New(fault.Invalid, "purpose-unknown", "X-Purpose-Of-Use holds no purpose code that is listed")
	}
	return nil
}

// maxReasonBytes is how long a reason may be.
const maxReasonBytes = 500

// readReason takes the reason a reader gives in their own words. It is kept
// with the look, sealed, and nowhere else.
func (c *call) readReason() error {
	values := c.http.Header.Values("X-Access-Reason")
	if len(values) == 0 {
		return nil
	}
	reason := strings.TrimSpace(values[0])
	if len(values) > 1 || reason == "" || len(reason) > maxReasonBytes || !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl) {
		return fault.New(fault.Invalid, "reason-malformed", "X-Access-Reason is one line of at most 500 bytes in UTF-8")
	}
	c.look.Reason = event.Own(reason)
	return nil
}

// readQuery takes the query parameters that are declared, each at most once,
// and refuses all others.
func (c *call) readQuery(declared []parameter) error {
	query, err := url.ParseQuery(c.http.URL.RawQuery)
	if err != nil {
		return fault.New(fault.Invalid, "query-malformed", "the query cannot be understood")
	}
	for name, values := range query {
		if !slices.ContainsFunc(declared, func(p parameter) bool { return p.Name == name }) {
			return fault.New(fault.Invalid, "parameter-unknown", "the query holds a parameter that this operation does not have")
		}
		if len(values) > 1 {
			return badParameter(name, "parameter-repeated", "is given more than once")
		}
		if strings.ContainsRune(values[0], 0) || len(values[0]) > 1024 {
			return badParameter(name, "parameter-malformed", "cannot be understood")
		}
	}
	c.query = query
	return nil
}

// badParameter refuses a declared parameter, by name.
func badParameter(name, code, what string) error {
	return &fault.Fault{Kind: fault.Invalid, Code: code, Message: "the query parameter " + name + " " + what}
}

// readBody reads the request's body as a value of type t and asks it whether
// its fields can be understood.
func (c *call) readBody(t reflect.Type) (any, error) {
	raw, err := readBody(c.http)
	if err != nil {
		return nil, err
	}
	body, err := decodeStrict(raw, t)
	if err != nil {
		return nil, err
	}
	return body, validate(body)
}

func validate(body any) error {
	if v, ok := body.(interface{ Validate() []fault.Field }); ok {
		if fields := v.Validate(); len(fields) > 0 {
			return &fault.Fault{Kind: fault.Invalid, Code: "invalid-body", Message: "the body cannot be accepted", Fields: fields}
		}
	}
	return nil
}

// await waits until the caller's view has what their consistency token names.
func (c *call) await() error {
	text := c.http.Header.Get("X-Consistency-Token")
	if text == "" {
		return nil
	}
	n, ok := c.api.tokens.read(positionToken, c.caller, event.UUID{}, text)
	if !ok {
		return fault.New(fault.Invalid, "consistency-token-invalid", "X-Consistency-Token is none that this side was given")
	}
	ctx, cancel := context.WithTimeout(c.ctx, c.api.config.Limits.Consistency)
	defer cancel()
	if err := c.view.WaitFor(ctx, event.Position(n)); err != nil {
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			return &fault.Fault{Kind: fault.Unavailable, Code: "view-behind", Message: "the read model has not caught up with what was recorded", RetryAfter: retryLater}
		}
		return err
	}
	return nil
}

func (c *call) entry(p event.Position) string {
	if p == 0 {
		return ""
	}
	return c.api.tokens.show(entryToken, c.caller, event.UUID{}, uint64(p))
}

func (c *call) etag(person event.UUID, r event.Revision) string {
	return `"` + c.api.tokens.show(revisionToken, c.caller, person, uint64(r)) + `"`
}

func (c *call) metaOf(r Reflects) meta {
	return meta{
		TrueOn: r.TrueOn.UTC(), KnownOn: r.KnownOn.UTC(), KnownAtEntry: c.entry(r.Position), AsOfLatest: r.Latest,
		Projection: r.Model, Withheld: withheld, Integrity: c.api.integrity(),
	}
}

// splitList splits the comma-separated values of a header.
func splitList(values []string) []string {
	var list []string
	for _, v := range values {
		for item := range strings.SplitSeq(v, ",") {
			if item = strings.TrimSpace(item); item != "" {
				list = append(list, item)
			}
		}
	}
	return list
}

func distinct(people []event.UUID) []event.UUID {
	seen := map[event.UUID]bool{}
	var out []event.UUID
	for _, p := range people {
		if !p.IsZero() && !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}
