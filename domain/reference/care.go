package reference

import (
	"errors"
	"slices"

	"caseledger/domain/event"
)

// CommunicationNeedEntry is an adjustment a person needs: never the label of a
// condition.
type CommunicationNeedEntry struct{ Head[CommunicationNeed] }

// CommunicationNeeds lists the adjustments.
var CommunicationNeeds = load("communication-needs", nil,
	func(e *CommunicationNeedEntry, d event.Day) { e.startsBy(d) })

// PrivacyNoticeEntry is a published version of the privacy notice.
type PrivacyNoticeEntry struct {
	Head[PrivacyNotice]
	Formats []NoticeFormat `json:"formats"`
}

// PrivacyNotices lists the published versions.
var PrivacyNotices = load("privacy-notices", func(e PrivacyNoticeEntry) error {
	if len(e.Formats) == 0 {
		return errors.New("no format")
	}
	return nil
}, func(e *PrivacyNoticeEntry, d event.Day) { e.startsBy(d) })

// NHSNumberStatusEntry says how far an NHS number has been traced.
type NHSNumberStatusEntry struct{ Head[NHSNumberStatus] }

// NHSNumberStatuses lists the verification statuses.
var NHSNumberStatuses = load("nhs-number-status", nil,
	func(e *NHSNumberStatusEntry, d event.Day) { e.startsBy(d) })

// ReferralDestinationEntry is a place a person may be referred to.
type ReferralDestinationEntry struct {
	Head[ReferralDestination]
	Purpose event.Purpose `json:"purpose"` // of the disclosure that sending it is
	Timers  []Timer       `json:"timers"`
}

// ReferralDestinations lists the destinations.
var ReferralDestinations = load("referral-destinations", func(e ReferralDestinationEntry) error {
	if !Purposes.Listed(e.Purpose) {
		return errors.New("unknown purpose")
	}
	return nil
}, func(e *ReferralDestinationEntry, d event.Day) { e.startsBy(d) })

// What a reason about a referral may be given for.
const (
	ForReject   ReferralReasonUse = "REJECT"
	ForReturn   ReferralReasonUse = "RETURN"
	ForWithdraw ReferralReasonUse = "WITHDRAW"
	ForHold     ReferralReasonUse = "HOLD"
	ForCancel   ReferralReasonUse = "CANCEL"
	ForClose    ReferralReasonUse = "CLOSE"
)

// ReferralReasonEntry is a reason why a referral does not go on.
type ReferralReasonEntry struct {
	Head[ReferralReason]
	Uses []ReferralReasonUse `json:"uses"`
}

// ReferralReasons lists the reasons.
var ReferralReasons = load("referral-reasons", func(e ReferralReasonEntry) error {
	for _, u := range e.Uses {
		if !slices.Contains([]ReferralReasonUse{ForReject, ForReturn, ForWithdraw, ForHold, ForCancel, ForClose}, u) {
			return errors.New("unknown use")
		}
	}
	if len(e.Uses) == 0 {
		return errors.New("no use")
	}
	return nil
}, func(e *ReferralReasonEntry, d event.Day) { e.startsBy(d) })

// ReasonFor reports whether a referral reason may be given for a use.
func ReasonFor(reason ReferralReason, use ReferralReasonUse) bool {
	e, ok := ReferralReasons.Latest(reason)
	return ok && slices.Contains(e.Uses, use)
}

// GPRefusalReasonEntry is a reason a practice gives for not registering
// somebody. One that is not compliant must be escalated.
type GPRefusalReasonEntry struct {
	Head[GPRefusalReason]
	Compliant bool `json:"compliant"`
}

// GPRefusalReasons lists the reasons.
var GPRefusalReasons = load("gp-refusal-reasons", nil,
	func(e *GPRefusalReasonEntry, d event.Day) { e.startsBy(d) })

type (
	Anatomy        string // what a programme looks at, whatever somebody's gender
	ProgrammeNeeds string // what somebody must have beside an age
)

// What of somebody's body a programme may ask for.
const (
	Cervix       Anatomy = "CERVIX"
	Breasts      Anatomy = "BREASTS"
	AssignedMale Anatomy = "ASSIGNED_MALE" // at birth
)

// What a programme may need beside age and anatomy.
const (
	NeedsSmoking     ProgrammeNeeds = "EVER_SMOKED"
	NeedsDiabetes    ProgrammeNeeds = "DIABETES"
	NeedsNoCondition ProgrammeNeeds = "NO_LISTED_CONDITION"
)

// ScreeningProgrammeEntry is a population screening programme. It invites
// either between two ages or in the screening year, from 1 April to 31 March,
// in which somebody turns an age.
type ScreeningProgrammeEntry struct {
	Head[ScreeningProgramme]
	MinAge  int            `json:"minAge,omitempty"` // in whole years
	MaxAge  int            `json:"maxAge,omitempty"` // in whole years, included; 0 means no upper age
	Turns   int            `json:"turns,omitempty"`  // in whole years; who is older may come of themselves
	Anatomy Anatomy        `json:"anatomy,omitempty"`
	Needs   ProgrammeNeeds `json:"needs,omitempty"`
	// EveryMonths is the interval in calendar months; 0 means once.
	EveryMonths int `json:"everyMonths,omitempty"`
}

// ScreeningProgrammes lists the programmes of England. There is no national
// prostate programme.
var ScreeningProgrammes = load("screening-programmes", ScreeningProgrammeEntry.check,
	func(e *ScreeningProgrammeEntry, d event.Day) { e.startsBy(d) })

func (e ScreeningProgrammeEntry) check() error {
	switch {
	case e.MinAge < 0 || e.Turns < 0 || e.MaxAge != 0 && e.MaxAge < e.MinAge || (e.MinAge > 0) == (e.Turns > 0):
		return errors.New("impossible ages")
	case e.EveryMonths < 0:
		return errors.New("impossible interval")
	case !slices.Contains([]Anatomy{"", Cervix, Breasts, AssignedMale}, e.Anatomy):
		return errors.New("unknown anatomy")
	case !slices.Contains([]ProgrammeNeeds{"", NeedsSmoking, NeedsDiabetes, NeedsNoCondition}, e.Needs):
		return errors.New("unknown need")
	}
	return nil
}
