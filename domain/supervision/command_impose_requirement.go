package supervision

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// ImposeRequirement says that the court imposed a requirement. What the body
// must say depends on the kind (domain reference section 3.2): a treatment
// requirement names who provides the treatment, and may name its setting; an
// alcohol abstinence and monitoring requirement names the level and how it is
// monitored; where a kind always has samples, they need not be mentioned.
type ImposeRequirement struct {
	event.Timed
	Supervision       event.UUID                   `json:"supervision,omitzero"` // left out: the order that runs on the first day
	Kind              reference.RequirementKind    `json:"kind"`
	From              event.Day                    `json:"from"`
	To                event.Day                    `json:"to"` // the last day
	Provider          event.UUID                   `json:"provider,omitzero"`
	Testing           bool                         `json:"testing,omitempty"`
	ReviewEveryMonths int                          `json:"reviewEveryMonths,omitempty"` // 0: the court does not review
	Setting           reference.RequirementSetting `json:"setting,omitempty"`
	Alcohol           AlcoholLevel                 `json:"alcohol,omitempty"`
	Monitoring        Monitoring                   `json:"monitoring,omitempty"`
}

// Validate names the fields that cannot be accepted.
func (c ImposeRequirement) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/kind", c.Kind, reference.RequirementKinds.Listed)
	period(&f, c.From, c.To)
	f.If(c.ReviewEveryMonths < 0 || c.ReviewEveryMonths > 36, "/reviewEveryMonths", "out-of-range", "a court reviews every 1 to 36 months, or not at all")
	k, ok := reference.RequirementKinds.Latest(c.Kind)
	if !ok {
		return f
	}
	f.If(k.Treatment && c.Provider.IsZero(), "/provider", "required", "a treatment requirement names who provides it")
	f.If(c.Testing && !k.Testing, "/testing", "impossible", "no samples are given under this kind of requirement")
	f.If(c.Setting != "" && !slices.Contains(k.Settings, c.Setting), "/setting", "impossible", "this kind of requirement has no such setting")
	if k.Alcohol {
		fault.OneOf(&f, "/alcohol", c.Alcohol, AlcoholLevels)
		fault.OneOf(&f, "/monitoring", c.Monitoring, Monitorings)
	} else {
		f.If(c.Alcohol != "", "/alcohol", "impossible", "this kind of requirement says nothing of alcohol")
		f.If(c.Monitoring != "", "/monitoring", "impossible", "this kind of requirement says nothing of alcohol")
	}
	return f
}

func (c ImposeRequirement) order(s State) (Order, bool) {
	if c.Supervision.IsZero() {
		return s.LiveOrder(c.From)
	}
	return s.Order(c.Supervision)
}

// Check refuses a requirement without an order, of a kind not in force, that
// needs a willingness nobody expressed, or that is so long that the court must
// review it and does not.
func (c ImposeRequirement) Check(s State, _ event.Context) error {
	if err := s.alive(); err != nil {
		return err
	}
	kind, ok := reference.RequirementKinds.Find(c.Kind, c.From)
	if !ok {
		return fault.Refuse("requirement-kind-closed", "this kind of requirement is not in force on its first day")
	}
	if _, ok := c.order(s); !ok {
		return fault.Refuse("no-live-supervision", "there is no order that the requirement could be part of")
	}
	if kind.NeedsWillingness && !slices.ContainsFunc(s.Willingness, func(w Willingness) bool { return w.Kind == c.Kind && w.On <= c.From }) {
		return fault.Refuse("no-willingness-recorded", "the person has not expressed willingness to comply")
	}
	// The statute says "more than": a period of exactly that length needs none.
	if n := kind.ReviewAboveMonths; n > 0 && c.To > c.From.AddMonths(n) && c.ReviewEveryMonths == 0 {
		return fault.Refuse("review-required", "with so long a period the court must review the requirement")
	}
	if _, live := s.LiveRequirement(c.Kind, c.From); live {
		return fault.Refuse("requirement-already-imposed", "a requirement of this kind runs already")
	}
	return nil
}

// Events records the requirement.
func (c ImposeRequirement) Events(s State, ctx event.Context) []event.Draft {
	supervision := c.Supervision
	if o, ok := c.order(s); ok {
		supervision = o.ID
	}
	kind, _ := reference.RequirementKinds.Latest(c.Kind)
	e := RequirementImposed{Requirement: ctx.NewID("requirement"), Supervision: supervision,
		Terms: event.Own(RequirementTerms{c.Kind, c.From, c.To, c.Provider, c.Testing || kind.AlwaysTesting, c.ReviewEveryMonths})}
	if specified := (Specification{c.Setting, c.Alcohol, c.Monitoring}); specified != (Specification{}) {
		e.Specified = event.Own(specified)
	}
	return []event.Draft{{Data: e}}
}
