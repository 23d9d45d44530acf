package governance

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// AssignStaffRole says that somebody holds a role at the organisation.
type AssignStaffRole struct {
	event.Timed
	Staff event.UUID `json:"staff"`
	Role  event.Role `json:"role"`
	// Senior marks a clinician who may decide in the public interest.
	Senior bool `json:"senior,omitempty"`
}

// Validate names what cannot be understood.
func (b AssignStaffRole) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Staff.IsZero(), "/staff", "required", "this must be given")
	e, ok := reference.Roles.Latest(b.Role)
	f.If(!ok || !e.Human || slices.Contains(e.Sides, event.PersonSide), "/role", "unknown-code", "this is not a role of a member of staff")
	return f
}

// Check refuses a role that is not of the organisation's side, one that is held
// already, and a mark that only a clinician may bear (rule R04).
func (b AssignStaffRole) Check(s State, c event.Context) error {
	if err := ours(c); err != nil {
		return err
	}
	switch {
	case !reference.HeldOn(b.Role, c.Actor.Side):
		return fault.Refuse("role-of-another-side", "the role is not held on this side")
	case b.Senior && b.Role != "HUB_CLIN":
		return fault.Refuse("senior-is-for-clinicians", "only a hub clinician is marked senior")
	case slices.ContainsFunc(s.RolesAt(b.Staff, c.Asked()), func(a Assignment) bool { return a.Role == b.Role }):
		return fault.Refuse("role-already-held", "this member of staff holds the role: end it first")
	}
	return nil
}

// Events records the assignment.
func (b AssignStaffRole) Events(_ State, c event.Context) []event.Draft {
	return []event.Draft{{Data: StaffRoleAssigned{Assignment: c.NewID("assignment"), Staff: b.Staff, Role: b.Role, Senior: b.Senior}}}
}

// EndStaffRole says that somebody no longer holds a role.
type EndStaffRole struct {
	event.Timed
	Assignment event.UUID `json:"assignment"`
}

// Validate names what cannot be understood.
func (b EndStaffRole) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Assignment.IsZero(), "/assignment", "required", "this must be given")
	return f
}

// Check refuses an assignment that is not there, has ended, or had not begun.
func (b EndStaffRole) Check(s State, c event.Context) error {
	if err := ours(c); err != nil {
		return err
	}
	i := slices.IndexFunc(s.Staff, func(a Assignment) bool { return a.Assignment == b.Assignment })
	switch {
	case i < 0:
		return fault.Refuse("no-such-assignment", "nobody was assigned a role by that name")
	case !s.Staff[i].Ended.IsZero():
		return fault.Refuse("assignment-ended", "the role was ended before")
	case !s.Staff[i].At.Begun(c.Asked()):
		return fault.Refuse("ended-before-it-began", "the role had not begun then")
	}
	return nil
}

// Events records the end.
func (b EndStaffRole) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: StaffRoleEnded{Assignment: b.Assignment}}}
}

// RecordTraining says that somebody took a course.
type RecordTraining struct {
	event.Timed
	Staff  event.UUID `json:"staff"`
	Course Course     `json:"course"`
}

// Validate names what cannot be understood.
func (b RecordTraining) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Staff.IsZero(), "/staff", "required", "this must be given")
	fault.OneOf(&f, "/course", b.Course, Courses)
	return f
}

// Check refuses another controller's organisation.
func (b RecordTraining) Check(_ State, c event.Context) error { return ours(c) }

// Events records the training.
func (b RecordTraining) Events(_ State, c event.Context) []event.Draft {
	return []event.Draft{{Data: TrainingRecorded{Training: c.NewID("training"), Staff: b.Staff, Course: b.Course}}}
}

// Keepers are the roles that keep an organisation's staff register.
var Keepers = []event.Role{"IG_LEAD", "SPO", "SIRO", "CALDICOTT"}

// SignUndertaking says that somebody signed a confidentiality undertaking.
type SignUndertaking struct {
	event.Timed
	// Staff is who signed; left out, the actor. Only those who keep the staff
	// register record it for another.
	Staff event.UUID `json:"staff,omitzero"`
	Until event.Day  `json:"until,omitzero"`
}

// Check refuses an undertaking that somebody signs for another, and one that
// is over before it begins.
func (b SignUndertaking) Check(_ State, c event.Context) error {
	if err := ours(c); err != nil {
		return err
	}
	switch {
	case !b.Staff.IsZero() && b.Staff != c.Actor.ID && !slices.Contains(Keepers, c.Actor.Role):
		return fault.New(fault.Denied, "signed-for-another", "you sign for yourself")
	case b.Until != 0 && b.Until < day(c):
		return fault.Refuse("over-before-it-begins", "the undertaking ends before it is signed")
	}
	return nil
}

// Events records the undertaking.
func (b SignUndertaking) Events(_ State, c event.Context) []event.Draft {
	staff := b.Staff
	if staff.IsZero() {
		staff = c.Actor.ID
	}
	return []event.Draft{{Data: UndertakingSigned{Undertaking: c.NewID("undertaking"), Staff: staff, Until: b.Until}}}
}
