package lawfulness

import (
	"slices"

	"github.com/cedar-policy/cedar-go/types"

	"caseledger/domain/agreement"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/domain/supervision"
)

// facts are what the gates ask of a proposal and its view: the members of the
// context that gates.cedarschema describes. They are gathered once for all
// candidates.
type facts struct {
	p        disclosure.Proposal
	from, to Party
	telling  bool // what was decided is being told
	// consented are the categories of the consent relied on.
	consented []event.Category
	same      types.RecordMap // what no candidate changes
}

// sides whose controllers are competent authorities (DPA 2018 section 30 and
// Schedule 7), and the purposes for which they then process under Part 3
// (section 31).
var (
	competent      = []event.Side{event.Probation, event.Prison, event.Police, event.Court}
	lawEnforcement = []event.Purpose{"REQ_MGMT", "PUBLIC_PROTECTION"}
)

// gather reads the facts. It never judges them.
func gather(v View, p disclosure.Proposal, by event.Actor) facts {
	from, to := v.Shared.listed(p.FromOrg), v.Shared.listed(p.ToOrg)
	f := facts{p: p, from: Party{p.Direction.From, from.Kind}, to: Party{p.Direction.To, to.Kind}}
	m := types.RecordMap{
		"fromOrg": textOf(p.FromOrg), "toOrg": textOf(p.ToOrg), "toPerson": textOf(p.ToPerson), "toRole": types.String(p.ToRole),
		"fromSide": types.String(p.Direction.From), "toSide": types.String(p.Direction.To),
		"purpose": types.String(p.Purpose), "categories": setOf(p.Categories), "detail": types.String(p.Detail),
		"art6": types.String(p.Article6), "art9": types.String(p.Article9), "sch1": types.String(p.Schedule1),
		"confidence": types.String(p.Confidence), "gateway": types.String(p.Gateway),
		"consent": textOf(p.Consent), "consentVersion": types.Long(p.ConsentVersion),
		"dsa": textOf(p.Agreement), "dsaVersion": types.Long(p.AgreementVersion),
		"informed": types.String(p.Informed), "necessity": types.Boolean(p.Necessity != ""), "whyNot": types.Boolean(p.WhyNot != ""),
		"hasEnd": types.Boolean(!p.ValidUntil.IsZero()), "lapsed": types.Boolean(!p.ValidUntil.IsZero() && !p.ValidUntil.Latest().After(v.At)),
		"role": types.String(by.Role), "side": types.String(by.Side),
		"competent":      types.Boolean(slices.Contains(competent, p.Direction.From)),
		"lawEnforcement": types.Boolean(slices.Contains(lawEnforcement, p.Purpose)),
		"fromCare":       types.Boolean(from.Care), "toCare": types.Boolean(to.Care),
		"fromSecrecy": types.Boolean(from.Secrecy), "toSecrecy": types.Boolean(to.Secrecy),
		"wales": types.Boolean(to.Nation == reference.Wales || v.inWales()),
	}
	f.same = m
	f.categories(v)
	f.people(v, by)
	f.consent(v)
	f.orders(v)
	f.agreement(v)
	return f
}

func textOf(u event.UUID) types.String {
	if u.IsZero() {
		return ""
	}
	return types.String(u.String())
}

// listed is an organisation of the register, or one that every installation
// knows; zero if it is neither.
func (k Known) listed(org event.UUID) reference.Organisation {
	if o, ok := k.Organisation(org); ok {
		return o
	}
	if k.shared == nil || k.shared.register == nil {
		return everywhere[org]
	}
	return reference.Organisation{}
}

// everywhere are the organisations that every installation knows.
var everywhere = func() map[event.UUID]reference.Organisation {
	all := map[event.UUID]reference.Organisation{}
	for _, o := range reference.Organisations.All() {
		all[o.ID] = o
	}
	return all
}()

// sameController is [Known.SameController] for organisations that every
// installation knows too.
func (k Known) sameController(a, b event.UUID) bool {
	return a == b || !a.IsZero() && k.listed(a).Controller == k.listed(b).Controller && !k.listed(a).Controller.IsZero()
}

// inWales reports whether a probation region in Wales has the case.
func (v View) inWales() bool {
	region := v.Case.Supervision.Region
	if region == "" {
		region = v.Case.Person.Region
	}
	e, _ := reference.Regions.Latest(region)
	return e.Nation == reference.Wales
}

// cell is one question to what the person said.
func cell(f disclosure.Flow, category event.Category) consent.Cell {
	return consent.Cell{From: f.Direction.From, Category: category, Purpose: f.Purpose,
		To: consent.Receiver{Side: f.Direction.To, Org: f.ToOrg, Role: f.ToRole, Person: f.ToPerson}}
}

func (f *facts) categories(v View) {
	var special, criminal, confidential bool
	var never, denied []event.Category
	for _, c := range f.p.Categories {
		e, _ := reference.Categories.Latest(c)
		special, criminal, confidential = special || e.Special, criminal || e.Criminal, confidential || e.Confidential
		if e.NeverCrosses {
			never = append(never, c)
		}
		if v.Case.Consent.Denied(cell(f.p.Flow, c), v.At) {
			denied = append(denied, c)
		}
	}
	f.same["special"], f.same["criminal"], f.same["confidential"] = types.Boolean(special), types.Boolean(criminal), types.Boolean(confidential)
	f.same["neverCross"], f.same["denied"] = setOf(never), setOf(denied)
}

func (f *facts) people(v View, by event.Actor) {
	m, s := f.same, v.Case
	bars := func(who event.UUID) bool { return s.Person.Bars(who) && !s.BreakGlass.Lifts(who, v.At) }
	held, senior := v.Shared.holds(by, v.At)
	entitled := f.p.ToPerson.IsZero() || v.is(f.p.ToPerson) || v.actsFor(f.p.ToPerson)
	m["barred"] = types.Boolean(bars(by.ID))
	m["toBarred"] = types.Boolean(!f.p.ToPerson.IsZero() && bars(f.p.ToPerson))
	m["breakGlass"] = types.Boolean(s.BreakGlass.Lifts(by.ID, v.At))
	m["roleHeld"], m["senior"] = types.Boolean(held), types.Boolean(senior)
	m["ownController"] = types.Boolean(v.Shared.sameController(f.p.FromOrg, by.Org))
	m["related"] = types.Boolean(v.dealsWith(by.Org))
	m["entitled"] = types.Boolean(entitled)
}

// actsFor reports whether somebody may act for the person in a decision about
// disclosure.
func (v View) actsFor(who event.UUID) bool {
	day := event.DayOf(v.At)
	for _, a := range All[consent.AuthorityToActRecorded](v) {
		if a.Holder == who && day >= a.From && (a.To == 0 || day <= a.To) && (len(a.Decisions) == 0 || slices.Contains(a.Decisions, consent.Disclosure)) {
			return true
		}
	}
	return false
}

// dealsWith reports whether an organisation, or another of its controller, has
// to do with the person by the view's moment: it recorded something or was told
// something, supervises or treats them, or they were referred to it.
func (v View) dealsWith(org event.UUID) bool {
	for _, e := range v.events {
		if !e.Effective.Begun(v.At) {
			continue
		}
		if v.Shared.sameController(e.Actor.Org, org) {
			return true
		}
		if told, ok := e.Data.(interface{ RecipientOrg() event.UUID }); ok && v.Shared.sameController(told.RecipientOrg(), org) {
			return true
		}
	}
	return slices.ContainsFunc(v.Case.Supervision.Allocations, func(a supervision.Allocation) bool {
		return a.From.Begun(v.At) && v.Shared.sameController(a.Organisation, org)
	}) || slices.ContainsFunc(v.Case.Referral.Referrals, func(r referral.Referral) bool {
		return !r.SentAt.IsZero() && r.SentAt.Begun(v.At) && v.Shared.sameController(r.Details.ToOrg, org)
	}) || slices.ContainsFunc(v.Case.Supervision.Requirements, func(r supervision.Requirement) bool {
		return v.Shared.sameController(r.Terms.Value().Provider, org)
	})
}

func (f *facts) consent(v View) {
	m, s := f.same, v.Case.Consent
	m["gdprConsent"] = types.Boolean(s.Participates(consent.GDPR, v.At))
	m["bestInterests"] = types.Boolean(s.DecidedFor(consent.Disclosure, v.At))
	m["explained"] = types.Boolean(v.Case.Person.Told(event.At(v.At)))
	m["publicInterest"] = types.Boolean(!f.p.Decision.IsZero() && slices.Contains(v.Case.Disclosure.PublicInterest, f.p.Decision))
	m["optOut"] = types.String("")
	if _, d, ok := Last(v, func(e event.Recorded, _ consent.OptOutStatusChecked) bool { return e.Effective.Begun(v.At) }); ok {
		m["optOut"] = types.String(d.Result)
	}
	c, _ := s.Get(f.p.Consent)
	version, _ := c.VersionAt(v.At)
	scope := version.Scope
	to := cell(f.p.Flow, "").To
	var covers []event.Category
	if version.Number > 0 {
		for _, category := range f.p.Categories {
			if scope.CoversCategory(category) {
				covers = append(covers, category)
			}
		}
	}
	if c.StatusAt(v.At) == consent.Active && c.Kind == consent.Disclosure {
		f.consented = covers
	}
	m["consentStatus"], m["consentKind"], m["consentCurrent"] = types.String(c.StatusAt(v.At)), types.String(c.Kind), types.Long(version.Number)
	m["consentDirection"] = types.Boolean(scope.From == f.p.Direction.From)
	m["consentRecipient"] = types.Boolean(scope.CoversRecipient(to))
	m["consentPurpose"] = types.Boolean(scope.CoversPurpose(f.p.Purpose))
	m["consentCovers"] = f.part(covers)
	m["consentNamesOrg"] = types.Boolean(slices.ContainsFunc(scope.Recipients, func(r consent.Recipient) bool { return !r.Org.IsZero() && r.Org == f.p.ToOrg }))
}

// reported says what a treatment requirement lets cross, and whether that rests
// on an explanation rather than on the statute (domain reference sections 8.4
// and 8.8).
var reported = map[reference.RequirementKind]struct {
	categories []event.Category
	explained  bool
}{
	"DRR":  {[]event.Category{"H.ATTENDANCE", "J.REQUIREMENT", "H.DRUGTEST"}, false},
	"DTR":  {[]event.Category{"H.ATTENDANCE", "J.REQUIREMENT", "H.DRUGTEST"}, false},
	"MHTR": {[]event.Category{"H.ATTENDANCE", "J.REQUIREMENT"}, true},
	"ATR":  {[]event.Category{"H.ATTENDANCE", "J.REQUIREMENT"}, true},
}

// orders reads what the court and the responsible authority asked for.
func (f *facts) orders(v View) {
	m, day, s := f.same, event.DayOf(v.At), v.Case.Supervision
	live := slices.DeleteFunc(slices.Clone(s.Requirements), func(r supervision.Requirement) bool {
		_, treated := reported[r.Terms.Value().Kind]
		return !treated || !r.LiveOn(day)
	})
	own := func(r supervision.Requirement) bool {
		return v.Shared.sameController(r.Terms.Value().Provider, f.p.FromOrg)
	}
	if slices.ContainsFunc(live, own) { // several treat the person: each reports on its own
		live = slices.DeleteFunc(live, func(r supervision.Requirement) bool { return !own(r) })
	}
	var covers []event.Category
	told, explained := false, false
	for _, r := range live {
		kind := r.Terms.Value().Kind
		_, _, said := Last(v, func(e event.Recorded, d supervision.ReportingExplained) bool {
			return d.Requirement == r.ID && e.Effective.Begun(v.At)
		})
		e, _ := reference.RequirementKinds.Latest(kind)
		willing := !e.NeedsWillingness || slices.ContainsFunc(s.Willingness, func(w supervision.Willingness) bool { return w.Kind == kind && w.ToCourt })
		told = told || willing || said
		if said || !reported[kind].explained {
			explained = true
		}
		for _, c := range f.p.Categories {
			if slices.Contains(reported[kind].categories, c) && !slices.Contains(covers, c) {
				covers = append(covers, c)
			}
		}
	}
	m["requirement"], m["requirementCovers"] = types.Boolean(len(live) > 0), f.part(covers)
	m["toldAtSentence"], m["reportingExplained"] = types.Boolean(told), types.Boolean(explained)

	var ordered, asked []event.Category
	order, request := false, false
	for e, d := range All[disclosure.CourtOrderRecorded](v) {
		if e.Effective.Begun(v.At) && day >= d.From && day <= d.To {
			order, ordered = true, append(ordered, d.Categories...)
		}
	}
	for e, d := range All[disclosure.MappaRequestRecorded](v) {
		if e.Effective.Begun(v.At) {
			request, asked = true, append(asked, d.Categories...)
		}
	}
	m["courtOrder"], m["courtCovers"] = types.Boolean(order), f.covered(ordered)
	m["mappaRequest"], m["mappaCovers"] = types.Boolean(request), f.covered(asked)
}

// covered are the proposal's categories that a scope covers.
func (f *facts) covered(scope []event.Category) types.Set {
	return f.part(slices.DeleteFunc(slices.Clone(f.p.Categories), func(c event.Category) bool { return !reference.CoveredBy(scope, c) }))
}

// part is some of the proposal's categories as a set.
func (f *facts) part(of []event.Category) types.Set {
	if len(of) == len(f.p.Categories) {
		return f.same["categories"].(types.Set)
	}
	return setOf(of)
}

// agreement reads the agreement that the proposal names.
func (f *facts) agreement(v View) {
	m := f.same
	a, _ := v.Shared.Agreement(f.p.Agreement)
	status, version := a.StatusAt(v.At)
	m["dsaStatus"], m["dsaCurrent"] = types.String(status), types.Long(version.Number)
	m["dsaFrom"] = types.Boolean(v.Shared.Party(version.Terms, f.p.FromOrg))
	m["dsaTo"] = types.Boolean(v.Shared.Party(version.Terms, f.p.ToOrg))
	m["dsaPurpose"] = types.Boolean(version.Terms.CoversPurpose(f.p.Purpose))
	m["dsaCovers"] = f.part(slices.DeleteFunc(slices.Clone(f.p.Categories), func(c event.Category) bool {
		return !version.Terms.CoversCategory(f.p.Direction.From, f.p.Direction.To, c)
	}))
}

// Party reports whether an organisation is a party to an agreement: it is
// named, or another of its controller is.
func (k Known) Party(t agreement.Terms, org event.UUID) bool {
	return slices.ContainsFunc(t.Parties, func(p agreement.Party) bool { return k.sameController(p.Org, org) })
}

// record is the context in which the gates judge the proposal under a rule.
// Another rule than the one named is judged as if it were named.
func (f facts) record(r Rule) types.Record {
	m := f.same // NewRecord keeps a copy
	named, version := f.p.Rule, f.p.RuleVersion
	if named != "" && r.ID != "" && named != r.ID {
		named, version = r.ID, r.Version
	}
	m["rule"], m["ruleVersion"] = types.String(named), types.Long(version)
	m["fits"] = types.Boolean(r.Of == Telling && r.Matches(f.from, f.to, f.p.Purpose))
	m["unconsented"] = f.part(f.unconsented(r))
	return types.NewRecord(m)
}

// unconsented are the categories that have to be within the rule's ceiling,
// because no consent adds them to it.
func (f facts) unconsented(r Rule) []event.Category {
	return slices.DeleteFunc(slices.Clone(f.p.Categories), func(c event.Category) bool {
		return reference.CoveredBy(r.Consented, c) && slices.Contains(f.consented, c)
	})
}

// set is a set of codes of the context, or of the rule.
func (f facts) set(name types.String, rule types.Record, r Rule) types.Set {
	if name == "unconsented" {
		return setOf(f.unconsented(r))
	}
	v, ok := f.same[name]
	if !ok {
		v, _ = rule.Get(name)
	}
	s, _ := v.(types.Set)
	return s
}
