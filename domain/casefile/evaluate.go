package casefile

import (
	"crypto/sha256"
	"slices"
	"strconv"
	"time"

	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// evaluator is the version of [Evaluate]. It is recorded with each decision
// and is raised whenever the same facts would come out differently.
const evaluator disclosure.Evaluator = 1

// Evaluate says whether a proposal could be permitted, by whom and when the
// context says, and everything that stands against it. It asks whether the
// record is complete, whether what it relies on was so at that time, and
// whether the person said no. It changes nothing.
func Evaluate(s State, p disclosure.Proposal, c event.Context) disclosure.Verdict {
	at := c.Asked()
	reasons := p.Judge(c)
	if s.Person.Bars(c.Actor.ID) {
		reasons = append(reasons, disclosure.Against{Code: "access-restricted", Gate: "G7", Message: "access to this case is restricted"})
	}
	if !p.ToPerson.IsZero() && s.Person.Bars(p.ToPerson) {
		reasons = append(reasons, disclosure.Against{Code: "access-restricted", Gate: "G7", Pointer: "/toPerson", Message: "access to this case is restricted for the recipient"})
	}
	if p.Article6 == "A6A" && !s.Consent.Participates(consent.GDPR, at) {
		reasons = append(reasons, disclosure.Against{Code: "basis-barred", Gate: "G3", Pointer: "/art6", Message: "there is no consent that could be the lawful basis"})
	}
	switch {
	case p.Confidence == disclosure.ExplicitConsent && !p.Consent.IsZero():
		reasons = append(reasons, relied(s, p.Flow, p.Basis, at)...)
	case p.Confidence == disclosure.BestInterests && p.Purpose != "EMERGENCY" && !s.Consent.DecidedFor(consent.Disclosure, at):
		reasons = append(reasons, disclosure.Against{Code: "best-interests-decision-absent", Gate: "G6", Pointer: "/confidenceBasis", Message: "no best-interests decision is on the record"})
	}
	reasons = append(reasons, denied(s, p.Flow, p.Basis, at)...)
	return disclosure.Verdict{Permit: len(reasons) == 0, Reasons: reasons}
}

// cell is one question to what the person said.
func cell(f disclosure.Flow, category event.Category) consent.Cell {
	return consent.Cell{From: f.Direction.From, Category: category, Purpose: f.Purpose,
		To: consent.Receiver{Side: f.Direction.To, Org: f.ToOrg, Role: f.ToRole, Person: f.ToPerson}}
}

// relied says what of the consent that a flow relies on does not hold at a
// time.
func relied(s State, f disclosure.Flow, b disclosure.Basis, at time.Time) []disclosure.Against {
	var reasons []disclosure.Against
	against := func(bad bool, code, pointer, message string) {
		if bad {
			reasons = append(reasons, disclosure.Against{Code: code, Gate: "G6", Pointer: pointer, Message: message})
		}
	}
	c, known := s.Consent.Get(b.Consent)
	if !known || c.StatusAt(at) != consent.Active {
		against(true, "consent-not-active", "/consent", "the consent is not active then")
		return reasons
	}
	version, _ := c.VersionAt(at)
	against(c.Kind != consent.Disclosure, "consent-of-another-kind", "/consent", "it is not a consent to disclosure")
	against(version.Number != b.ConsentVersion, "consent-version-superseded", "/consentVersion", "another version of the consent is current")
	against(version.Scope.From != f.Direction.From, "consent-does-not-cover-direction", "/direction/from", "the consent is about what another side holds")
	against(!version.Scope.CoversRecipient(cell(f, "").To), "consent-does-not-cover-recipient", "/toOrg", "the consent does not name this recipient")
	against(!version.Scope.CoversPurpose(f.Purpose), "consent-does-not-cover-purpose", "/purpose", "the consent does not name this purpose")
	for i, category := range f.Categories {
		against(!version.Scope.CoversCategory(category), "consent-does-not-cover-category", "/categories/"+strconv.Itoa(i), "the consent does not name this category")
	}
	return reasons
}

// denied says where the person's own "no" stands against a flow whose rule
// does not override it.
func denied(s State, f disclosure.Flow, b disclosure.Basis, at time.Time) []disclosure.Against {
	var reasons []disclosure.Against
	for i, category := range f.Categories {
		if !b.Overrides(category) && s.Consent.Denied(cell(f, category), at) {
			reasons = append(reasons, disclosure.Against{Code: "live-refusal", Gate: "G7", Pointer: "/categories/" + strconv.Itoa(i),
				Message: "the person refused this, or objects to it"})
		}
	}
	return reasons
}

// reasoned says that a decision in the public interest lacks its reasoning.
func reasoned(s State, decision event.UUID, b disclosure.Basis) []disclosure.Against {
	if b.Rule != "R04" || b.Confidence != disclosure.PublicInterest || slices.Contains(s.Disclosure.PublicInterest, decision) {
		return nil
	}
	return []disclosure.Against{{Code: "public-interest-record-absent", Gate: "G6", Pointer: "/decision",
		Message: "propose it, and record the reasoning in the public interest first"}}
}

// judged is what the evaluation of a decision puts on the record.
func judged(v disclosure.Verdict, c event.Context) disclosure.DisclosureDecided {
	return disclosure.DisclosureDecided{FailedGates: v.Gates(), Evaluator: evaluator, ReferenceData: referenceData,
		ReadSet: []disclosure.Read{{Stream: event.Case(c.Person), Revision: c.Revision}}}
}

// referenceData is the SHA-256 over the hashes of all code lists, in order of
// name.
var referenceData = func() event.Commitment {
	lists, err := reference.Lists()
	if err != nil {
		panic(err) // the lists are part of the program
	}
	h := sha256.New()
	for _, l := range lists {
		h.Write(l.Hash[:])
	}
	return event.Commitment(h.Sum(nil))
}()
