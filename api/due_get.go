package api

import (
	"net/http"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
	"caseledger/domain/rights"
)

// What information governance has to do, and by when.

// RightsRequest is one request under data protection law, without what was
// asked or answered in words.
type RightsRequest struct {
	ID           event.UUID     `json:"request"`
	Person       event.UUID     `json:"person"`
	Kind         string         `json:"kind"`
	Status       string         `json:"status" doc:"OPEN, PAUSED, OVERDUE or ANSWERED, at trueOn"`
	Organisation event.UUID     `json:"organisation"`
	ReceivedAt   event.When     `json:"receivedAt"`
	Due          event.Day      `json:"due,omitzero" doc:"the last Europe/London day to answer; absent while the clock stands"`
	Pauses       []Stretch      `json:"pauses"`
	ExtendedAt   event.When     `json:"extendedAt,omitzero"`
	AnsweredAt   event.When     `json:"answeredAt,omitzero"`
	Outcome      string         `json:"outcome,omitempty"`
	Late         bool           `json:"late" doc:"answered late, or not answered with the day past"`
	Position     event.Position `json:"-"`
	Entry        string         `json:"entry"`
}

// The statuses of a request.
const (
	requestOpen     = "OPEN"
	requestPaused   = "PAUSED"
	requestOverdue  = "OVERDUE"
	requestAnswered = "ANSWERED"
)

// RightsFilter says which requests are wanted.
type RightsFilter struct {
	TrueOn time.Time // at which their status is asked
	Status string    // empty: all
	Kind   string
	Person event.UUID
}

var listRightsRequests = operation[[]RightsRequest]{
	ID: "list-rights-requests", Method: http.MethodGet, Path: prefix + "/rights-requests",
	Summary: "What people asked for under data protection law, and by when it is to be answered",
	Action:  "rights-request.list", Audit: access.ReadList, View: "rights-requests",
	Query: append([]parameter{
		{Name: "status", Type: "string", Doc: "OPEN, PAUSED, OVERDUE or ANSWERED"},
		{Name: "kind", Type: "string", Doc: "ACCESS, RECTIFICATION, ERASURE, RESTRICTION, OBJECTION or COMPLAINT"},
		{Name: "person", Type: "string", Format: "uuid", Doc: "only of this person"},
	}, pageParameters...),
	Handle: (*API).listRightsRequests,
}

func (a *API) listRightsRequests(c *call) (answer[[]RightsRequest], error) {
	none := answer[[]RightsRequest]{}
	page, err := c.page()
	if err != nil {
		return none, err
	}
	f := RightsFilter{TrueOn: c.now}
	if f.Status, err = c.code("status", oneOf(requestOpen, requestPaused, requestOverdue, requestAnswered)); err != nil {
		return none, err
	}
	if f.Kind, err = c.code("kind", listed(rights.RequestKinds...)); err != nil {
		return none, err
	}
	if f.Person, err = c.uuid("person"); err != nil {
		return none, err
	}
	rows, total, reflects, err := c.view.RightsRequests(c.ctx, f, page)
	found := answer[[]RightsRequest]{Data: rows, Reflects: reflects, Page: page.block(total), Items: len(rows)}
	for i := range rows {
		rows[i].Entry = c.entry(rows[i].Position)
		found.Subjects = append(found.Subjects, rows[i].Person)
	}
	return found, err
}

// Retention is one retention period, one legal hold, or one disposal or erasure of
// a person's record.
type Retention struct {
	ID           event.UUID     `json:"id"`
	Kind         string         `json:"kind" doc:"PERIOD, HOLD or ERASURE, which a disposal is too"`
	Person       event.UUID     `json:"person"`
	Organisation event.UUID     `json:"organisation"`
	Class        string         `json:"class,omitempty"`
	From         *event.Day     `json:"from,omitempty"`
	KeepUntil    *event.Day     `json:"keepUntil,omitempty" doc:"the last day of the minimum"`
	DisposeOn    *event.Day     `json:"disposeOn,omitempty" doc:"the day of the review; absent where the schedule does not dispose"`
	Due          bool           `json:"due" doc:"that day has come, the record is not disposed of, and nothing holds it"`
	Held         bool           `json:"held" doc:"a legal hold stands"`
	ReviewedAt   event.When     `json:"reviewedAt,omitzero"`
	Review       string         `json:"review,omitempty" doc:"what the last review came to"`
	DisposedAt   event.When     `json:"disposedAt,omitzero" doc:"when it was decided"`
	Disposed     []string       `json:"disposed,omitempty" doc:"the classes disposed of or erased"`
	ErasedAt     event.When     `json:"erasedAt,omitzero" doc:"when it was carried out: the keys are destroyed; absent while it waits"`
	Period       event.UUID     `json:"period,omitzero" doc:"of a disposal: the period that was over"`
	Request      event.UUID     `json:"request,omitzero" doc:"of an erasure: the request that was granted"`
	Keys         int            `json:"keysDestroyed,omitzero"`
	CopiesUntil  *event.Day     `json:"copiesUntil,omitempty" doc:"a backup of the keystore may hold a destroyed key until the end of this day"`
	PlacedAt     event.When     `json:"placedAt,omitzero"`
	LiftedAt     event.When     `json:"liftedAt,omitzero"`
	Position     event.Position `json:"-"`
	Entry        string         `json:"entry"`
}

// RetentionFilter says which periods or holds are wanted.
type RetentionFilter struct {
	Kind   string
	Class  string
	Person event.UUID
	// DueBy: only what is to be reviewed or disposed of on that day or earlier
	// and is not disposed of; 0: no matter.
	DueBy event.Day
}

var listRetention = operation[[]Retention]{
	ID: "list-retention", Method: http.MethodGet, Path: prefix + "/retention",
	Summary: "How long records are kept, what is due for review, what holds it, and what was erased",
	Action:  "retention.list", Audit: access.ReadList, View: "retention",
	Query: append([]parameter{
		{Name: "kind", Type: "string", Doc: "PERIOD, HOLD or ERASURE; left out, PERIOD"},
		{Name: "class", Type: "string", Doc: "a retention class"},
		{Name: "person", Type: "string", Format: "uuid", Doc: "only of this person"},
		{Name: "dueBy", Type: "string", Format: "date", Doc: "only periods due on this day or earlier and not disposed of"},
	}, pageParameters...),
	Handle: (*API).listRetention,
}

func (a *API) listRetention(c *call) (answer[[]Retention], error) {
	none := answer[[]Retention]{}
	page, err := c.page()
	if err != nil {
		return none, err
	}
	var f RetentionFilter
	if f.Kind, err = c.code("kind", oneOf("PERIOD", "HOLD", "ERASURE")); err != nil {
		return none, err
	}
	if f.Kind == "" {
		f.Kind = "PERIOD"
	}
	if f.Class, err = c.code("class", func(s string) bool { return reference.RetentionClasses.Listed(rights.RetentionClass(s)) }); err != nil {
		return none, err
	}
	if f.Person, err = c.uuid("person"); err != nil {
		return none, err
	}
	if f.DueBy, err = c.day("dueBy", 0); err != nil {
		return none, err
	}
	if f.Kind != "PERIOD" && (c.query.Has("class") || c.query.Has("dueBy")) {
		return none, badParameter("kind", "parameters-exclude-each-other", "only PERIOD has a class and a day on which it is due")
	}
	rows, total, reflects, err := c.view.Retention(c.ctx, f, page)
	found := answer[[]Retention]{Data: rows, Reflects: reflects, Page: page.block(total), Items: len(rows)}
	for i := range rows {
		rows[i].Entry = c.entry(rows[i].Position)
		found.Subjects = append(found.Subjects, rows[i].Person)
	}
	return found, err
}

// Review is one use of break-glass that somebody else reviews. The queue names
// nobody.
type Review struct {
	ID        event.UUID `json:"review"`
	Reference string     `json:"reference" doc:"names the use in messages"`
	OpenedAt  event.When `json:"openedAt"`
	Reason    string     `json:"reasonCode"`
	Due       time.Time  `json:"due" doc:"the last instant at which a review is in time"`
	Status    string     `json:"status" doc:"WAITING, OVERDUE or REVIEWED"`
	Verdict   string     `json:"verdict,omitempty" doc:"the last; MORE_INFORMATION settles nothing"`
}

// ReviewDetail is one use with whose record it was and who opened it.
type ReviewDetail struct {
	Review
	Person     event.UUID     `json:"person"`
	By         By             `json:"by"`
	ExpiresAt  event.When     `json:"expiresAt"`
	EndedAt    event.When     `json:"endedAt,omitzero"`
	Reviewer   event.UUID     `json:"reviewer,omitzero"`
	ReviewedAt event.When     `json:"reviewedAt,omitzero"`
	Position   event.Position `json:"-"`
	Entry      string         `json:"entry"`
}

// ReviewFilter says which uses are wanted.
type ReviewFilter struct {
	Statuses []string // empty: WAITING and OVERDUE
}

var listReviews = operation[[]Review]{
	ID: "list-reviews", Method: http.MethodGet, Path: prefix + "/reviews",
	Summary: "The uses of break-glass that wait for a review, the longest due first; without whose record it was",
	Action:  "review.list", Audit: access.ReadList, View: "reviews",
	Query: append([]parameter{
		{Name: "status", Type: "string", Doc: "only these, separated by commas: WAITING, OVERDUE, REVIEWED; left out, WAITING and OVERDUE"},
	}, pageParameters...),
	Handle: (*API).listReviews,
}

func (a *API) listReviews(c *call) (answer[[]Review], error) {
	page, err := c.page()
	if err != nil {
		return answer[[]Review]{}, err
	}
	var f ReviewFilter
	if f.Statuses, err = c.codes("status", oneOf("WAITING", "OVERDUE", "REVIEWED")); err != nil {
		return answer[[]Review]{}, err
	}
	rows, total, reflects, err := c.view.Reviews(c.ctx, f, page)
	return answer[[]Review]{Data: rows, Reflects: reflects, Page: page.block(total), Items: len(rows)}, err
}

var getReview = operation[ReviewDetail]{
	ID: "get-review", Method: http.MethodGet, Path: prefix + "/reviews/{review}",
	Summary: "One use of break-glass: who opened whose record, and until when",
	Action:  "review.read", Audit: access.ReadOne, View: "review",
	Handle: (*API).getReview,
}

var errNoReview = fault.New(fault.Absent, "no-such-review", "there is no such review, or not for you")

func (a *API) getReview(c *call) (answer[ReviewDetail], error) {
	id, err := event.ParseUUID(c.path("review"))
	if err != nil || id.IsZero() {
		return answer[ReviewDetail]{}, errNoReview
	}
	found, reflects, err := c.view.Review(c.ctx, id)
	if err != nil {
		return answer[ReviewDetail]{}, err
	}
	found.Entry = c.entry(found.Position)
	return answer[ReviewDetail]{Data: found, Reflects: reflects, Items: 1, Subjects: []event.UUID{found.Person}}, nil
}

// Governance is one entry of one register of an organisation. Members that its
// register lacks are absent.
type Governance struct {
	ID           event.UUID     `json:"id"`
	Register     string         `json:"register"`
	Organisation event.UUID     `json:"organisation"`
	Code         string         `json:"code,omitempty" doc:"what it is about: a processing, a condition, a purpose, a role, a course or a kind of breach"`
	Version      int            `json:"version,omitzero"`
	At           event.When     `json:"at"`
	From         *event.Day     `json:"from,omitempty"`
	Staff        event.UUID     `json:"staff,omitzero"`
	Senior       bool           `json:"senior,omitzero"`
	EndedAt      event.When     `json:"endedAt,omitzero"`
	Recipient    event.Side     `json:"recipientSide,omitempty"`
	Categories   []string       `json:"categories,omitempty"`
	Residual     string         `json:"residualRisk,omitempty"`
	Consulted    bool           `json:"regulatorConsulted,omitzero"`
	Due          time.Time      `json:"due,omitzero" doc:"from when it is overdue"`
	Overdue      bool           `json:"overdue"`
	Breach       *Incident      `json:"breach,omitempty"`
	Position     event.Position `json:"-"`
	Entry        string         `json:"entry"`
}

// Incident is what became of a personal data breach. It says how many people
// it is about, and not who.
type Incident struct {
	AwareAt    event.When `json:"awareAt"`
	Notifiable bool       `json:"notifiable"`
	NotifyBy   time.Time  `json:"notifyBy,omitzero" doc:"the last instant at which the regulator is told in time"`
	AssessedAt event.When `json:"assessedAt,omitzero"`
	Likelihood string     `json:"likelihood,omitempty"`
	NotifiedAt event.When `json:"notifiedAt,omitzero"`
	Late       bool       `json:"notifiedLate" doc:"told late, or not told with the time over"`
	Delay      string     `json:"delayReason,omitempty"`
	People     int        `json:"people" doc:"how many are known to be touched"`
	InformedAt event.When `json:"informedAt,omitzero"`
}

// GovernanceFilter says which entries are wanted.
type GovernanceFilter struct {
	Register     string
	Organisation event.UUID
	Staff        event.UUID
	Overdue      bool // only those
}

var listGovernance = operation[[]Governance]{
	ID: "list-governance", Method: http.MethodGet, Path: prefix + "/governance",
	Summary: "One register of the information governance of the caller's organisations, the latest entry first",
	Action:  "governance.list", Audit: access.ReadList, View: "governance",
	Query: append([]parameter{
		{Name: "register", Type: "string", Doc: "required: DPIA, PROCESSING_CHANGE, POLICY_DOCUMENT, ROPA, STAFF_ROLE, TRAINING, UNDERTAKING or BREACH"},
		{Name: "organisation", Type: "string", Format: "uuid", Doc: "only of this organisation"},
		{Name: "staff", Type: "string", Format: "uuid", Doc: "only about this member of staff"},
		{Name: "overdue", Type: "string", Doc: "true: only what is overdue"},
	}, pageParameters...),
	Handle: (*API).listGovernance,
}

func (a *API) listGovernance(c *call) (answer[[]Governance], error) {
	none := answer[[]Governance]{}
	page, err := c.page()
	if err != nil {
		return none, err
	}
	var f GovernanceFilter
	if f.Register, err = c.code("register", oneOf("DPIA", "PROCESSING_CHANGE", "POLICY_DOCUMENT", "ROPA", "STAFF_ROLE", "TRAINING", "UNDERTAKING", "BREACH")); err != nil {
		return none, err
	}
	if f.Register == "" {
		return none, badParameter("register", "parameter-missing", "says which register, and must be given")
	}
	if f.Organisation, err = c.uuid("organisation"); err != nil {
		return none, err
	}
	if f.Staff, err = c.uuid("staff"); err != nil {
		return none, err
	}
	overdue, err := c.code("overdue", oneOf("true", "false"))
	if err != nil {
		return none, err
	}
	f.Overdue = overdue == "true"
	rows, total, reflects, err := c.view.Governance(c.ctx, f, page)
	for i := range rows {
		rows[i].Entry = c.entry(rows[i].Position)
	}
	return answer[[]Governance]{Data: rows, Reflects: reflects, Page: page.block(total), Items: len(rows)}, err
}
