package consent

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// ConsentGranted says that the person, or somebody with authority to act for
// them, said yes. It is in force from its effective time until ExpiresAt.
type ConsentGranted struct {
	Consent event.UUID `json:"consent"`
	Version int        `json:"version"` // from 1
	Kind    Kind       `json:"kind"`
	Scope   Scope      `json:"scope"`
	Form    Form       `json:"form"`
	GivenBy Giver      `json:"givenBy"`
	// Authority names the document that lets an attorney or deputy act.
	Authority Reference `json:"authorityRef,omitzero"`
	// ExpiresAt is when it no longer holds; a day means from that day's start.
	ExpiresAt   event.When              `json:"expiresAt"`
	Information reference.PrivacyNotice `json:"infoVersion,omitzero"` // what the person was told first
	Language    Language                `json:"language,omitzero"`
	Interpreter bool                    `json:"interpreter"`
	Voluntary   Voluntariness           `json:"voluntariness"`
	Appointment event.UUID              `json:"appointment,omitzero"` // at which it was given
	DPOOverride Reference               `json:"dpoOverrideRef,omitzero"`
}

// Voluntariness is what was said so that the answer was free (domain reference
// section 7.1).
type Voluntariness struct {
	// NoEffect: refusing has no effect on supervision.
	NoEffect bool `json:"refusalHasNoEffect"`
	// AskedFreely: the practitioner did not ask on the clinician's behalf.
	AskedFreely bool `json:"notAskedForTheOtherSide"`
}

func (ConsentGranted) isEvent() {}

var consentGranted = event.Define[ConsentGranted]("consent.granted", 1)
