package disclosure

import "caseledger/domain/event"

// PublicInterestDecisionRecorded is the reasoning that a disclosure without
// agreement, for the protection of the public, must have (rule R04).
type PublicInterestDecisionRecorded struct {
	PublicInterest  event.UUID             `json:"publicInterest"`
	Decision        event.UUID             `json:"decision"` // it is the reasoning of
	Seriousness     Seriousness            `json:"seriousness"`
	Likelihood      Likelihood             `json:"likelihood"`
	Informed        Informed               `json:"personInformed"`
	ReviewOn        event.Day              `json:"reviewOn,omitzero"`
	Harm            event.Personal[string] `json:"harm" personal:"decision"`
	Consent         event.Personal[string] `json:"whyNoConsent" personal:"decision"`
	Proportionality event.Personal[string] `json:"proportionality" personal:"decision"`
	Alternatives    event.Personal[string] `json:"alternatives" personal:"decision"`
	WhyNot          event.Personal[string] `json:"whyNotInformed" personal:"decision"`
}

func (PublicInterestDecisionRecorded) isEvent() {}

var publicInterestDecisionRecorded = event.Define[PublicInterestDecisionRecorded]("disclosure.public-interest-decision-recorded", 1)
