package lawfulness

import (
	"cmp"
	"reflect"
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
	now, waits := judgedAt(by, h, at)
	// What has not begun may put off what is due, or make something new.
	for later := now; waits && !later.Next.IsZero(); {
		next := later.Next
		if later, waits = judgedAt(by, h, next); !slices.EqualFunc(later.Findings, now.Findings, sameFinding) {
			now.Next = next
			return now
		}
		now.Next = later.Next
	}
	return now
}

// sameFinding reports whether a finding is found again as it was.
func sameFinding(a, b finding.Judged) bool { return reflect.DeepEqual(a, b) }

// judgedAt judges a history at an instant; waits if some of it has not begun.
func judgedAt(by []Monitor, h *History, at time.Time) (out Judgement, waits bool) {
	j := &judging{h: h, at: at, by: by}
	for _, all := range [][]event.Recorded{h.standing, h.looks} {
		for _, e := range all {
			switch {
			case e.Type == "key.created" || e.Type == "key.destroyed":
			case e.Effective.Begun(at):
				j.item(e)
			default:
				waits = true
				j.next(e.Effective.Earliest())
			}
		}
	}
	j.whole()
	positions := make(map[event.ID]event.Position, len(j.out.Findings))
	for _, f := range j.out.Findings {
		e, _ := j.find(f.Item)
		positions[f.Item] = e.Position
	}
	slices.SortStableFunc(j.out.Findings, func(a, b finding.Judged) int {
		return cmp.Or(cmp.Compare(positions[a.Item], positions[b.Item]), cmp.Compare(a.Monitor, b.Monitor), cmp.Compare(a.Key, b.Key))
	})
	j.out.Findings = onceOfOrganisation(j.out.Findings)
	return j.out, waits
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
	h   *History
	at  time.Time
	by  []Monitor
	out Judgement

	scratch []event.Recorded // of the view as known of the item in hand
}

// item judges one item on both views of its own time.
func (j *judging) item(e event.Recorded) {
	t := e.Effective.Latest()
	given := j.h.cited(e)
	known := j.h.viewIn(t, t, given, &j.scratch)
	hindsight := j.h.view(t, endOfTime, given)
	then := j.ask(known, e)
	if len(known.events) == len(hindsight.events) && len(known.looks) == len(hindsight.looks) &&
		sameHead(known.events, hindsight.events) && (j.h.Shared == nil || j.h.Shared.sameAt(t)) {
		for _, a := range then {
			j.add(a.by, a.hit, e, e.Effective, true, true)
		}
		return
	}
	now := j.ask(hindsight, e)
	for _, a := range then {
		j.add(a.by, a.hit, e, e.Effective, true, slices.ContainsFunc(now, a.same))
	}
	for _, a := range now {
		if !slices.ContainsFunc(then, a.same) {
			j.add(a.by, a.hit, e, e.Effective, false, true)
		}
	}
}

// answer is what a monitor found about an item.
type answer struct {
	by  *Monitor
	hit Hit
}

func (a answer) same(b answer) bool { return a.by.ID == b.by.ID && a.hit.Key == b.hit.Key }

// ask asks the monitors of single items about one, in their order.
func (j *judging) ask(v View, e event.Recorded) []answer {
	var out []answer
	told, discloses := v.disclosure(e)
	discloses = discloses && v.crosses(told)
	decided, decides := e.Data.(disclosure.DisclosureDecided)
	seen, looks := look(e)
	for i := range j.by {
		m := &j.by[i]
		var hits []Hit
		switch {
		case m.OfEvent != nil:
			hits = m.OfEvent(v, e)
		case discloses && m.OfDisclosure != nil:
			hits = m.OfDisclosure(v, told)
		case decides && m.OfDecision != nil:
			hits = m.OfDecision(v, Decision{e, decided})
		case looks && m.OfLook != nil:
			hits = m.OfLook(v, seen)
		}
		for _, h := range hits {
			out = append(out, answer{m, h})
		}
	}
	return out
}

var endOfTime = time.Unix(1<<40, 0)

// whole asks the monitors of the whole case. What they find was also found as
// known when it came about, unless a fact recorded later shows it.
func (j *judging) whole() {
	now := j.h.view(j.at, endOfTime, nil)
	for i := range j.by {
		m := &j.by[i]
		if m.OfCase == nil {
			continue
		}
		for _, hit := range m.OfCase(now) {
			if hit.Due.After(j.at) {
				j.next(hit.Due)
				continue
			}
			e, ok := j.find(hit.Item)
			if !ok {
				continue
			}
			then := slices.ContainsFunc(m.OfCase(j.h.view(hit.Due, hit.Due, j.h.cited(e))), func(o Hit) bool {
				return o.Item == hit.Item && o.Key == hit.Key && !o.Due.After(hit.Due)
			})
			j.add(m, hit, e, event.At(hit.Due), then, true)
		}
	}
}

// next notes an instant at which the history may be judged differently.
func (j *judging) next(at time.Time) {
	if j.out.Next.IsZero() || at.Before(j.out.Next) {
		j.out.Next = at
	}
}

func (j *judging) find(id event.ID) (event.Recorded, bool) {
	if at, ok := j.h.index[id]; ok {
		return j.h.standing[at], true
	}
	if i := slices.IndexFunc(j.h.looks, func(e event.Recorded) bool { return e.ID == id }); i >= 0 {
		return j.h.looks[i], true
	}
	return event.Recorded{}, false
}

func (j *judging) add(m *Monitor, hit Hit, item event.Recorded, at event.When, asKnown, hindsight bool) {
	j.out.Findings = append(j.out.Findings, judged(m, hit, item, at, asKnown, hindsight))
}

func judged(m *Monitor, hit Hit, item event.Recorded, at event.When, asKnown, hindsight bool) finding.Judged {
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
			f := judged(&m, hit, shared.streams[stream][i], event.At(hit.Due), then, true)
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
