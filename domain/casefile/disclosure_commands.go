package casefile

import (
	"slices"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/person"
)

var disclosureCommands = []Command{
	in[disclosure.State, disclosure.ProposeDisclosure]("propose-disclosure", "Ask for something to be told.", ofDisclosure,
		tellers...),
	in[State, DecideDisclosure]("decide-disclosure", "Decide whether something may be told, and record why.", whole,
		disclosure.Deciders...),
	in[State, MakeDisclosure]("make-disclosure", "Tell what a decision permits.", whole,
		tellers...),
	in[disclosure.State, disclosure.ReceiveDisclosure]("receive-disclosure", "Say that what was told has arrived.", ofDisclosure,
		receivers...),
	in[disclosure.State, disclosure.RecordOnwardDisclosure]("record-onward-disclosure", "Say that what was learnt from another side was told on.", ofDisclosure,
		"PP", "SPO", "HUB_CLIN", "HUB_NURSE", "GP", "TX_PROV"),
	in[disclosure.State, disclosure.ReportUnplannedDisclosure]("report-unplanned-disclosure", "Report that something was told that nobody had decided to tell.", ofDisclosure,
		staff...),
	in[disclosure.State, disclosure.RecordPublicInterestDecision]("record-public-interest-decision", "Record the reasoning for telling something without agreement.", ofDisclosure,
		"CALDICOTT"),
	in[disclosure.State, disclosure.CloseDecision]("close-decision", "Say that nothing more will be told under a decision.", ofDisclosure,
		disclosure.Deciders...),
}

// tellers hold something that may have to be told.
var tellers = []event.Role{"HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "PP", "SPO", "GP", "TX_PROV", "PRISON_HC", "CALDICOTT", "DPO", "IG_LEAD"}

// receivers may be told something.
var receivers = []event.Role{"HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "PP", "SPO", "GP", "TX_PROV", "PRISON_HC", "HOUSING", "COURT"}

func ofDisclosure(s State) disclosure.State { return s.Disclosure }

// DecideDisclosure is [disclosure.DecideDisclosure] with what the person said.
type DecideDisclosure struct{ disclosure.DecideDisclosure }

// Check refuses a permit that something stands against, naming everything that
// does, and what the disclosure area refuses.
func (b DecideDisclosure) Check(s State, c event.Context) error {
	if err := b.DecideDisclosure.Check(s.Disclosure, c); err != nil || b.Result() != disclosure.Permit {
		return err
	}
	return b.evaluate(s, c).Fault(b.Rule)
}

func (b DecideDisclosure) evaluate(s State, c event.Context) disclosure.Verdict {
	p := b.Proposed(s.Disclosure)
	v := Evaluate(s, p, c)
	v.Reasons = append(v.Reasons, reasoned(s, b.Decision, p.Basis)...)
	v.Permit = len(v.Reasons) == 0
	return v
}

// Events records the decision: a live one with what the evaluation says of
// it, an imported one as it was.
func (b DecideDisclosure) Events(s State, c event.Context) []event.Draft {
	if c.Origin == event.Imported {
		return b.DecideDisclosure.Events(s.Disclosure, c)
	}
	return b.Record(s.Disclosure, c, judged(b.evaluate(s, c), c))
}

// MakeDisclosure is [disclosure.MakeDisclosure] of what the case holds, while
// what the decision relied on still holds.
type MakeDisclosure struct{ disclosure.MakeDisclosure }

// Check refuses to tell what no standing decision permits, what the consent
// relied on no longer covers, what the person said no to since, and what is
// keyed on an identifier that is not sure.
func (b MakeDisclosure) Check(s State, c event.Context) error {
	if err := b.MakeDisclosure.Check(s.Disclosure, c); err != nil {
		return err
	}
	k, _ := s.Disclosure.Decision(b.Decision)
	flow, at := b.Flow(k), c.Asked()
	var reasons []disclosure.Against
	if k.Basis.Confidence == disclosure.ExplicitConsent {
		reasons = relied(s, flow, k.Basis, at)
	}
	reasons = append(reasons, denied(s, flow, k.Basis, at)...)
	if s.Person.Bars(c.Actor.ID) || !flow.ToPerson.IsZero() && s.Person.Bars(flow.ToPerson) {
		reasons = append(reasons, disclosure.Against{Code: "access-restricted", Gate: "G7", Message: "access to this case is restricted"})
	}
	if err := (disclosure.Verdict{Permit: len(reasons) == 0, Reasons: reasons}).Fault(k.Basis.Rule); err != nil {
		return err
	}
	if !b.Identifier.IsZero() {
		switch l, ok := s.Person.Link(b.Identifier); {
		case !ok || !l.Live():
			return fault.Refuse("identifier-not-linked", "the identifier is not linked to this person")
		case l.Type == person.NHSNumberType && l.Status != person.Traced:
			return fault.Refuse("identifier-not-traced", "a disclosure is keyed only on an NHS number that is present and verified")
		}
	}
	held := Tellable(s, k.Flow.Direction.From, c, flow.Categories)
	for _, source := range b.Sources {
		if !slices.ContainsFunc(held, func(i event.Item) bool { return i.Source == source }) {
			return fault.Refuse("nothing-to-tell", "nothing in these categories comes from one of the events named")
		}
	}
	return nil
}

// Events records the disclosure with a snapshot of what was told. Live, it is
// what the case holds. Imported, it is what the body says: the case as it is
// now does not show what was told then.
func (b MakeDisclosure) Events(s State, c event.Context) []event.Draft {
	if c.Origin == event.Imported && len(b.Sources) == 0 {
		return b.MakeDisclosure.Events(s.Disclosure, c)
	}
	k, _ := s.Disclosure.Decision(b.Decision)
	flow := b.Flow(k)
	items := Tellable(s, flow.Direction.From, c, flow.Categories)
	if len(b.Sources) > 0 {
		items = slices.DeleteFunc(items, func(i event.Item) bool { return !slices.Contains(b.Sources, i.Source) })
	}
	return b.Record(s.Disclosure, c, items)
}
