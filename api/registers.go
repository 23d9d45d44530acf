package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"caseledger/domain/event"
)

// Registers is what information governance reads of one side: what was found,
// what was agreed, what is due. No method returns what the caller may not see.
type Registers interface {
	// Findings returns a page of the findings about acts of the caller's
	// controller, and how many there are in all.
	Findings(ctx context.Context, f FindingFilter, p Page) ([]Finding, int, Reflects, error)
	// Finding returns one of them with the entries that show it, as far as they
	// are the caller's to see; the fault "no-such-finding", kind Absent, if it
	// is not there or not for them. The revision is that of the findings about
	// the same person or organisation.
	Finding(ctx context.Context, id event.UUID) (FindingDetail, Reflects, error)
	// Agreements returns a page of the agreements that the caller's controller
	// drafted or is a party to, by label, and how many there are in all.
	Agreements(ctx context.Context, f AgreementFilter, p Page) ([]Agreement, int, Reflects, error)
	// Agreement returns one of them as it stood at a time; the fault
	// "no-such-agreement", kind Absent, if it is not there or not for them.
	Agreement(ctx context.Context, id event.UUID, at time.Time) (AgreementDetail, Reflects, error)
	// RightsRequests returns a page, the one received first before the others.
	RightsRequests(ctx context.Context, f RightsFilter, p Page) ([]RightsRequest, int, Reflects, error)
	// Retention returns a page of periods, by the day they are due, or of holds.
	Retention(ctx context.Context, f RetentionFilter, p Page) ([]Retention, int, Reflects, error)
	// Reviews returns a page, the one due first before the others.
	Reviews(ctx context.Context, f ReviewFilter, p Page) ([]Review, int, Reflects, error)
	// Review returns one use of break-glass; the fault "no-such-review", kind
	// Absent, if it is not there or not for the caller.
	Review(ctx context.Context, id event.UUID) (ReviewDetail, Reflects, error)
	// Governance returns a page of one register, the latest entry first.
	Governance(ctx context.Context, f GovernanceFilter, p Page) ([]Governance, int, Reflects, error)
}

// reviewing are those who review what the monitors find.
var reviewing = []event.Role{"IG_LEAD", "DPO", "SIRO", "CALDICOTT", "AUDITOR"}

// codes reads a parameter that is several of a list's codes, separated by
// commas; none if it is left out.
func (c *call) codes(name string, listed func(string) bool) ([]string, error) {
	if !c.query.Has(name) {
		return nil, nil
	}
	codes := strings.Split(c.query.Get(name), ",")
	if slices.ContainsFunc(codes, func(code string) bool { return !listed(code) }) {
		return nil, badParameter(name, "parameter-unknown-code", "holds a code that is not listed")
	}
	return codes, nil
}

// moment reads a parameter that is a time at which something is asked; now if
// it is left out. It may not be in the future.
func (c *call) moment(name string) (time.Time, error) {
	at, err := c.instant(name)
	switch {
	case err != nil:
		return at, err
	case at.IsZero():
		return c.now, nil
	case at.After(event.DayOf(c.now).End()):
		return at, badParameter(name, "in-the-future", "is in the future")
	}
	c.look.TrueOn = event.At(at)
	return at, nil
}

// sorted reads the parameter "sort": a column, with "-" before it for the
// largest first.
func (c *call) sorted(standard string, columns ...string) (Sort, error) {
	text := standard
	if c.query.Has("sort") {
		text = c.query.Get("sort")
	}
	column, descending := strings.CutPrefix(text, "-")
	if !slices.Contains(columns, column) {
		return Sort{}, badParameter("sort", "parameter-unknown-code", "names nothing that this list is sorted by")
	}
	return Sort{column, descending}, nil
}

// Sort says by what a list is sorted.
type Sort struct {
	By         string
	Descending bool
}

// listed makes a code list of typed codes.
func listed[T ~string](codes ...T) func(string) bool {
	return func(s string) bool { return slices.Contains(codes, T(s)) }
}
