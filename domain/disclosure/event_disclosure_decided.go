package disclosure

import "caseledger/domain/event"

// DisclosureDecided is the record of a decision whether something may be told
// (domain reference section 8.6). Who decided, and when, is its envelope's. A
// refusal is a decision too.
type DisclosureDecided struct {
	Decision event.UUID `json:"decision"`
	Flow     Flow       `json:"flow"`
	Basis    Basis      `json:"basis"`
	Outcome  Outcome    `json:"outcome"`
	Reason   Reason     `json:"reason,omitzero"`
	// FailedGates are those that failed when it was decided.
	FailedGates []Gate `json:"failedGates"`
	// Warnings are what did not stand in its way and would be found.
	Warnings []Warning `json:"warnings"`
	// Evaluator is the version of what judged it; 0 where nothing did.
	Evaluator Evaluator `json:"evaluator"`
	// RuleSet and RuleSetHash are the rules and gates it was judged by.
	RuleSet     RuleSet          `json:"ruleSetVersion,omitzero"`
	RuleSetHash event.Commitment `json:"ruleSetHash"`
	// ReferenceData is the SHA-256 over the hashes of the code lists in use.
	ReferenceData event.Commitment       `json:"referenceData"`
	ReadSet       []Read                 `json:"readSet"`
	Necessity     event.Personal[string] `json:"necessity" personal:"decision"`
	WhyNot        event.Personal[string] `json:"whyNotInformed" personal:"decision"`
}

// Read is how far a stream had come when a decision read it.
type Read struct {
	Stream   event.StreamID `json:"stream"`
	Revision event.Revision `json:"revision"`
}

func (DisclosureDecided) isEvent() {}

// Warned lists the warnings, for the answer of the command.
func (d DisclosureDecided) Warned() []string {
	var codes []string
	for _, w := range d.Warnings {
		codes = append(codes, string(w))
	}
	return codes
}

var disclosureDecided = event.Define[DisclosureDecided]("disclosure.decided", 2,
	event.From(1, func(old disclosureDecidedV1) DisclosureDecided {
		return DisclosureDecided{Decision: old.Decision, Flow: old.Flow, Basis: old.Basis, Outcome: old.Outcome, Reason: old.Reason,
			FailedGates: old.FailedGates, Evaluator: old.Evaluator, ReferenceData: old.ReferenceData, ReadSet: old.ReadSet,
			Necessity: old.Necessity, WhyNot: old.WhyNot}
	}),
)

// disclosureDecidedV1 did not say by which rules it was judged.
type disclosureDecidedV1 struct {
	Decision      event.UUID             `json:"decision"`
	Flow          Flow                   `json:"flow"`
	Basis         Basis                  `json:"basis"`
	Outcome       Outcome                `json:"outcome"`
	Reason        Reason                 `json:"reason,omitzero"`
	FailedGates   []Gate                 `json:"failedGates"`
	Evaluator     Evaluator              `json:"evaluator"`
	ReferenceData event.Commitment       `json:"referenceData"`
	ReadSet       []Read                 `json:"readSet"`
	Necessity     event.Personal[string] `json:"necessity" personal:"decision"`
	WhyNot        event.Personal[string] `json:"whyNotInformed" personal:"decision"`
}
