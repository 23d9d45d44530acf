package supervision

import "caseledger/domain/event"

// ReportingExplained says that the person was told, before a requirement was
// assessed or imposed, what of its treatment is reported to the responsible
// officer (domain reference sections 8.4 and 8.8; rule R05 rests on it for a
// mental health or alcohol treatment requirement).
type ReportingExplained struct {
	Requirement event.UUID `json:"requirement"`
}

func (ReportingExplained) isEvent() {}

var reportingExplained = event.Define[ReportingExplained]("supervision.reporting-explained", 1)
