package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"caseledger/api"
	"caseledger/domain/agreement"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/projections"
	"caseledger/projections/agreements"
	"caseledger/projections/caseload"
	"caseledger/projections/governance"
	"caseledger/projections/retention"
	"caseledger/projections/reviews"
	"caseledger/projections/rightsrequests"
)

var (
	errNoAgreement = fault.New(fault.Absent, "no-such-agreement", "there is no such agreement, or not for you")
	errNoReview    = fault.New(fault.Absent, "no-such-review", "there is no such review, or not for you")
)

// ofSide limits a query as [view.controllers] does. What belongs to a side
// without belonging to one of its controllers is in that side's own set alone:
// in the auditors' set it might be any side's.
func (v *view) ofSide() []projections.Condition { return v.controllers(v.side.name != audit) }

// ours reports whether an organisation is of the caller's controller.
func (v *view) ours(org event.UUID) bool {
	return v.everybody || v.trust.register.Controller(org) == v.controller
}

// list reads one page of a register and how many rows there are in all.
func list[Row, Shown any](ctx context.Context, v *view, m projections.Model[Row], where []projections.Condition, order []projections.Order, p api.Page,
	shown func(projections.View, []Row) ([]Shown, error)) (out []Shown, total int, reflects api.Reflects, err error) {
	err = v.side.store.View(ctx, func(read projections.View) error {
		if total, err = read.Count(m.Projection, where...); err != nil {
			return err
		}
		rows, err := selectPage(read, m, where, order, p)
		if err != nil {
			return err
		}
		if out, err = shown(read, rows); err != nil {
			return err
		}
		reflects, err = v.current(read, m.Projection, caseload.Row{})
		return err
	})
	return out, total, reflects, told(err)
}

// each shows every row by itself.
func each[Row, Shown any](one func(Row) Shown) func(projections.View, []Row) ([]Shown, error) {
	return func(_ projections.View, rows []Row) ([]Shown, error) {
		out := make([]Shown, len(rows))
		for i, r := range rows {
			out[i] = one(r)
		}
		return out, nil
	}
}

// Agreements implements api.View. Whether an agreement is the caller's, and how
// it stands at a time, is asked of each: organisations have few.
func (v *view) Agreements(ctx context.Context, f api.AgreementFilter, p api.Page) (out []api.Agreement, total int, reflects api.Reflects, err error) {
	err = v.side.store.View(ctx, func(read projections.View) error {
		found := []api.Agreement{}
		model := v.side.models.agreements
		q := projections.Query{Limit: projections.MaxLimit}
		for {
			page, err := projections.Select(read, model, q)
			if err != nil {
				return err
			}
			for _, r := range page.Rows {
				if r, ok := r.For(v.ours); ok {
					if a := agreementOf(r, f.TrueOn); meets(a, r, f) {
						found = append(found, a)
					}
				}
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		slices.SortFunc(found, func(a, b api.Agreement) int {
			return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.ID.String(), b.ID.String()))
		})
		total = len(found)
		out = found[min(p.Offset(), total):min(p.Offset()+p.Size, total)]
		for i := range out {
			if out[i].Used, err = v.used(read, out[i].ID); err != nil {
				return err
			}
		}
		reflects, err = v.current(read, model.Projection, caseload.Row{})
		reflects.TrueOn = f.TrueOn
		return err
	})
	return out, total, reflects, told(err)
}

// meets reports whether an agreement meets a filter.
func meets(a api.Agreement, r agreements.Row, f api.AgreementFilter) bool {
	if len(f.Statuses) > 0 && !slices.Contains(f.Statuses, a.Status) {
		return false
	}
	if !f.Party.IsZero() && !slices.ContainsFunc(r.Versions, func(v agreement.Version) bool { return v.Terms.Party(f.Party) }) {
		return false
	}
	if f.Expiring == 0 {
		return true
	}
	live := a.Status == string(agreement.InForce) || a.Status == string(agreement.Suspended)
	return live && a.To <= event.DayOf(f.TrueOn)+event.Day(f.Expiring)
}

// used counts the rows of the caller's register that rest on an agreement.
func (v *view) used(read projections.View, id event.UUID) (int, error) {
	return read.Count(v.side.models.disclosures.Projection, append(v.ofSide(), projections.Eq("agreement", id))...)
}

// agreementOf is an agreement as the api shows it, at a time.
func agreementOf(r agreements.Row, at time.Time) api.Agreement {
	status, current := r.Value().StatusAt(at)
	return api.Agreement{ID: r.Agreement.Of, Label: string(current.Terms.Label), Title: r.Title, Status: string(status),
		AgreementVersion: versionOf(r, current), TerminatedAt: r.Terminated, Position: r.Position}
}

func versionOf(r agreements.Row, v agreement.Version) api.AgreementVersion {
	t := v.Terms
	out := api.AgreementVersion{Version: v.Number, From: t.From, To: t.To, ReviewDue: t.ReviewDue, DPIA: t.DPIA, Parties: []api.SharingParty{},
		Purposes: texts(t.Purposes), Flows: []api.SharingFlow{}, Confidence: texts(t.Confidence), Gateways: texts(t.Gateways), Signed: []api.SharingSignature{}}
	for _, p := range t.Parties {
		out.Parties = append(out.Parties, api.SharingParty{Organisation: p.Org, Side: p.Side, Role: string(p.Role)})
	}
	for _, f := range t.Flows {
		out.Flows = append(out.Flows, api.SharingFlow{From: f.From, To: f.To, Categories: texts(f.Categories)})
	}
	for _, s := range r.Signatures {
		if s.Version == v.Number {
			out.Signed = append(out.Signed, api.SharingSignature{Organisation: s.Org, As: string(s.As), By: s.By, At: s.At})
		}
	}
	return out
}

// texts are codes as the api shows them.
func texts[T ~string](codes []T) []string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = string(c)
	}
	return out
}

// Agreement implements api.View.
func (v *view) Agreement(ctx context.Context, id event.UUID, at time.Time) (out api.AgreementDetail, reflects api.Reflects, err error) {
	err = v.side.store.View(ctx, func(read projections.View) error {
		model := v.side.models.agreements
		whole, err := projections.One(read, model, event.Agreement(id), "")
		if err != nil {
			return err
		}
		if whole == nil {
			return errNoAgreement
		}
		r, ok := whole.For(v.ours)
		if !ok {
			return errNoAgreement
		}
		out = api.AgreementDetail{Agreement: agreementOf(r, at), Stream: r.Agreement, Versions: []api.AgreementVersion{}, Suspended: []api.Stretch{}}
		for _, one := range r.Versions {
			out.Versions = append(out.Versions, versionOf(r, one))
		}
		for _, s := range r.Suspended {
			out.Suspended = append(out.Suspended, api.Stretch{From: s.From, Until: s.Until})
		}
		if out.Used, err = v.used(read, id); err != nil {
			return err
		}
		reflects, err = v.current(read, model.Projection, caseload.Row{})
		reflects.TrueOn, reflects.Revision = at, r.Revision
		return err
	})
	return out, reflects, told(err)
}

// RightsRequests implements api.View.
func (v *view) RightsRequests(ctx context.Context, f api.RightsFilter, p api.Page) ([]api.RightsRequest, int, api.Reflects, error) {
	today := event.DayOf(f.TrueOn)
	where := v.ofSide()
	switch f.Status {
	case "OPEN":
		where = append(where, projections.Eq("answered", false), projections.AtLeast("due", today))
	case "PAUSED":
		where = append(where, projections.Eq("answered", false), projections.Eq("due", ""))
	case "OVERDUE":
		where = append(where, projections.Eq("answered", false), projections.Not("due", ""), projections.Below("due", today))
	case "ANSWERED":
		where = append(where, projections.Eq("answered", true))
	}
	if f.Kind != "" {
		where = append(where, projections.Eq("kind", f.Kind))
	}
	if !f.Person.IsZero() {
		where = append(where, projections.Stream(event.Case(f.Person)))
	}
	where, err := v.withoutBarred(ctx, where)
	if err != nil {
		return nil, 0, api.Reflects{}, err
	}
	return list(ctx, v, v.side.models.rightsRequests, where, []projections.Order{projections.Ascending("received")}, p,
		each(func(r rightsrequests.Row) api.RightsRequest { return requestOf(r, f.TrueOn) }))
}

// requestOf is a request as the api shows it, at a time.
func requestOf(r rightsrequests.Row, at time.Time) api.RightsRequest {
	q := r.Request
	out := api.RightsRequest{ID: r.ID, Person: r.Person.Of, Kind: string(r.Kind), Organisation: q.Org, ReceivedAt: q.Received, Pauses: []api.Stretch{},
		ExtendedAt: q.Extended, AnsweredAt: q.Responded, Outcome: string(q.Outcome), Late: q.LateAt(at), Position: r.Position}
	for _, one := range q.Pauses {
		out.Pauses = append(out.Pauses, api.Stretch{From: one.From, Until: one.Until})
	}
	if r.Due != nil {
		out.Due = *r.Due
	}
	switch {
	case r.Answered:
		out.Status = "ANSWERED"
	case r.Due == nil:
		out.Status = "PAUSED"
	case out.Late:
		out.Status = "OVERDUE"
	default:
		out.Status = "OPEN"
	}
	return out
}

// Retention implements api.View.
func (v *view) Retention(ctx context.Context, f api.RetentionFilter, p api.Page) ([]api.Retention, int, api.Reflects, error) {
	where := append(v.ofSide(), projections.Eq("kind", f.Kind))
	if f.Class != "" {
		where = append(where, projections.Eq("class", f.Class))
	}
	if !f.Person.IsZero() {
		where = append(where, projections.Stream(event.Case(f.Person)))
	}
	if f.DueBy != 0 {
		where = append(where, projections.Not("dispose_on", ""), projections.AtMost("dispose_on", f.DueBy), projections.Eq("disposed", event.When{}))
	}
	where, err := v.withoutBarred(ctx, where)
	if err != nil {
		return nil, 0, api.Reflects{}, err
	}
	now := v.now()
	model := v.side.models.retention
	return list(ctx, v, model, where, []projections.Order{projections.Ascending("dispose_on"), projections.Ascending("position")}, p,
		func(read projections.View, rows []retention.Row) ([]api.Retention, error) {
			about, err := v.heldAndErased(read, rows, now)
			out := make([]api.Retention, len(rows))
			for i, r := range rows {
				out[i] = retentionOf(r, about[r.Person], now)
			}
			return out, err
		})
}

// kept is what a person's periods depend on beside themselves.
type kept struct {
	held   bool          // a legal hold of the caller's stands
	erased []erasedUnder // by a disposal that was carried out
}

type erasedUnder struct {
	period event.UUID
	on     event.When
}

// heldAndErased says so of the people of some rows.
func (v *view) heldAndErased(read projections.View, rows []retention.Row, now time.Time) (map[event.StreamID]kept, error) {
	var people []any
	for _, r := range rows {
		if !slices.Contains(people, any(r.Person)) {
			people = append(people, r.Person)
		}
	}
	beside := map[event.StreamID][]retention.Row{}
	q := projections.Query{Where: append(v.ofSide(), projections.In("kind", string(retention.Hold), string(retention.Erasure)), projections.In("stream", people...)), Limit: projections.MaxLimit}
	for {
		page, err := projections.Select(read, v.side.models.retention, q)
		if err != nil {
			return nil, err
		}
		for _, h := range page.Rows {
			beside[h.Person] = append(beside[h.Person], h)
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	about := map[event.StreamID]kept{}
	for who, of := range beside {
		k := kept{held: retention.Holds(of).HeldAt(now)}
		for _, r := range of {
			if r.Kind == retention.Erasure && !r.Period.IsZero() && !r.CarriedOut.IsZero() {
				k.erased = append(k.erased, erasedUnder{r.Period, r.CarriedOut})
			}
		}
		about[who] = k
	}
	return about, nil
}

// retentionOf is a period, a hold or an erasure as the api shows it.
func retentionOf(r retention.Row, about kept, now time.Time) api.Retention {
	held, erased := about.held, r.CarriedOut
	for _, e := range about.erased {
		if e.period == r.ID {
			erased = e.on
		}
	}
	due := r.DisposeOn != nil && r.Disposed.IsZero() && *r.DisposeOn <= event.DayOf(now)
	return api.Retention{ID: r.ID, Kind: string(r.Kind), Person: r.Person.Of, Organisation: r.Org, Class: string(r.Class), From: r.From,
		KeepUntil: r.KeepUntil, DisposeOn: r.DisposeOn, Due: due && !held, Held: held, ReviewedAt: r.Reviewed, Review: string(r.LastReview),
		DisposedAt: r.Disposed, Disposed: texts(r.Data), ErasedAt: erased, Period: r.Period, Request: r.Request, Keys: r.Keys, CopiesUntil: r.CopiesUntil, PlacedAt: r.Placed, LiftedAt: r.Lifted, Position: r.Position}
}

// Reviews implements api.View.
func (v *view) Reviews(ctx context.Context, f api.ReviewFilter, p api.Page) ([]api.Review, int, api.Reflects, error) {
	now := v.now()
	asked := func(status string) bool { return slices.Contains(f.Statuses, status) }
	waiting, overdue, reviewed := asked("WAITING"), asked("OVERDUE"), asked("REVIEWED")
	if len(f.Statuses) == 0 {
		waiting, overdue = true, true
	}
	where, settled := v.ofSide(), projections.Eq("settled", true)
	if !reviewed {
		where = append(where, projections.Eq("settled", false))
	}
	switch {
	case !waiting && !overdue:
		where = append(where, settled)
	case !overdue:
		where = append(where, projections.AnyOf(settled, projections.AtLeast("due", now)))
	case !waiting:
		where = append(where, projections.AnyOf(settled, projections.Below("due", now)))
	}
	where, err := v.withoutBarred(ctx, where)
	if err != nil {
		return nil, 0, api.Reflects{}, err
	}
	return list(ctx, v, v.side.models.reviews, where, []projections.Order{projections.Ascending("due")}, p,
		each(func(r reviews.Row) api.Review { return reviewOf(r, now) }))
}

// reviewOf is a use of break-glass as the queue shows it.
func reviewOf(r reviews.Row, now time.Time) api.Review {
	out := api.Review{ID: r.Use, Reference: "BG-" + strings.ToUpper(r.Use.String()[:8]), OpenedAt: r.Invoked, Reason: string(r.Reason), Due: r.Due.UTC(),
		Status: "WAITING", Verdict: string(r.Verdict)}
	switch {
	case r.Settled:
		out.Status = "REVIEWED"
	case r.Due.Before(now):
		out.Status = "OVERDUE"
	}
	return out
}

// Review implements api.View.
func (v *view) Review(ctx context.Context, id event.UUID) (out api.ReviewDetail, reflects api.Reflects, err error) {
	err = v.side.store.View(ctx, func(read projections.View) error {
		model := v.side.models.reviews
		r, err := first(read, model, append(v.ofSide(), projections.Eq("use", id)))
		if err != nil {
			return err
		}
		if r == nil {
			return errNoReview
		}
		if barred, err := v.kept(ctx, r.Person.Of); err != nil || barred {
			return orAbsent(err, errNoReview)
		}
		out = api.ReviewDetail{Review: reviewOf(*r, v.now()), Person: r.Person.Of, ExpiresAt: r.Expires, EndedAt: r.Ended, Reviewer: r.Reviewer, ReviewedAt: r.Reviewed,
			By: api.By{Actor: r.Invoker.ID, Role: r.Invoker.Role, Side: r.Invoker.Side, Org: r.Invoker.Org}, Position: r.Position}
		reflects, err = v.current(read, model.Projection, caseload.Row{})
		return err
	})
	return out, reflects, told(err)
}

// Governance implements api.View.
func (v *view) Governance(ctx context.Context, f api.GovernanceFilter, p api.Page) ([]api.Governance, int, api.Reflects, error) {
	now := v.now()
	where := append(v.controllers(false), projections.Eq("register", f.Register))
	if !f.Organisation.IsZero() {
		where = append(where, projections.Stream(event.StreamID{Kind: event.OrgStream, Of: f.Organisation}))
	}
	if !f.Staff.IsZero() {
		where = append(where, projections.Eq("staff", f.Staff))
	}
	if f.Overdue {
		where = append(where, projections.Eq("settled", false), projections.Above("due", time.Time{}), projections.AtMost("due", now))
	}
	return list(ctx, v, v.side.models.governance, where, []projections.Order{projections.Descending("since"), projections.Descending("position")}, p,
		each(func(r governance.Row) api.Governance { return governanceOf(r, now) }))
}

// governanceOf is an entry of a register as the api shows it.
func governanceOf(r governance.Row, now time.Time) api.Governance {
	out := api.Governance{ID: r.ID, Register: string(r.Register), Organisation: r.Org.Of, Code: r.Code, Version: r.Version, At: r.At, From: r.From,
		Staff: r.Staff, Senior: r.Senior, EndedAt: r.Ended, Recipient: r.Recipient, Categories: texts(r.Categories), Residual: string(r.Residual),
		Consulted: r.Consulted, Overdue: r.OverdueAt(now), Position: r.Position}
	if !r.Due.IsZero() {
		out.Due = r.Due.UTC()
	}
	if r.Register != governance.Breach {
		return out
	}
	b, i := r.Value(), r.Incident
	out.Breach = &api.Incident{AwareAt: i.AwareAt, Notifiable: i.Notifiable, AssessedAt: i.Assessed, Likelihood: string(i.Likelihood), NotifiedAt: i.Notified,
		Late: b.LateAt(now), Delay: string(i.Delay), People: len(i.Subjects), InformedAt: i.Informed}
	if i.Notifiable {
		out.Breach.NotifyBy = b.NotifyBy().UTC()
	}
	return out
}
