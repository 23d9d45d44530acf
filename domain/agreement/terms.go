package agreement

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

const (
	longestText  = 2000 // characters
	longestTitle = 200
	longestLabel = 40
	mostParties  = 64
	mostBases    = 16
	longestBasis = 16
	mostMonths   = 1200
	// mostHours is the longest promise to tell of a breach that leaves a party
	// any time to tell its regulator (UK GDPR Article 33(1)).
	mostHours = 72
)

// Validate names what cannot be understood of the terms.
func (t Terms) Validate() []fault.Field {
	var f fault.Fields
	f.Text("/label", string(t.Label), longestLabel, false)
	f.If(len(t.Parties) > mostParties, "/parties", "too-many", "these are too many")
	for i, p := range t.Parties {
		at := "/parties/" + strconv.Itoa(i)
		f.If(p.Org.IsZero(), at+"/org", "required", "this must be given")
		fault.OneOf(&f, at+"/side", p.Side, event.Sides)
		fault.OneOf(&f, at+"/controllerRole", p.Role, ControllerRoles)
	}
	f.If(len(t.Purposes) == 0, "/purposes", "required", "this must be given")
	for i, p := range t.Purposes {
		at := "/purposes/" + strconv.Itoa(i)
		fault.Listed(&f, at, p, reference.Purposes.Listed)
		f.If(slices.Contains(t.Purposes[:i], p), at, "duplicate", "this is given twice")
	}
	f.If(len(t.Flows) == 0, "/flows", "required", "this must be given")
	f.If(len(t.Flows) > len(event.Sides)*len(event.Sides), "/flows", "too-many", "these are too many")
	for i, flow := range t.Flows {
		at := "/flows/" + strconv.Itoa(i)
		fault.OneOf(&f, at+"/from", flow.From, event.Sides)
		fault.OneOf(&f, at+"/to", flow.To, event.Sides)
		f.If(len(flow.Categories) == 0, at+"/categories", "required", "this must be given")
		for j, c := range flow.Categories {
			below := at + "/categories/" + strconv.Itoa(j)
			fault.Listed(&f, below, c, reference.ValidScope)
			f.If(slices.Contains(flow.Categories[:j], c), below, "duplicate", "this is given twice")
		}
	}
	f.If(t.From == 0, "/from", "required", "this must be given")
	f.If(t.To == 0, "/to", "required", "this must be given")
	if t.Frequency != "" {
		fault.OneOf(&f, "/frequency", t.Frequency, Frequencies)
	}
	if t.AtEnd != "" {
		fault.OneOf(&f, "/atEnd", t.AtEnd, Returns)
	}
	for i, m := range t.Methods {
		fault.OneOf(&f, "/methods/"+strconv.Itoa(i), m, Methods)
	}
	f.If(len(t.Methods) > len(Methods), "/methods", "too-many", "these are too many")
	f.If(t.KeepMonths < 0 || t.KeepMonths > mostMonths, "/keepMonths", "out-of-range", "this is from 0 to 1200 months")
	bases := func(pointer string, codes []Basis) {
		f.If(len(codes) > mostBases, pointer, "too-many", "these are too many")
		for i, c := range codes {
			f.If(len(c) > longestBasis || !basis.MatchString(string(c)), pointer+"/"+strconv.Itoa(i), "unknown-code", "this is not one of the codes of its list")
		}
	}
	bases("/confidence", t.Confidence)
	bases("/gateways", t.Gateways)
	for i, p := range t.Parties {
		at := "/parties/" + strconv.Itoa(i)
		bases(at+"/art6", p.Article6)
		bases(at+"/art9", p.Article9)
		bases(at+"/sch1", p.Schedule1)
	}
	f.If(t.BreachHours < 0 || t.BreachHours > mostHours, "/breachHours", "out-of-range", "this is from 0 to 72 hours")
	return f
}

// basis is what a code of a basis looks like; which there are is for [State.Known].
var basis = regexp.MustCompile(`^[A-Za-z0-9]+([_-][A-Za-z0-9]+)*$`)

// unlisted refuses a basis that no decision could name.
func (t Terms) unlisted(known func(string, Basis) bool) error {
	type field struct {
		name  string
		codes []Basis
	}
	fields := []field{{"confidence", t.Confidence}, {"gateways", t.Gateways}}
	for _, p := range t.Parties {
		fields = append(fields, field{"art6", p.Article6}, field{"art9", p.Article9}, field{"sch1", p.Schedule1})
	}
	for _, f := range fields {
		if slices.ContainsFunc(f.codes, func(c Basis) bool { return known == nil || !known(f.name, c) }) {
			return fault.Refuse("basis-unknown", "%s holds a code that no decision could name", f.name)
		}
	}
	return nil
}

// further is what an agreement says beside its terms.
type further struct {
	security string
	contacts *Contacts
}

func (x further) validate(f *fault.Fields) {
	f.Text("/security", x.security, longestText, true)
	if x.contacts != nil {
		f.Text("/contacts/rights", x.contacts.Rights, longestTitle, false)
		f.Text("/contacts/breach", x.contacts.Breach, longestTitle, false)
	}
}

func (x further) own() (security event.Personal[string], contacts event.Personal[Contacts]) {
	if x.security != "" {
		security = event.Own(x.security)
	}
	if x.contacts != nil {
		contacts = event.Own(*x.contacts)
	}
	return security, contacts
}

// check refuses terms by which nobody could lawfully share, and those of
// agreements to which the actor's controller is no party.
func (t Terms) check(s State, c event.Context) error {
	orgs := s.Organisations
	var controllers []event.UUID
	deciders, own := 0, false
	for i, p := range t.Parties {
		var o reference.Organisation
		known := false
		if orgs != nil {
			o, known = orgs.Organisation(p.Org)
		}
		switch {
		case !known:
			return fault.Refuse("party-unknown", "party %d is not an organisation of the register", i+1)
		case o.Side != p.Side:
			return fault.Refuse("party-of-another-side", "party %d is an organisation of another side", i+1)
		case slices.ContainsFunc(t.Parties[:i], func(q Party) bool { return q.Org == p.Org }):
			return fault.Refuse("party-named-twice", "party %d is named before", i+1)
		}
		if !slices.Contains(controllers, o.Controller) {
			controllers = append(controllers, o.Controller)
		}
		if p.Role != "PROCESSOR" {
			deciders++
		}
		own = own || ours(p.Org, c)
	}
	switch {
	case len(controllers) < 2:
		return fault.Refuse("party-missing", "an agreement is between at least two controllers")
	case deciders == 0:
		return fault.Refuse("controller-missing", "an agreement of processors alone has nobody who decides")
	case !own:
		return fault.Refuse("not-a-party", "your organisation is not a party to this agreement")
	case t.To <= t.From:
		return fault.Refuse("ends-before-it-begins", "an agreement ends after it begins")
	case t.ReviewDue != 0 && (t.ReviewDue <= t.From || t.ReviewDue > t.To):
		return fault.Refuse("review-outside-the-term", "the review is due after the agreement begins, and no later than its end")
	}
	for i, flow := range t.Flows {
		if slices.ContainsFunc(reference.Expand(flow.Categories...), neverCrosses) {
			return fault.Refuse("category-never-crosses", "flow %d holds a category that no agreement lets cross", i+1)
		}
		if !t.between(flow.From, flow.To) {
			return fault.Refuse("flow-without-party", "flow %d leads from or to a side that has no party of its own", i+1)
		}
	}
	return t.unlisted(s.Known)
}

// between reports whether one party of each side can tell the other.
func (t Terms) between(from, to event.Side) bool {
	return slices.ContainsFunc(t.Parties, func(p Party) bool {
		return p.Side == from && slices.ContainsFunc(t.Parties, func(q Party) bool { return q.Side == to && q.Org != p.Org })
	})
}

func neverCrosses(c event.Category) bool {
	e, ok := reference.Categories.Latest(c)
	return ok && e.NeverCrosses
}

// ours reports whether an organisation is of the actor's controller.
func ours(org event.UUID, c event.Context) bool {
	return org == c.Actor.Org || slices.Contains(c.Peers, org)
}

// ourParty refuses whoever is of no party to any version.
func (s State) ourParty(c event.Context) error {
	for _, v := range s.Versions {
		if slices.ContainsFunc(v.Terms.Parties, func(p Party) bool { return ours(p.Org, c) }) {
			return nil
		}
	}
	return fault.Refuse("not-a-party", "your organisation is not a party to this agreement")
}

// drafted refuses what is asked of an agreement that is not there.
func (s State) drafted() error {
	if len(s.Versions) == 0 {
		return fault.New(fault.Absent, "no-such-agreement", "there is no such agreement")
	}
	return nil
}

// stands refuses a party's act on an agreement that is not, at the command's
// time, what the act needs.
func (s State) stands(c event.Context, code string, allowed ...Status) error {
	if err := s.drafted(); err != nil {
		return err
	}
	if err := s.ourParty(c); err != nil {
		return err
	}
	if is, _ := s.StatusAt(c.Asked()); !slices.Contains(allowed, is) {
		return fault.Refuse(code, "the agreement was %s then", strings.ToLower(strings.ReplaceAll(string(is), "_", " ")))
	}
	return nil
}

// latest is the highest number of a version; 0 if there is none.
func (s State) latest() int {
	n := 0
	for _, v := range s.Versions {
		n = max(n, v.Number)
	}
	return n
}
