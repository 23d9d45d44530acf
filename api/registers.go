package api

import (
	"context"
	"slices"
	"strings"

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
