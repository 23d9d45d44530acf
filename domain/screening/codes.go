package screening

import "caseledger/domain/event"

// Status says whether a screening yields a result.
type Status string

// The statuses. With items missing there is no total: nothing is imputed.
const (
	Complete   Status = "complete"
	Incomplete Status = "incomplete"
)

// RiskLevel is what is known of the risk of suicide or self-harm. Scores do
// not predict risk, so there is no number.
type RiskLevel string

// The levels.
const (
	NoRisk        RiskLevel = "NONE"
	Ideation      RiskLevel = "IDEATION"
	Plan          RiskLevel = "PLAN"
	Intent        RiskLevel = "INTENT"
	RecentAttempt RiskLevel = "RECENT_ATTEMPT"
)

// RiskLevels lists the levels in rising order.
var RiskLevels = []RiskLevel{NoRisk, Ideation, Plan, Intent, RecentAttempt}

// DeclineReason is why somebody would not be screened. Nobody has to say why.
type DeclineReason string

// DeclineReasons lists the reasons.
var DeclineReasons = []DeclineReason{"NOT_GIVEN", "NOT_NOW", "PRIVACY", "NO_BENEFIT", "DONE_ELSEWHERE", "OTHER"}

// TestKind is what a sample is tested for.
type TestKind string

// The kinds of test.
const (
	DrugTest     TestKind = "DRUG"
	AlcoholTest  TestKind = "ALCOHOL"
	HIV          TestKind = "HIV"
	HepatitisB   TestKind = "HBV"
	HepatitisC   TestKind = "HCV"
	SexualHealth TestKind = "SEXUAL_HEALTH"
)

// categories says what a kind of test's result is.
var categories = map[TestKind]event.Category{
	DrugTest: "H.DRUGTEST", AlcoholTest: "H.SUBSTANCE",
	HIV: "H.BBV_SEXUAL", HepatitisB: "H.BBV_SEXUAL", HepatitisC: "H.BBV_SEXUAL", SexualHealth: "H.BBV_SEXUAL",
}

// NeedsConsentToTest reports whether the test may be made only of somebody who
// agreed to it.
func (k TestKind) NeedsConsentToTest() bool { return categories[k] == "H.BBV_SEXUAL" }

// TestResult is the outcome of a test.
type TestResult string

// TestResults lists the outcomes.
var TestResults = []TestResult{"NEGATIVE", "POSITIVE", "INCONCLUSIVE", "NOT_PROVIDED", "REFUSED"}

// Substance is a substance that a test found.
type Substance string

// Substances lists the substances.
var Substances = []Substance{"OPIATES", "COCAINE", "CRACK", "AMPHETAMINES", "BENZODIAZEPINES", "CANNABIS", "METHADONE",
	"BUPRENORPHINE", "SYNTHETIC_CANNABINOIDS", "ALCOHOL", "OTHER"}

// Eligibility says whether a population screening programme would invite.
type Eligibility string

// The answers.
const (
	Eligible    Eligibility = "ELIGIBLE"
	NotEligible Eligibility = "NOT_ELIGIBLE"
	SelfRefer   Eligibility = "SELF_REFER"
)

// EligibilityReason is what the answer rests on.
type EligibilityReason string

// EligibilityReasons lists the reasons.
var EligibilityReasons = []EligibilityReason{"AGE_AND_ANATOMY", "AGE", "ANATOMY", "EVER_SMOKED", "DIABETES", "PRIOR_HISTORY", "NOT_REGISTERED_WITH_GP", "OTHER"}
