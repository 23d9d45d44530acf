package rights

import "caseledger/domain/event"

// RetentionReviewed says what the review of a retention period came to.
type RetentionReviewed struct {
	Period  event.UUID      `json:"period"`
	Outcome RetentionReview `json:"outcome"`
	// DisposeOn is the next such day, of an extension.
	DisposeOn event.Day              `json:"disposeOn,omitzero"`
	Reason    event.Personal[string] `json:"reason" personal:"operational"`
}

func (RetentionReviewed) isEvent() {}

var retentionReviewed = event.Define[RetentionReviewed]("rights.retention-reviewed", 1)
