package casefile

import (
	"slices"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/lawfulness"
	"caseledger/domain/person"
)

var disclosureCommands = []Command{
	in[disclosure.State, disclosure.ProposeDisclosure]("propose-disclosure", "Ask for something to be told.", ofDisclosure,
		tellers...),
	in[State, DecideDisclosure]("decide-disclosure", "Decide whether something may be told, and record why.", whole,
		deciders...),
	in[State, MakeDisclosure]("make-disclosure", "Tell what a decision permits.", whole,
		tellers...),
	in[disclosure.State, disclosure.ReceiveDisclosure]("receive-disclosure", "Say that what was told has arrived.", ofDisclosure,
		receivers...),
	in[disclosure.State, disclosure.RecordOnwardDisclosure]("record-onward-disclosure", "Say that what was learnt from another side was told on.", ofDisclosure,
		"PP", "SPO", "HUB_CLIN", "HUB_NURSE", "GP", "TX_PROV"),
	in[disclosure.State, disclosure.ReportUnplannedDisclosure]("report-unplanned-disclosure", "Report that something was told that nobody had decided to tell.", ofDisclosure,
		staff...),
	in[State, RecordPublicInterestDecision]("record-public-interest-decision", "Record the reasoning for telling something without agreement.", whole,
		"CALDICOTT", "HUB_CLIN"),
	in[disclosure.State, disclosure.CloseDecision]("close-decision", "Say that nothing more will be told under a decision.", ofDisclosure,
		deciders...),
}

// tellers hold something that may have to be told.
var tellers = []event.Role{"HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "PP", "SPO", "GP", "TX_PROV", "PRISON_HC", "CALDICOTT", "DPO", "IG_LEAD"}

// receivers may be told something.
var receivers = []event.Role{"HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "PP", "SPO", "GP", "TX_PROV", "PRISON_HC", "HOUSING", "COURT"}

// deciders decide under some rule.
var deciders = lawfulness.Default().Deciders()

func ofDisclosure(s State) disclosure.State { return s.Disclosure }

// DecideDisclosure is [disclosure.DecideDisclosure] with what the person said.
type DecideDisclosure struct{ disclosure.DecideDisclosure }

// Check refuses a permit that a gate stands against, naming all that do, and
// what the disclosure area refuses.
func (b DecideDisclosure) Check(s State, c event.Context) error {
	if err := b.DecideDisclosure.Check(s.Disclosure, c); err != nil || b.Result() != disclosure.Permit {
		return err
	}
	return Evaluate(s, b.Proposed(s.Disclosure), c).Fault()
}

// Events records the decision: a live one with what the evaluation says of
// it, an imported one as it was.
func (b DecideDisclosure) Events(s State, c event.Context) []event.Draft {
	if c.Origin == event.Imported {
		return b.DecideDisclosure.Events(s.Disclosure, c)
	}
	p := b.Proposed(s.Disclosure)
	return b.Record(s.Disclosure, c, judged(s, p, Evaluate(s, p, c), c))
}

// MakeDisclosure is [disclosure.MakeDisclosure] of what the case holds, while
// what the decision relied on still holds.
type MakeDisclosure struct{ disclosure.MakeDisclosure }

// Check refuses to tell what no standing decision permits, what a gate stands
// against by then, and what is keyed on an identifier that is not sure.
func (b MakeDisclosure) Check(s State, c event.Context) error {
	if err := b.MakeDisclosure.Check(s.Disclosure, c); err != nil {
		return err
	}
	k, _ := s.Disclosure.Decision(b.Decision)
	flow := b.Flow(k)
	if err := telling(s, flow, k, c).Fault(); err != nil {
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

// RecordPublicInterestDecision is [disclosure.RecordPublicInterestDecision] by
// somebody who may decide so.
type RecordPublicInterestDecision struct {
	disclosure.RecordPublicInterestDecision
}

// Check refuses who may not decide under rule R04, and what the disclosure area
// refuses.
func (b RecordPublicInterestDecision) Check(s State, c event.Context) error {
	r, _ := s.Surroundings.Rules(c.Asked()).RuleAt("R04", event.DayOf(c.Asked()))
	if !s.Surroundings.DecidesAt(r, c.Actor, c.Asked()) {
		no := fault.Refuse("decider-role", "your role may not decide this")
		no.Rule, no.Gates = "R04", []string{"G10"}
		return no
	}
	return b.RecordPublicInterestDecision.Check(s.Disclosure, c)
}

// Events records the reasoning.
func (b RecordPublicInterestDecision) Events(s State, c event.Context) []event.Draft {
	return b.RecordPublicInterestDecision.Events(s.Disclosure, c)
}
