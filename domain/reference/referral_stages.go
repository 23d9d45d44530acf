package reference

import (
	"errors"
	"slices"

	"caseledger/domain/event"
)

type (
	ReferralStage         string // as package referral names them
	ServiceRequestStatus  string // FHIR R4 request status
	TaskStatus            string // FHIR R4 task status
	ReferAndMonitorStatus string // empty where it has no such state
)

// ReferralStageEntry is a stage of a referral, and what other systems call it.
type ReferralStageEntry struct {
	Head[ReferralStage]
	ServiceRequest  ServiceRequestStatus  `json:"serviceRequest"`
	Task            TaskStatus            `json:"task"`
	ReferAndMonitor ReferAndMonitorStatus `json:"referAndMonitor,omitempty"`
	// ReferAndMonitorDelivered takes its place once the person was seen.
	ReferAndMonitorDelivered ReferAndMonitorStatus `json:"referAndMonitorDelivered,omitempty"`
}

var (
	serviceRequestStatuses = []ServiceRequestStatus{"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"}
	taskStatuses           = []TaskStatus{"draft", "requested", "received", "accepted", "rejected", "in-progress", "on-hold", "cancelled", "completed"}
)

// ReferralStages lists the stages of a referral with what FHIR R4 and Refer and
// Monitor an Intervention call them.
var ReferralStages = load("referral-stages", func(e ReferralStageEntry) error {
	if !slices.Contains(serviceRequestStatuses, e.ServiceRequest) || !slices.Contains(taskStatuses, e.Task) {
		return errors.New("unknown status")
	}
	return nil
}, func(e *ReferralStageEntry, d event.Day) { e.startsBy(d) })
