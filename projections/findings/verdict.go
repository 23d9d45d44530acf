package findings

import "caseledger/domain/finding"

// Verdict says what the monitors made of something.
type Verdict string

// The verdicts.
const (
	Lawful      Verdict = "LAWFUL"       // nothing was found
	NeedsReview Verdict = "NEEDS_REVIEW" // something was, that is not grave or not certain
	Unlawful    Verdict = "UNLAWFUL"     // something grave was, for certain
)

// notABreach is how a finding is resolved that somebody looked into and found
// to be none.
const notABreach finding.Outcome = "NOT_A_BREACH"

// Verdicts are what the findings about something come to: with what was known
// at the time, and with what is known now. A finding that was superseded, or
// resolved as no breach, does not count; one whose risk was accepted does.
func Verdicts(rows []Row) (asKnown, hindsight Verdict) {
	asKnown, hindsight = Lawful, Lawful
	for _, r := range rows {
		if !r.Stands() || r.Status == finding.Resolved && r.Outcome == notABreach {
			continue
		}
		verdict := NeedsReview
		if !r.Judged.Indeterminate && (r.Severity == finding.Critical || r.Severity == finding.High) {
			verdict = Unlawful
		}
		if r.Judged.AsKnown && asKnown != Unlawful {
			asKnown = verdict
		}
		if r.Judged.Hindsight && hindsight != Unlawful {
			hindsight = verdict
		}
	}
	return asKnown, hindsight
}
