package api

import (
	"net/http"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/agreement"
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// Agreement is one data sharing agreement as it stands.
type Agreement struct {
	ID     event.UUID `json:"agreement"`
	Label  string     `json:"label"`
	Title  string     `json:"title"`
	Status string     `json:"status" doc:"DRAFT, IN_FORCE, SUSPENDED, EXPIRED or TERMINATED, at trueOn"`
	// AgreementVersion is the current one, or the latest where none is in force.
	AgreementVersion
	TerminatedAt event.When     `json:"terminatedAt,omitzero"`
	Used         int            `json:"usedBy" doc:"how many rows of the caller's disclosure register rest on it"`
	Position     event.Position `json:"-"`
	Entry        string         `json:"entry"`
}

// AgreementVersion is what one version says, and who signed it.
type AgreementVersion struct {
	Version    int                `json:"version"`
	From       event.Day          `json:"from"`
	To         event.Day          `json:"to" doc:"the first day on which it is no longer in force"`
	ReviewDue  event.Day          `json:"reviewDue,omitzero"`
	DPIA       event.UUID         `json:"dpia,omitzero"`
	Parties    []SharingParty     `json:"parties"`
	Purposes   []string           `json:"purposes"`
	Flows      []SharingFlow      `json:"flows"`
	Confidence []string           `json:"confidence,omitempty"`
	Gateways   []string           `json:"gateways,omitempty"`
	Signed     []SharingSignature `json:"signed"`
}

// SharingParty is one organisation that has to sign.
type SharingParty struct {
	Organisation event.UUID `json:"organisation"`
	Side         event.Side `json:"side"`
	Role         string     `json:"controllerRole"`
}

// SharingFlow is what may go from which side to which.
type SharingFlow struct {
	From       event.Side `json:"from"`
	To         event.Side `json:"to"`
	Categories []string   `json:"categories"`
}

// SharingSignature is a party's signature.
type SharingSignature struct {
	Organisation event.UUID `json:"organisation"`
	As           string     `json:"as"`
	By           event.UUID `json:"by"`
	At           event.When `json:"at"`
}

// AgreementDetail is an agreement with all its versions.
type AgreementDetail struct {
	Agreement
	Stream    event.StreamID     `json:"-"`
	Versions  []AgreementVersion `json:"versions" doc:"in their order, from when the caller's organisation has to do with it"`
	Suspended []Stretch          `json:"suspended"`
}

// Stretch is a stretch of time; until is left out while it lasts.
type Stretch struct {
	From  event.When `json:"from"`
	Until event.When `json:"until,omitzero"`
}

// AgreementFilter says which agreements are wanted.
type AgreementFilter struct {
	TrueOn   time.Time // at which their status is asked
	Statuses []string  // empty: all
	Party    event.UUID
	Expiring int // ends within so many days of TrueOn; 0: no matter
}

var agreementStatuses = []agreement.Status{agreement.Draft, agreement.InForce, agreement.Suspended, agreement.Expired, agreement.Terminated}

// mostDays bounds how far ahead is looked.
const mostDays = 3650

var listAgreements = operation[[]Agreement]{
	ID: "list-agreements", Method: http.MethodGet, Path: prefix + "/agreements",
	Summary: "The agreements that the caller's controller has to do with, by which is shared or is to be",
	Action:  "agreement.list", Audit: access.ReadList, View: "agreements",
	Query: append([]parameter{
		{Name: "true_on", Type: "string", Doc: "status as it was then: an RFC 3339 instant or a day; left out, now"},
		{Name: "status", Type: "string", Doc: "only these, separated by commas: DRAFT, IN_FORCE, SUSPENDED, EXPIRED, TERMINATED"},
		{Name: "party", Type: "string", Format: "uuid", Doc: "only those to which this organisation is a party"},
		{Name: "expiring", Type: "integer", Doc: "only those in force or suspended that end within so many days: 1 to 3650"},
	}, pageParameters...),
	Handle: (*API).listAgreements,
}

func (a *API) listAgreements(c *call) (answer[[]Agreement], error) {
	none := answer[[]Agreement]{}
	page, err := c.page()
	if err != nil {
		return none, err
	}
	var f AgreementFilter
	if f.TrueOn, err = c.moment("true_on"); err != nil {
		return none, err
	}
	if f.Statuses, err = c.codes("status", listed(agreementStatuses...)); err != nil {
		return none, err
	}
	if f.Party, err = c.uuid("party"); err != nil {
		return none, err
	}
	if f.Expiring, err = c.number("expiring", 1, mostDays, 0); err != nil {
		return none, err
	}
	rows, total, reflects, err := c.view.Agreements(c.ctx, f, page)
	for i := range rows {
		rows[i].Entry = c.entry(rows[i].Position)
	}
	return answer[[]Agreement]{Data: rows, Reflects: reflects, Page: page.block(total), Items: len(rows)}, err
}

var getAgreement = operation[AgreementDetail]{
	ID: "get-agreement", Method: http.MethodGet, Path: prefix + "/agreements/{agreement}",
	Summary: "One agreement with all its versions and who signed them",
	Action:  "agreement.read", Audit: access.ReadList, View: "agreement",
	Query: []parameter{
		{Name: "true_on", Type: "string", Doc: "status as it was then: an RFC 3339 instant or a day; left out, now"},
	},
	Handle: (*API).getAgreement,
}

var errNoAgreement = fault.New(fault.Absent, "no-such-agreement", "there is no such agreement, or not for you")

func (a *API) getAgreement(c *call) (answer[AgreementDetail], error) {
	id, err := event.ParseUUID(c.path("agreement"))
	if err != nil || id.IsZero() {
		return answer[AgreementDetail]{}, errNoAgreement
	}
	at, err := c.moment("true_on")
	if err != nil {
		return answer[AgreementDetail]{}, err
	}
	found, reflects, err := c.view.Agreement(c.ctx, id, at)
	if err != nil {
		return answer[AgreementDetail]{}, err
	}
	found.Entry = c.entry(found.Position)
	return answer[AgreementDetail]{Data: found, Reflects: reflects, Items: 1, Stream: found.Stream}, nil
}
