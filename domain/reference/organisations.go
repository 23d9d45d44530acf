package reference

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"caseledger/domain/event"
)

// Organisation is one organisation: its one side and its one controller. Two
// organisations of the same controller do not disclose to each other.
type Organisation struct {
	Head[OrganisationCode]            // Code is the ODS or local code, Text the name
	Label                  string     `json:"label"` // what staff call it, such as "HUB-CAM"
	ID                     event.UUID `json:"id"`
	Side                   event.Side `json:"side"`
	Controller             event.UUID `json:"controller"`
	// Kind is what it does; an organisation of no kind is told nothing by a rule
	// that is about kinds.
	Kind OrganisationKind `json:"kind,omitempty"`
	// Nation is whose law its care is under; left out, England's.
	Nation Nation `json:"nation,omitempty"`
	// Care: a health or adult social care commissioner or provider within
	// section 251B of the Health and Social Care Act 2012.
	Care bool `json:"care,omitempty"`
	// Secrecy: those who work there owe secrecy as health or social work
	// professionals do, by law or by contract (DPA 2018 section 11(1)).
	Secrecy bool `json:"secrecy,omitempty"`
}

// OrganisationKind is what an organisation does, as far as rules ask.
type OrganisationKind string

// OrganisationKinds lists the kinds.
var OrganisationKinds = []OrganisationKind{"HUB", "GP", "TRUST", "CRISIS_TEAM", "AMBULANCE", "PRISON_HEALTHCARE", "WELSH_BOARD",
	"COMMISSIONER", "SCREENING_PROGRAMME", "DRUG_ALCOHOL", "SUPPORT", "PROBATION_REGION", "HOUSING", "SOCIAL_CARE", "PRISON",
	"COURT", "POLICE", "REGULATOR", "RESEARCH"}

func (o Organisation) check() error {
	switch {
	case o.ID.IsZero() || o.Controller.IsZero() || o.Label == "":
		return errors.New("no id, controller or label")
	case o.Kind != "" && !slices.Contains(OrganisationKinds, o.Kind):
		return errors.New("unknown kind")
	case o.Nation != "" && o.Nation != England && o.Nation != Wales:
		return errors.New("unknown nation")
	}
	return sides([]event.Side{o.Side})
}

// Organisations lists the organisations that every installation knows.
var Organisations = load("organisations", Organisation.check,
	func(e *Organisation, d event.Day) { e.startsBy(d) })

// Register is the set of organisations of one installation. It is not changed
// once it is in use.
type Register struct {
	byID   map[event.UUID]Organisation
	byCode map[OrganisationCode]event.UUID // by code and by label
}

// NewRegister returns a register of the listed [Organisations].
func NewRegister() *Register {
	r := &Register{byID: map[event.UUID]Organisation{}, byCode: map[OrganisationCode]event.UUID{}}
	for _, o := range Organisations.All() {
		if err := r.Add(o); err != nil {
			panic(err)
		}
	}
	return r
}

// Add adds an organisation. It is an error if it lacks an id, a controller, a
// label or a side, if its id, code or label is taken, or if its controller
// already controls an organisation of another side.
func (r *Register) Add(o Organisation) error {
	if err := o.check(); err != nil {
		return fmt.Errorf("organisation %s: %w", o.Code, err)
	}
	names := []OrganisationCode{o.Code, OrganisationCode(o.Label)}
	for _, n := range names {
		if _, taken := r.byCode[n]; taken || n == "" {
			return fmt.Errorf("organisation %s: its code or label is missing or taken", o.Code)
		}
	}
	if _, taken := r.byID[o.ID]; taken {
		return fmt.Errorf("organisation %s: its id is taken", o.Code)
	}
	for _, other := range r.byID {
		if other.Controller == o.Controller && other.Side != o.Side {
			return fmt.Errorf("organisation %s: its controller is on another side", o.Code)
		}
	}
	r.byID[o.ID] = o
	for _, n := range names {
		r.byCode[n] = o.ID
	}
	return nil
}

// ByID returns an organisation; false if it is not known.
func (r *Register) ByID(id event.UUID) (Organisation, bool) {
	o, ok := r.byID[id]
	return o, ok
}

// ByCode returns the organisation with a code or label; false if none has it.
func (r *Register) ByCode(code OrganisationCode) (Organisation, bool) {
	id, ok := r.byCode[code]
	return r.byID[id], ok
}

// Controller returns the controller of an organisation; zero if it is not
// known.
func (r *Register) Controller(org event.UUID) event.UUID { return r.byID[org].Controller }

// All returns every organisation in order of code.
func (r *Register) All() []Organisation {
	return slices.SortedFunc(maps.Values(r.byID), func(a, b Organisation) int {
		if a.Code < b.Code {
			return -1
		}
		return 1
	})
}
