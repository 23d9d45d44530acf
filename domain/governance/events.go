package governance

import "caseledger/domain/event"

// DPIAApproved says that an impact assessment of a processing was approved
// (UK GDPR Article 35), on the data protection officer's advice.
type DPIAApproved struct {
	DPIA       event.UUID `json:"dpia"`
	Version    int        `json:"version"` // from 1
	Processing Processing `json:"processing"`
	Residual   Residual   `json:"residualRisk"`
	// Consulted: the regulator was, because the residual risk is high (Article 36).
	Consulted  bool                   `json:"regulatorConsulted"`
	ReviewDue  event.Day              `json:"reviewDue"`
	DPOAdvice  event.Personal[string] `json:"dpoAdvice" personal:"operational"`
	Mitigation event.Personal[string] `json:"mitigation" personal:"operational"`
}

func (DPIAApproved) isEvent() {}

// ProcessingChanged says that a processing is no longer what was assessed: the
// assessments before it no longer cover it.
type ProcessingChanged struct {
	Processing Processing             `json:"processing"`
	Change     event.Personal[string] `json:"change" personal:"operational"`
}

func (ProcessingChanged) isEvent() {}

// PolicyDocumentPublished says that an appropriate policy document for a
// condition is in force (DPA 2018 Schedule 1 paragraph 39, section 42), until
// it is due for review.
type PolicyDocumentPublished struct {
	Document  event.UUID `json:"document"`
	Version   int        `json:"version"`
	Condition Condition  `json:"condition"`
	From      event.Day  `json:"from"`
	ReviewDue event.Day  `json:"reviewDue"` // the first day on which it is out of review
}

func (PolicyDocumentPublished) isEvent() {}

// RopaEntryRecorded is one entry of the record of processing activities (UK
// GDPR Article 30): for what, and to which side, the organisation tells what.
type RopaEntryRecorded struct {
	Entry         event.UUID       `json:"entry"`
	Purpose       event.Purpose    `json:"purpose"`
	RecipientSide event.Side       `json:"recipientSide"`
	Categories    []event.Category `json:"categories"`
	From          event.Day        `json:"from"`
}

func (RopaEntryRecorded) isEvent() {}

// StaffRoleAssigned says that somebody holds a role at the organisation.
type StaffRoleAssigned struct {
	Assignment event.UUID `json:"assignment"`
	Staff      event.UUID `json:"staff"`
	Role       event.Role `json:"role"`
	// Senior marks a clinician who may decide in the public interest (rule R04).
	Senior bool `json:"senior"`
}

func (StaffRoleAssigned) isEvent() {}

// StaffRoleEnded says that somebody no longer holds a role.
type StaffRoleEnded struct {
	Assignment event.UUID `json:"assignment"`
}

func (StaffRoleEnded) isEvent() {}

// TrainingRecorded says that somebody took a course. It counts for twelve
// months (policy; finding L40).
type TrainingRecorded struct {
	Training event.UUID `json:"training"`
	Staff    event.UUID `json:"staff"`
	Course   Course     `json:"course"`
}

func (TrainingRecorded) isEvent() {}

// UndertakingSigned says that somebody who works with NHS data without a
// professional's duty signed a confidentiality undertaking (finding L46).
type UndertakingSigned struct {
	Undertaking event.UUID `json:"undertaking"`
	Staff       event.UUID `json:"staff"`
	// Until is the last day it holds; zero: no end.
	Until event.Day `json:"until,omitzero"`
}

func (UndertakingSigned) isEvent() {}

// BreachDetected says that a personal data breach was found (UK GDPR Article
// 4(12)). The regulator is told within 72 hours of AwareAt, if it is notifiable.
type BreachDetected struct {
	Breach   event.UUID   `json:"breach"`
	Kind     BreachKind   `json:"kind"`
	AwareAt  event.When   `json:"awareAt"`
	Subjects []event.UUID `json:"subjects,omitempty"` // the people it is about, as far as known
	// Notifiable, unless the assessment says otherwise.
	Notifiable  bool                   `json:"notifiable"`
	Description event.Personal[string] `json:"description" personal:"operational"`
}

func (BreachDetected) isEvent() {}

// BreachAssessed says how likely a breach is to touch people's rights. An
// unlikely one need not be notified (Article 33(1)); a high risk is told to
// the people (Article 34).
type BreachAssessed struct {
	Breach      event.UUID             `json:"breach"`
	Likelihood  Likelihood             `json:"likelihood"`
	Notifiable  bool                   `json:"notifiable"`
	Containment event.Personal[string] `json:"containment" personal:"operational"`
}

func (BreachAssessed) isEvent() {}

// RegulatorNotified says that the regulator was told of a breach, and, where
// that was late, why.
type RegulatorNotified struct {
	Breach event.UUID `json:"breach"`
	Delay  Delay      `json:"delayReason,omitzero"`
}

func (RegulatorNotified) isEvent() {}

// SubjectsInformed says that the people a breach is about were told.
type SubjectsInformed struct {
	Breach   event.UUID   `json:"breach"`
	Subjects []event.UUID `json:"subjects,omitempty"` // none: all of them
}

func (SubjectsInformed) isEvent() {}

// Events lists the event definitions of organisation streams.
var Events = []*event.Definition{
	event.Define[DPIAApproved]("governance.dpia-approved", 1),
	event.Define[ProcessingChanged]("governance.processing-changed", 1),
	event.Define[PolicyDocumentPublished]("governance.policy-document-published", 1),
	event.Define[RopaEntryRecorded]("governance.ropa-entry-recorded", 1),
	event.Define[StaffRoleAssigned]("governance.staff-role-assigned", 1),
	event.Define[StaffRoleEnded]("governance.staff-role-ended", 1),
	event.Define[TrainingRecorded]("governance.training-recorded", 1),
	event.Define[UndertakingSigned]("governance.undertaking-signed", 1),
	event.Define[BreachDetected]("governance.breach-detected", 1),
	event.Define[BreachAssessed]("governance.breach-assessed", 1),
	event.Define[RegulatorNotified]("governance.regulator-notified", 1),
	event.Define[SubjectsInformed]("governance.subjects-informed", 1),
}
