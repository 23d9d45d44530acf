package lawfulness

import (
	"slices"
	"time"

	"caseledger/domain/agreement"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// Evaluator is the version of [Evaluate]. It is recorded with each decision
// and is raised whenever the same facts and rules would come out differently.
const Evaluator disclosure.Evaluator = 2

// ViewOf is the view of a case that is already folded: what stands of it, and
// its surroundings.
func ViewOf(person event.UUID, c Case, standing []event.Recorded, around Known, at, known time.Time) View {
	return View{Person: person, At: at, Known: known, Case: c, Shared: around, events: standing}
}

// Evaluate says whether what is proposed may be told, by whoever decides, at
// the view's moment and as far as the view knows (domain reference section
// 8.4), by the rule set in force then. It changes nothing.
func Evaluate(v View, p disclosure.Proposal, by event.Actor) Verdict {
	out := EvaluateBy(v.Shared.Rules(v.At), v, p, by)
	out.Warnings = warnings(v, p, by)
	return out
}

// EvaluateBy is [Evaluate] by another rule set, and without warnings.
func EvaluateBy(set *RuleSet, v View, p disclosure.Proposal, by event.Actor) Verdict {
	return set.judge(v, p, by, false)
}

// EvaluateTelling is [Evaluate] of what was decided earlier, when it is told:
// what was for the deciding alone is not asked again, and whoever tells need
// not be one who may decide.
func EvaluateTelling(v View, flow disclosure.Flow, b disclosure.Basis, decision event.UUID, by event.Actor) Verdict {
	p := disclosure.Proposal{Flow: flow, Basis: b, Decision: decision}
	out := v.Shared.Rules(v.At).judge(v, p, by, true)
	out.Warnings = warnings(v, p, by)
	return out
}

func (s *RuleSet) judge(v View, p disclosure.Proposal, by event.Actor, telling bool) Verdict {
	on := event.DayOf(v.At)
	f := gather(v, p, by)
	f.telling = telling
	rules, named := s.candidates(f, on)
	out := Verdict{Candidates: make([]Candidate, 0, len(rules)), RuleSet: s.version, Hash: s.Hash()}
	for _, r := range rules {
		out.Candidates = append(out.Candidates, candidate(s, r, by.Role, f, on))
	}
	out.settle(named)
	out.Warnings = []Warning{}
	return out
}

// candidates are the rules that are about the flow, the most specific first,
// after the one that is named, if it is not one of them; if there is none at
// all, the rule that there is none.
func (s *RuleSet) candidates(f facts, on event.Day) (rules []Rule, named disclosure.Rule) {
	rules = s.Matching(f.from, f.to, f.p.Purpose, on)
	if f.p.Rule != "" && !slices.ContainsFunc(rules, func(r Rule) bool { return r.ID == f.p.Rule }) {
		if r, ok := s.RuleAt(f.p.Rule, on); ok {
			rules = slices.Insert(rules, 0, r)
		}
	}
	if len(rules) == 0 {
		return []Rule{{}}, ""
	}
	if slices.ContainsFunc(rules, func(r Rule) bool { return r.ID == f.p.Rule }) {
		named = f.p.Rule
	}
	return rules, named
}

func candidate(set *RuleSet, r Rule, role event.Role, f facts, on event.Day) Candidate {
	failed := set.gates.judge(r, role, f, on)
	switch {
	case failed == nil && r.ID == "":
		failed = []Failure{{Gate: "G2", Code: "no-rule-fits", Pointer: "/purpose", Message: "no rule is about this"}}
	case failed == nil:
		failed = []Failure{}
	}
	return Candidate{Rule: r.ID, Version: r.Version, Text: r.Text, Failed: failed}
}

// settle says what the candidates come to: the rule that was named decides, or
// else the most specific one that permits it.
func (v *Verdict) settle(named disclosure.Rule) {
	fewest := -1
	var permits []disclosure.Rule
	for _, c := range v.Candidates {
		n := len(c.Gates())
		if n == 0 && c.Rule != "" {
			permits = append(permits, c.Rule)
		}
		if fewest < 0 || n < fewest {
			fewest, v.Nearest = n, c.Rule
		}
	}
	v.Rule = v.Nearest
	switch {
	case named == "":
		v.Permit = len(permits) > 0
	default:
		v.Rule, v.Permit = named, slices.Contains(permits, named)
		if !v.Permit && len(permits) > 0 {
			v.Instead = permits[0]
		}
	}
}

// Ask is [Evaluate] of a question that does not say on what it would rest:
// "may X tell Y this for that?". Each candidate is judged on the proposal as
// [Complete] would complete it for the rule.
func Ask(v View, p disclosure.Proposal, by event.Actor) Verdict {
	set, on := v.Shared.Rules(v.At), event.DayOf(v.At)
	p.Direction = v.Shared.direction(p.Flow)
	rules, _ := set.candidates(gather(v, p, by), on)
	out := Verdict{Candidates: make([]Candidate, 0, len(rules)), RuleSet: set.version, Hash: set.Hash()}
	for _, r := range rules {
		whole := Complete(v, r, p)
		out.Candidates = append(out.Candidates, candidate(set, r, by.Role, gather(v, whole, by), on))
	}
	out.settle("")
	if r, ok := set.RuleAt(out.Rule, on); ok {
		p = Complete(v, r, p)
	}
	out.Warnings = warnings(v, p, by)
	return out
}

// standIn is what [Complete] says where only the decider can.
const standIn = "to be said by whoever decides"

// Complete fills what a proposal leaves out with what a rule usually rests on,
// and with the consent and the agreement that cover it, if there are any. What
// only a decider can say, why it is necessary and until when it holds, gets a
// stand-in.
func Complete(v View, r Rule, p disclosure.Proposal) disclosure.Proposal {
	from, to := v.Shared.listed(p.FromOrg), v.Shared.listed(p.ToOrg)
	p.Direction = v.Shared.direction(p.Flow)
	if p.ToPerson.IsZero() && p.ToRole == "" && p.Direction.To == event.PersonSide {
		p.ToPerson = v.Person
	}
	p.Rule = or(p.Rule, r.ID)
	if p.RuleVersion == 0 {
		p.RuleVersion = r.Version
	}
	var special, criminal, confidential bool
	for _, c := range p.Categories {
		e, _ := reference.Categories.Latest(c)
		special, criminal, confidential = special || e.Special, criminal || e.Criminal, confidential || e.Confidential
	}
	p.Detail = or(p.Detail, "SUMMARY")
	p.Article6 = or(p.Article6, first(r.Article6))
	if special {
		p.Article9 = or(p.Article9, first(r.Article9))
	}
	if special && p.Article9 == "A9G" || criminal {
		p.Schedule1 = or(p.Schedule1, first(r.Schedule1))
	}
	added := slices.ContainsFunc(p.Categories, func(c event.Category) bool { return !r.Within(c) && r.Within(c, c) })
	if confidential || added {
		p.Confidence = or(p.Confidence, first(r.Confidence))
	}
	if p.Gateway == "" {
		s251B := from.Care && to.Care && to.Nation != reference.Wales && !v.inWales()
		p.Gateway = first(slices.DeleteFunc(slices.Clone(r.Gateways), func(g disclosure.Gateway) bool { return g == "G-251B" && !s251B }))
	}
	if p.Confidence == disclosure.ExplicitConsent {
		p = v.withConsent(p)
	}
	if r.Agreement && p.Agreement.IsZero() {
		p = v.withAgreement(p)
	}
	p.Necessity = or(p.Necessity, standIn)
	if p.ValidUntil.IsZero() {
		p.ValidUntil = event.On(event.DayOf(v.At) + 1)
	}
	if p.Informed == "" {
		p.Informed = disclosure.WasInformed
	}
	return p
}

// direction is a flow's, or, where it says none, its organisations'.
func (k Known) direction(f disclosure.Flow) disclosure.Direction {
	return disclosure.Direction{From: or(f.Direction.From, k.listed(f.FromOrg).Side), To: or(f.Direction.To, k.listed(f.ToOrg).Side)}
}

func or[C ~string](a, b C) C {
	if a == "" {
		return b
	}
	return a
}

func first[C ~string](of []C) C {
	if len(of) == 0 {
		return ""
	}
	return of[0]
}

// withConsent names the last consent that covers the proposal, unless it names
// one.
func (v View) withConsent(p disclosure.Proposal) disclosure.Proposal {
	for _, c := range slices.Backward(v.Case.Consent.Consents) {
		version, given := c.VersionAt(v.At)
		if !given || c.Kind != consent.Disclosure || c.StatusAt(v.At) != consent.Active || !p.Consent.IsZero() && p.Consent != c.ID {
			continue
		}
		covers := version.Scope.From == p.Direction.From
		for _, category := range p.Categories {
			covers = covers && version.Scope.Covers(cell(p.Flow, category))
		}
		if covers || p.Consent == c.ID {
			p.Consent = c.ID
			if p.ConsentVersion == 0 {
				p.ConsentVersion = version.Number
			}
			return p
		}
	}
	return p
}

// withAgreement names the first agreement in force that covers the proposal.
func (v View) withAgreement(p disclosure.Proposal) disclosure.Proposal {
	for _, a := range v.Shared.Agreements() {
		status, version := a.StatusAt(v.At)
		t := version.Terms
		if status == agreement.InForce && v.Shared.Party(t, p.FromOrg) && v.Shared.Party(t, p.ToOrg) && t.CoversPurpose(p.Purpose) &&
			!slices.ContainsFunc(p.Categories, func(c event.Category) bool {
				return !t.CoversCategory(p.Direction.From, p.Direction.To, c)
			}) {
			p.Agreement, p.AgreementVersion = a.ID, version.Number
			return p
		}
	}
	return p
}

// Relevant are the streams beside the case that a verdict on a proposal read:
// the agreement it names, the organisations at both ends and the decider's, and
// the policy.
func (k Known) Relevant(p disclosure.Proposal, by event.Actor) []disclosure.Read {
	return slices.DeleteFunc(k.Reads(), func(r disclosure.Read) bool {
		relevant := r.Stream == event.Policy ||
			r.Stream.Kind == event.AgreementStream && r.Stream.Of == p.Agreement ||
			r.Stream.Kind == event.OrgStream && slices.Contains([]event.UUID{p.FromOrg, p.ToOrg, by.Org}, r.Stream.Of)
		return !relevant
	})
}

// DecidesAt reports whether somebody may decide under a rule at t.
func (k Known) DecidesAt(r Rule, by event.Actor, t time.Time) bool {
	held, senior := k.holds(by, t)
	return held && (slices.Contains(r.Deciders, by.Role) || senior && slices.Contains(r.Seniors, by.Role))
}

// holds reports whether somebody holds their role at t, and as a senior one. Of
// an organisation of whose staff nothing is known, the role that they act in is
// the one that they hold.
func (k Known) holds(by event.Actor, t time.Time) (held, senior bool) {
	staff := k.Governance(by.Org).Staff
	held = len(staff) == 0
	for _, a := range staff {
		if a.Staff == by.ID && a.Role == by.Role && a.HoldsAt(t) {
			held, senior = true, senior || a.Senior
		}
	}
	return held, senior
}
