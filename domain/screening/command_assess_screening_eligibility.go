package screening

import (
	"slices"
	"strconv"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// AssessScreeningEligibility records whether a population screening programme
// would invite the person: as somebody assessed it, or as it follows from what
// the programme asks.
type AssessScreeningEligibility struct {
	event.Timed
	Programme reference.ScreeningProgramme `json:"programme"`
	// Eligible and Reason are somebody's own assessment; left out, it is worked
	// out from Asked and the date of birth.
	Eligible Eligibility       `json:"eligible,omitempty"`
	Reason   EligibilityReason `json:"reason,omitempty"`
	Asked    *Asked            `json:"asked,omitempty"`
}

// Asked is what the person was asked for a programme; see [Invitee].
type Asked struct {
	Anatomy          []reference.Anatomy `json:"anatomy,omitempty"`
	RegisteredWithGP bool                `json:"registeredWithGP"`
	EverSmoked       bool                `json:"everSmoked,omitempty"`
	Diabetes         bool                `json:"diabetes,omitempty"`
	ListedCondition  bool                `json:"listedCondition,omitempty"`
	LastScreened     event.Day           `json:"lastScreened,omitzero"`
}

// Validate reports fields that cannot be understood.
func (b AssessScreeningEligibility) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/programme", b.Programme, reference.ScreeningProgrammes.Listed)
	if b.Asked == nil {
		fault.OneOf(&f, "/eligible", b.Eligible, []Eligibility{Eligible, NotEligible, SelfRefer})
		fault.OneOf(&f, "/reason", b.Reason, EligibilityReasons)
		return f
	}
	f.If(b.Eligible != "", "/eligible", "worked-out", "it is worked out from what was asked")
	f.If(b.Reason != "", "/reason", "worked-out", "it is worked out from what was asked")
	all := []reference.Anatomy{reference.Cervix, reference.Breasts, reference.AssignedMale}
	f.If(len(b.Asked.Anatomy) > len(all), "/asked/anatomy", "too-many", "each is named once")
	for i, a := range b.Asked.Anatomy {
		fault.OneOf(&f, "/asked/anatomy/"+strconv.Itoa(i), a, all)
	}
	return f
}

// ValidateIn names what was asked in an import: what came of it then is what
// is imported.
func (b AssessScreeningEligibility) ValidateIn(c event.Context) []fault.Field {
	var f fault.Fields
	f.If(b.Asked != nil && c.Origin == event.Imported, "/asked", "not-of-an-import", "import what came of it")
	return f
}

// Check lets every assessment stand.
func (b AssessScreeningEligibility) Check(State, event.Context) error { return nil }

// Events records somebody's own assessment.
func (b AssessScreeningEligibility) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: ScreeningEligibilityAssessed{event.Own(b.Programme), event.Own(b.Eligible), event.Own(b.Reason)}}}
}

// WorkedOut is the assessment that follows from what was asked of somebody
// born on a day.
func (b AssessScreeningEligibility) WorkedOut(born event.Day, c event.Context) AssessScreeningEligibility {
	on := event.DayOf(c.When().Earliest())
	p, ok := reference.ScreeningProgrammes.Find(b.Programme, on)
	if !ok {
		p, _ = reference.ScreeningProgrammes.Latest(b.Programme)
	}
	b.Eligible, b.Reason = EligibleFor(p, Invitee{Born: born, Anatomy: slices.Clone(b.Asked.Anatomy), RegisteredWithGP: b.Asked.RegisteredWithGP,
		EverSmoked: b.Asked.EverSmoked, Diabetes: b.Asked.Diabetes, ListedCondition: b.Asked.ListedCondition, LastScreened: b.Asked.LastScreened}, on)
	return b
}
