package disclosure

// The codes of the decision record (domain reference sections 8.2, 8.3, 8.6).
type (
	Rule         string // of the rule table, "R01" to "R24"
	Article6     string // UK GDPR Article 6, or Part 3
	Article9     string
	Schedule1    string // a condition of Schedule 1 DPA 2018
	Confidence   string // what lifts the duty of confidence
	Gateway      string // a power or duty to share
	Gate         string // "G1" to "G11"
	Detail       string // how much is told of a category
	Outcome      string
	Reason       string // why, of a decision
	Informed     string // whether the person was told of the decision
	Method       string // how something was told
	Seriousness  string
	Likelihood   string
	ClosedReason string
	Mishap       string // how an unplanned disclosure came about
	RuleSet      string // the version of a set of rules, such as "2026-01"
	Warning      string // what a finding would be raised for, by its monitor's id, such as "L15"
	// Evaluator is the version of what judged a decision.
	Evaluator int
)

// Rules lists the rules.
var Rules = []Rule{"R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08", "R09", "R10", "R11", "R12",
	"R13", "R14", "R15", "R16", "R17", "R18", "R19", "R20", "R21", "R22", "R23", "R24"}

// Articles6 lists the bases of Article 6, and Part 3.
var Articles6 = []Article6{"A6A", "A6C", "A6D", "A6E", "A6EA", "A6F", "P3", "P3X"}

// Articles9 lists the conditions of Article 9, and consent.
var Articles9 = []Article9{"A9A", "A9C", "A9F", "A9G", "A9H", "A9I", "A9J"}

// Schedules1 lists the conditions of Schedule 1, by paragraph, and official
// authority.
var Schedules1 = []Schedule1{"p2", "p4", "p6", "p7", "p10", "p18", "p29", "p30", "OFFICIAL"}

// The bases that lift the duty of confidence.
const (
	ImpliedConsent  Confidence = "C-IMP"
	ExplicitConsent Confidence = "C-EXP"
	Statute         Confidence = "C-STAT"
	PublicInterest  Confidence = "C-PI"
	BestInterests   Confidence = "C-BI"
	Section251      Confidence = "C-251"
)

// Confidences lists them.
var Confidences = []Confidence{ImpliedConsent, ExplicitConsent, Statute, PublicInterest, BestInterests, Section251}

// Gateways lists the powers and duties to share.
var Gateways = []Gateway{"G-251B", "G-OMA14", "G-CDA115", "G-CDA17A", "G-MAPPA", "G-SA19", "G-SVD", "G-HRA213B", "G-CARE",
	"G-CHILD", "G-COURT", "G-NHSFUNC", "G-HMPPSFUNC", "G-GENFUNC", "G-DPA15", "G-251"}

// Gates lists the gates a disclosure must pass (domain reference section 8.1).
var Gates = []Gate{"G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G9", "G10", "G11"}

// Details lists how much may be told.
var Details = []Detail{"STATEMENT", "SUMMARY", "FULL"}

// The outcomes. REFER passes the question to somebody who may answer it.
const (
	Permit Outcome = "PERMIT"
	Refuse Outcome = "REFUSE"
	Refer  Outcome = "REFER"
)

// Outcomes lists them.
var Outcomes = []Outcome{Permit, Refuse, Refer}

// Reasons lists why a decision came out as it did.
var Reasons = []Reason{"NECESSARY", "EXCESS", "NO_CONSENT", "REFUSED_BY_PERSON", "OBJECTION", "NO_GATEWAY", "NOT_NECESSARY",
	"RESTRICTED", "NOT_ENTITLED", "NO_AGREEMENT", "INCOMPLETE", "BEYOND_MY_AUTHORITY", "OTHER"}

// Whether the person was told; why not is free text beside it.
const (
	WasInformed    Informed = "YES"
	WasNotInformed Informed = "NO"
)

// Methods lists how something may be told.
var Methods = []Method{"SYSTEM", "SPOKEN", "CALL", "LETTER", "EMAIL", "SCREEN", "DOCUMENT"}

// Seriousnesses lists how grave a harm would be.
var Seriousnesses = []Seriousness{"NOT_SERIOUS", "SERIOUS", "DEATH_OR_SERIOUS_HARM"}

// Likelihoods lists how likely a harm is.
var Likelihoods = []Likelihood{"UNLIKELY", "POSSIBLE", "LIKELY", "IMMINENT"}

// ClosedReasons lists why a decision is closed.
var ClosedReasons = []ClosedReason{"DONE", "NOT_NEEDED", "LAPSED", "SUPERSEDED", "MISTAKEN"}

// Mishaps lists how an unplanned disclosure comes about.
var Mishaps = []Mishap{"TOO_MUCH", "WRONG_RECIPIENT", "OVERHEARD", "SCREEN_SEEN", "FORWARDED", "WITHOUT_DECISION", "OTHER"}
