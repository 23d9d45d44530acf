package consent

import (
	"regexp"
	"slices"
)

// Kind is one of the different things called "consent" (domain reference
// section 7.1).
type Kind string

// The kinds.
const (
	Treatment  Kind = "TREATMENT"  // may you treat me?
	Screening  Kind = "SCREENING"  // will I take part?
	Disclosure Kind = "DISCLOSURE" // may confidential information go to somebody for something?
	// Willingness to comply with a treatment requirement is expressed to the
	// court; it is not given, refused or withdrawn here.
	Willingness Kind = "REQ_WILLINGNESS"
	GDPR        Kind = "GDPR_CONSENT" // is consent the lawful basis?
)

// Kinds lists the kinds.
var Kinds = []Kind{Treatment, Screening, Disclosure, Willingness, GDPR}

// Status is what a consent is at a time.
type Status string

// The statuses. A consent that was not there at the time has none.
const (
	None      Status = ""
	Proposed  Status = "PROPOSED"
	Active    Status = "ACTIVE"
	Refused   Status = "REFUSED"
	Withdrawn Status = "WITHDRAWN"
	Expired   Status = "EXPIRED"
	Invalid   Status = "INVALID"
	// Unconfirmed: given in a record that was since merged into this one, and not
	// in force until the person stands by it anew.
	Unconfirmed Status = "UNCONFIRMED"
)

// Form is how consent was expressed.
type Form string

// The forms.
const (
	Written Form = "EXPLICIT_WRITTEN"
	Oral    Form = "EXPLICIT_ORAL" // valid if recorded
	Implied Form = "IMPLIED"
)

// Giver is who gave it.
type Giver string

// Who may give consent.
const (
	Self     Giver = "SELF"
	Attorney Giver = "ATTORNEY"
	Deputy   Giver = "DEPUTY"
)

// RefusalReason is why somebody said no. Nobody has to say why.
type RefusalReason string

// RefusalReasons lists the reasons.
var RefusalReasons = []RefusalReason{"NOT_GIVEN", "PRIVACY", "MISTRUST", "FEAR_OF_CONSEQUENCES", "NO_BENEFIT", "FAMILY_OR_WORK", "OTHER"}

// InvalidityReason is why a consent never was one.
type InvalidityReason string

// InvalidityReasons lists the reasons (domain reference section 7.3).
var InvalidityReasons = []InvalidityReason{"CAPACITY", "WRONG_PERSON", "COERCION"}

// CapacityOutcome is the outcome of an assessment of capacity for one
// decision at one time (Mental Capacity Act 2005).
type CapacityOutcome string

// The outcomes.
const (
	Has         CapacityOutcome = "HAS"
	Lacks       CapacityOutcome = "LACKS"
	Fluctuating CapacityOutcome = "FLUCTUATING"
)

// Support is what was tried so that the person could decide.
type Support string

// Supports lists what can be tried.
var Supports = []Support{"EASY_READ", "INTERPRETER", "ADVOCATE", "QUIET_PLACE", "MORE_TIME", "ANOTHER_TIME", "COMMUNICATION_AID", "FAMILY_PRESENT"}

// OptOut is an answer of the national data opt-out service.
type OptOut string

// The answers.
const (
	OptedOut    OptOut = "OPTED_OUT"
	NotOptedOut OptOut = "NOT_OPTED_OUT"
)

// Reference names a document kept elsewhere, such as a DPO's override: letters,
// digits and "/", ".", "_", "-", at most 64. It is never a person's name.
type Reference string

var referenceForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9/._-]{0,63}$`)

func (r Reference) wellFormed() bool { return referenceForm.MatchString(string(r)) }

// Language is a BCP 47 language tag, such as "en" or "pl".
type Language string

var languageForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

func (l Language) wellFormed() bool { return len(l) <= 35 && languageForm.MatchString(string(l)) }

func listed[C comparable](code C, list []C) bool { return slices.Contains(list, code) }
