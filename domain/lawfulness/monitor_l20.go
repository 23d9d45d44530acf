package lawfulness

import (
	"strings"
	"time"
	"unicode/utf8"

	"caseledger/domain/breakglass"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// Break-glass is invoked for a reason of at least reasonLength characters
// (policy; domain reference rule R20).
const reasonLength = 20

// l20: somebody broke the glass and nobody settled a review of it within 72
// elapsed hours; or went on after it had ended; or gave a reason that is too
// short (policy; UK GDPR Article 32).
var l20 = Monitor{ID: "L20", Version: 1, Severity: finding.High,
	Title:  "Break-glass not reviewed within 72 h; or used after expiry; or reason too short",
	Source: "policy; Art 32",
	OfCase: func(v View) []Hit {
		var hits []Hit
		for e, b := range All[breakglass.BreakGlassInvoked](v) {
			if e.Operational != event.Open {
				continue
			}
			if reason, state := b.Reason.Get(); state == event.Absent || state == event.Open && utf8.RuneCountInString(strings.TrimSpace(reason)) < reasonLength {
				hits = append(hits, Hit{Item: e.ID, Due: e.Effective.Earliest(), Key: "reason-too-short"})
			}
			if u, ok := v.Case.BreakGlass.Use(b.BreakGlass); ok {
				hits = append(hits, unreviewed(v, e, u)...)
			}
		}
		return append(hits, usedAfterwards(v)...)
	},
}

// unreviewed finds a use that was not reviewed in time, from the first moment
// at which that was too late; at exactly that it is in time.
func unreviewed(v View, invoked event.Recorded, u breakglass.Use) []Hit {
	until := u.ReviewBy()
	hit := Hit{Item: invoked.ID, Due: until.Add(time.Microsecond), Key: "not-reviewed-in-time"}
	for e, r := range All[breakglass.BreakGlassReviewed](v) {
		if r.BreakGlass != u.ID {
			continue
		}
		hit.Evidence = append(hit.Evidence, e.ID)
		if r.Verdict == "MORE_INFORMATION" {
			continue
		}
		if !e.Effective.Latest().After(until) {
			return nil
		}
		hit.Indeterminate = hit.Indeterminate || !e.Effective.Earliest().After(until)
	}
	return []Hit{hit}
}

// usedAfterwards finds looks, decisions and disclosures by which their actor
// went on using a break-glass that had ended.
func usedAfterwards(v View) []Hit {
	var hits []Hit
	judge := func(e event.Recorded, uses bool) {
		at := e.Effective.Latest()
		if !uses || v.Case.BreakGlass.Lifts(e.Actor.ID, at) {
			return
		}
		for _, u := range v.Case.BreakGlass.Uses {
			if u.Invoker.ID == e.Actor.ID && u.At.Begun(at) {
				hits = append(hits, Hit{Item: e.ID, Due: at, Key: "used-after-its-end", Evidence: []event.ID{u.Source}})
				return
			}
		}
	}
	for l := range v.Looks() {
		judge(l.Event, l.Event.Purpose == breakGlass)
	}
	for _, e := range v.Events() {
		switch d := e.Data.(type) {
		case disclosure.DisclosureDecided:
			judge(e, d.Basis.Rule == "R20" || e.Purpose == breakGlass)
		case disclosure.DisclosureMade:
			judge(e, e.Purpose == breakGlass)
		}
	}
	return hits
}

// breakGlass is the purpose of what is done past the usual rules.
const breakGlass event.Purpose = "BREAK_GLASS"
