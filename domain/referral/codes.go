package referral

import (
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// Priority is how soon a referral must be dealt with.
type Priority string

// Priorities lists the priorities.
var Priorities = []Priority{"ROUTINE", "SOON", "URGENT", "EMERGENCY"}

// Outcome is what came of a referral.
type Outcome string

// Outcomes lists the outcomes.
var Outcomes = []Outcome{"TREATMENT_COMPLETED", "ASSESSED_NO_TREATMENT", "REFERRED_ON", "ADVICE_GIVEN", "REGISTERED", "HOUSED", "OTHER"}

// By is who took a referral back.
type By string

// Bys lists who may.
var Bys = []By{"PERSON", "REFERRER", "RECIPIENT"}

// EscalatedTo is who a refusal that breaks the rules goes to.
type EscalatedTo string

// ICB is the integrated care board that commissions the practice.
const ICB EscalatedTo = "ICB"

// Clinicians may end a referral for somebody who does not come (domain
// reference section 6.3).
var Clinicians = []event.Role{"HUB_CLIN", "HUB_NURSE"}

// Needs is the category that sending a referral to a destination tells, and
// so the one a decision must permit: where the rule about the destination does
// not go as far as referrals, what it sees of one.
func Needs(to reference.ReferralDestination) event.Category {
	switch to {
	case "DRUG_ALCOHOL": // rule R02
		return "H.SUBSTANCE"
	case "CANCER_SCREENING": // rule R13
		return "ID.DEMOG"
	}
	return category(to)
}

// category is the one that telling somebody else of a referral falls in.
func category(of reference.ReferralDestination) event.Category {
	switch of {
	case "HOUSING_DUTY_TO_REFER":
		return "W.HOUSING"
	case "SAFEGUARDING_ADULT", "SAFEGUARDING_CHILD":
		return "W.SAFEGUARD"
	}
	return "H.REFERRAL"
}

// fromCustody are the destinations to which somebody in custody can be
// referred: what is asked for a court, for release, or to keep somebody safe.
var fromCustody = []reference.ReferralDestination{"MHTR_ASSESSMENT", "DRR_ASSESSMENT", "ATR_ASSESSMENT",
	"HOUSING_DUTY_TO_REFER", "SAFEGUARDING_ADULT", "SAFEGUARDING_CHILD"}

// Community reports whether a destination is only for people who are not in
// custody.
func Community(to reference.ReferralDestination) bool { return !slices.Contains(fromCustody, to) }

// Limit is how long a timer runs, from sending a referral until it is
// stopped. One of the two is given.
type Limit struct {
	Days    int           // Europe/London days after the day of sending
	Elapsed time.Duration // from the instant of sending
	// Stops are the stages that stop it.
	Stops []Stage
}

var (
	untilSeen    = []Stage{FirstContact, InTreatment, Completed, Rejected, Withdrawn, Cancelled, ClosedNotEngaged}
	untilTreated = []Stage{InTreatment, Completed, Rejected, Withdrawn, Cancelled, ClosedNotEngaged}
)

// Limits says how long each timer runs (domain reference section 6.3). Which
// timers run for a destination is in its entry of the code list. ACK counts
// working days and is not crossed by a command.
var Limits = map[reference.Timer]Limit{
	"TT_6W":     {Days: 42, Stops: untilSeen},
	"TT_18W":    {Days: 126, Stops: untilSeen},
	"RTT_18W":   {Days: 126, Stops: untilTreated},
	"DA_3W":     {Days: 21, Stops: untilSeen},
	"FDS_28D":   {Days: 28, Stops: untilSeen},
	"MH_CRISIS": {Elapsed: 24 * time.Hour, Stops: untilSeen},
}

// LetterDays is how many days a practice has to give its reasons for a refusal
// in writing.
const LetterDays = 14
