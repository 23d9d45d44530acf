package lawfulness

import (
	"strings"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l16: it was decided to tell in the public interest without its reasoning on
// the record, or with a part of it blank (common law duty of confidentiality;
// GMC, Confidentiality; rule R04). What was erased since is not blank.
var l16 = Monitor{ID: "L16", Version: 1, Severity: finding.High,
	Title:  "Public-interest decision incomplete (any R04 field blank)",
	Source: "CLDC; GMC",
	OfDecision: func(v View, k Decision) []Hit {
		if k.Basis.Rule != "R04" || k.Outcome != disclosure.Permit {
			return nil
		}
		e, reasoning, ok := Last(v, func(_ event.Recorded, p disclosure.PublicInterestDecisionRecorded) bool {
			return p.Decision == k.Decision
		})
		hit := Hit{Evidence: []event.ID{e.ID}, Notes: []finding.Note{"no-reasoning"}}
		if ok {
			hit.Notes = blanks(reasoning)
		}
		if len(hit.Notes) == 0 || ok && e.Operational != event.Open {
			return nil
		}
		return []Hit{hit}
	},
}

// blanks names the parts of the reasoning that say nothing.
func blanks(p disclosure.PublicInterestDecisionRecorded) []finding.Note {
	var notes []finding.Note
	note := func(blank bool, n finding.Note) {
		if blank {
			notes = append(notes, n)
		}
	}
	note(saysNothing(p.Harm), "harm-blank")
	note(p.Seriousness == "", "seriousness-blank")
	note(p.Likelihood == "", "likelihood-blank")
	note(saysNothing(p.Consent), "why-no-consent-blank")
	note(saysNothing(p.Proportionality), "proportionality-blank")
	note(saysNothing(p.Alternatives), "alternatives-blank")
	note(p.Informed == "" || p.Informed == disclosure.WasNotInformed && saysNothing(p.WhyNot), "person-informed-blank")
	note(p.ReviewOn == 0, "review-blank")
	return notes
}

// saysNothing reports whether a text was left out or is blank.
func saysNothing(text event.Personal[string]) bool {
	words, state := text.Get()
	return state == event.Absent || state == event.Open && strings.TrimSpace(words) == ""
}
