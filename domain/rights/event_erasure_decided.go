package rights

import "caseledger/domain/event"

// ErasureDecided says that, on the person's request, the controller's record of
// some data classes is erased (UK GDPR Article 17). Like [RecordDisposed] it
// destroys no key itself.
type ErasureDecided struct {
	Erasure event.UUID `json:"erasure"`
	Request event.UUID `json:"request"` // the request that was granted
	// Data are the data classes erased.
	Data   []event.Class          `json:"data"`
	Reason event.Personal[string] `json:"reason" personal:"operational"`
}

func (ErasureDecided) isEvent() {}

var erasureDecided = event.Define[ErasureDecided]("rights.erasure-decided", 1)
