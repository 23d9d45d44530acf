package rights

import "caseledger/domain/event"

// RecordDisposed says that the controller's record of some data classes of the
// person was decided to be disposed of. It destroys no key itself: what it
// names reads as erased once the destruction of the keys is on the record too.
type RecordDisposed struct {
	Disposal event.UUID     `json:"disposal"`
	Period   event.UUID     `json:"period"` // the retention period that was over
	Class    RetentionClass `json:"class"`
	// Data are the data classes disposed of.
	Data []event.Class `json:"data"`
}

func (RecordDisposed) isEvent() {}

var recordDisposed = event.Define[RecordDisposed]("rights.record-disposed", 1)
