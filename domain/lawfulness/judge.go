package lawfulness

import (
	"cmp"
	"slices"
	"time"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// Judgement is what the monitors make of a history.
type Judgement struct {
	// Findings are in a fixed order: by the position of their item, then by
	// monitor and key.
	Findings []finding.Judged
	// Next is the next instant at which the same history would be judged
	// differently; zero if there is none.
	Next time.Time
}

// Judge judges a person's history at an instant, by every monitor. It depends
// on its arguments alone: judged again, the same history gives the same.
func Judge(h *History, at time.Time) Judgement { return judge(monitors, h, at) }

// NextDue is the next instant after at at which the history would be judged
// differently; zero if there is none.
func NextDue(h *History, at time.Time) time.Time { return Judge(h, at).Next }

// JudgeOrganisation judges one organisation's governance at an instant. Its
// findings are about the organisation, or about the people they name.
func JudgeOrganisation(shared *Shared, org event.UUID, at time.Time) (findings map[event.UUID][]finding.Judged, next time.Time) {
	return judgeOrganisation(monitors, shared, org, at)
}

func judge(by []Monitor, h *History, at time.Time) Judgement {
	j := &judging{h: h, at: at, by: by, positions: map[event.ID]event.Position{}}
	for _, e := range h.events {
		j.positions[e.ID] = e.Position
	}
	for _, e := range h.looks {
		j.positions[e.ID] = e.Position
	}
	for _, e := range h.standing {
		if !e.Effective.Begun(at) || e.Type == "key.created" || e.Type == "key.destroyed" {
			continue
		}
		j.item(e, j.events)
	}
	for _, e := range h.looks {
		if e.Effective.Begun(at) {
			j.item(e, j.look)
		}
	}
	j.whole()
	slices.SortStableFunc(j.out.Findings, func(a, b finding.Judged) int {
		return cmp.Or(cmp.Compare(j.positions[a.Item], j.positions[b.Item]), cmp.Compare(a.Monitor, b.Monitor), cmp.Compare(a.Key, b.Key))
	})
	j.out.Findings = onceOfOrganisation(j.out.Findings)
	return j.out
}

// onceOfOrganisation keeps the first of several findings about one
// organisation and the same thing, such as one policy document.
func onceOfOrganisation(findings []finding.Judged) []finding.Judged {
	type once struct {
		monitor      finding.Monitor
		organisation event.UUID
		key          finding.Note
	}
	seen := map[once]bool{}
	return slices.DeleteFunc(findings, func(f finding.Judged) bool {
		of := once{f.Monitor, f.Organisation, f.Key}
		again := seen[of]
		seen[of] = !f.Organisation.IsZero()
		return again
	})
}

type judging struct {
	h         *History
	at        time.Time
	by        []Monitor
	positions map[event.ID]event.Position
	out       Judgement
}

// item judges one item on both views of its own time.
func (j *judging) item(e event.Recorded, ask func(Monitor, View, event.Recorded) []Hit) {
	t := e.Effective.Latest()
	given := j.h.cited(e)
	known := j.h.view(t, t, given)
	hindsight := j.h.view(t, endOfTime, given)
	same := len(known.events) == len(hindsight.events) && sameHead(known.events, hindsight.events) &&
		(j.h.Shared == nil || j.h.Shared.sameAt(t))
	for _, m := range j.by {
		then := ask(m, known, e)
		now := then
		if !same {
			now = ask(m, hindsight, e)
		}
		for i, hit := range then {
			after := i
			if !same {
				after = slices.IndexFunc(now, func(o Hit) bool { return o.Key == hit.Key })
			}
			j.add(m, hit, e, e.Effective, true, after >= 0)
		}
		if same {
			continue
		}
		for _, hit := range now {
			if !slices.ContainsFunc(then, func(o Hit) bool { return o.Key == hit.Key }) {
				j.add(m, hit, e, e.Effective, false, true)
			}
		}
	}
}

var endOfTime = time.Unix(1<<40, 0)

func (j *judging) events(m Monitor, v View, e event.Recorded) []Hit {
	switch {
	case m.OfEvent != nil:
		return m.OfEvent(v, e)
	case m.OfDisclosure != nil:
		if d, ok := v.disclosure(e); ok && v.crosses(d) {
			return m.OfDisclosure(v, d)
		}
	case m.OfDecision != nil:
		if d, ok := e.Data.(disclosure.DisclosureDecided); ok {
			return m.OfDecision(v, Decision{e, d})
		}
	}
	return nil
}

func (j *judging) look(m Monitor, v View, e event.Recorded) []Hit {
	l, ok := look(e)
	switch {
	case ok && m.OfLook != nil:
		return m.OfLook(v, l)
	case ok && m.OfEvent != nil:
		return m.OfEvent(v, e)
	}
	return nil
}

// whole asks the monitors of the whole case. What they find was also found as
// known when it came about, unless a fact recorded later shows it.
func (j *judging) whole() {
	now := j.h.view(j.at, endOfTime, nil)
	for _, m := range j.by {
		if m.OfCase == nil {
			continue
		}
		for _, hit := range m.OfCase(now) {
			if hit.Due.After(j.at) {
				if j.out.Next.IsZero() || hit.Due.Before(j.out.Next) {
					j.out.Next = hit.Due
				}
				continue
			}
			e, ok := j.find(hit.Item)
			if !ok {
				continue
			}
			then := slices.ContainsFunc(m.OfCase(j.h.view(hit.Due, hit.Due, nil)), func(o Hit) bool {
				return o.Item == hit.Item && o.Key == hit.Key && !o.Due.After(hit.Due)
			})
			j.add(m, hit, e, event.At(hit.Due), then, true)
		}
	}
}

func (j *judging) find(id event.ID) (event.Recorded, bool) {
	for _, all := range [][]event.Recorded{j.h.standing, j.h.looks} {
		if i := slices.IndexFunc(all, func(e event.Recorded) bool { return e.ID == id }); i >= 0 {
			return all[i], true
		}
	}
	return event.Recorded{}, false
}

func (j *judging) add(m Monitor, hit Hit, item event.Recorded, at event.When, asKnown, hindsight bool) {
	j.out.Findings = append(j.out.Findings, judged(m, hit, item, at, asKnown, hindsight))
}

func judged(m Monitor, hit Hit, item event.Recorded, at event.When, asKnown, hindsight bool) finding.Judged {
	evidence := []event.ID{item.ID}
	for _, id := range hit.Evidence {
		if !id.IsZero() && !slices.Contains(evidence, id) {
			evidence = append(evidence, id)
		}
	}
	return finding.Judged{Monitor: m.ID, Version: m.Version, Severity: m.Severity, Item: item.ID, Key: hit.Key,
		Organisation: hit.Organisation, Evidence: evidence, At: at, AsKnown: asKnown, Hindsight: hindsight,
		Indeterminate: hit.Indeterminate, Notes: hit.Notes, Categories: hit.Categories,
		By: item.Actor.ID, Org: item.Actor.Org, Side: item.Actor.Side}
}

func judgeOrganisation(by []Monitor, shared *Shared, org event.UUID, at time.Time) (map[event.UUID][]finding.Judged, time.Time) {
	out, next := map[event.UUID][]finding.Judged{}, time.Time{}
	stream := event.StreamID{Kind: event.OrgStream, Of: org}
	for _, m := range by {
		if m.OfOrganisation == nil {
			continue
		}
		for _, hit := range m.OfOrganisation(shared.Now(), shared.Now().Governance(org)) {
			if hit.Due.After(at) {
				if next.IsZero() || hit.Due.Before(next) {
					next = hit.Due
				}
				continue
			}
			i := slices.IndexFunc(shared.streams[stream], func(e event.Recorded) bool { return e.ID == hit.Item })
			if i < 0 {
				continue
			}
			known := shared.KnownAt(hit.Due)
			then := slices.ContainsFunc(m.OfOrganisation(known, known.Governance(org)), func(o Hit) bool {
				return o.Item == hit.Item && o.Key == hit.Key && !o.Due.After(hit.Due)
			})
			f := judged(m, hit, shared.streams[stream][i], event.At(hit.Due), then, true)
			about := hit.People
			if len(about) == 0 {
				about, f.Organisation = []event.UUID{org}, org
			}
			for _, who := range about {
				out[who] = append(out[who], f)
			}
		}
	}
	return out, next
}
