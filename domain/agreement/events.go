package agreement

import "caseledger/domain/event"

// AgreementDrafted says what the first version of an agreement would be. It
// is in force once every party has signed it.
type AgreementDrafted struct {
	Agreement event.UUID             `json:"agreement"`
	Terms     Terms                  `json:"terms"`
	Title     event.Personal[string] `json:"title" personal:"operational"`
	// Security says how what is shared is kept safe.
	Security event.Personal[string]   `json:"security,omitzero" personal:"operational"`
	Contacts event.Personal[Contacts] `json:"contacts,omitzero" personal:"operational"`
}

func (AgreementDrafted) isEvent() {}

// AgreementAmended says what the next version would be. The one before stays
// in force until every party has signed this one.
type AgreementAmended struct {
	Version int                    `json:"version"` // from 2
	Terms   Terms                  `json:"terms"`
	Reason  event.Personal[string] `json:"reason" personal:"operational"`

	Security event.Personal[string]   `json:"security,omitzero" personal:"operational"`
	Contacts event.Personal[Contacts] `json:"contacts,omitzero" personal:"operational"`
}

func (AgreementAmended) isEvent() {}

// AgreementSigned says that a party signed a version.
type AgreementSigned struct {
	Version int           `json:"version"`
	Org     event.UUID    `json:"org"`
	Role    SignatoryRole `json:"role"`
}

func (AgreementSigned) isEvent() {}

// AgreementSuspended says that nothing more is shared under it for now.
type AgreementSuspended struct {
	Reason event.Personal[string] `json:"reason" personal:"operational"`
}

func (AgreementSuspended) isEvent() {}

// AgreementResumed ends a suspension.
type AgreementResumed struct {
	Reason event.Personal[string] `json:"reason" personal:"operational"`
}

func (AgreementResumed) isEvent() {}

// AgreementTerminated says that a party ended it before its time.
type AgreementTerminated struct {
	Reason event.Personal[string] `json:"reason" personal:"operational"`
}

func (AgreementTerminated) isEvent() {}

// AgreementExpired notes that its last version's end has come. It held no
// longer from that end on, whether or not this was noted.
type AgreementExpired struct {
	Version int `json:"version"`
}

func (AgreementExpired) isEvent() {}

// Events lists the event definitions of agreement streams.
var Events = []*event.Definition{
	event.Define[AgreementDrafted]("agreement.drafted", 1),
	event.Define[AgreementAmended]("agreement.amended", 1),
	event.Define[AgreementSigned]("agreement.signed", 1),
	event.Define[AgreementSuspended]("agreement.suspended", 1),
	event.Define[AgreementResumed]("agreement.resumed", 1),
	event.Define[AgreementTerminated]("agreement.terminated", 1),
	event.Define[AgreementExpired]("agreement.expired", 1),
}
