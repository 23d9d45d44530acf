package sqlite

import (
	"caseledger/domain/event"
	"caseledger/eventstore"
)

// maxHeads bounds each half of the cache: about 10 MB in all.
const maxHeads = 1 << 16

// heads remembers how many events the streams in use hold. When the young
// half is full it becomes the old one, and what was old is forgotten.
type heads struct {
	young, old map[event.StreamID]eventstore.Revision
}

func (h *heads) get(stream event.StreamID) (eventstore.Revision, bool) {
	if n, ok := h.young[stream]; ok {
		return n, true
	}
	n, ok := h.old[stream]
	if ok {
		h.set(stream, n)
	}
	return n, ok
}

func (h *heads) set(stream event.StreamID, n eventstore.Revision) {
	if len(h.young) >= maxHeads {
		h.old, h.young = h.young, nil
	}
	if h.young == nil {
		h.young = map[event.StreamID]eventstore.Revision{}
	}
	h.young[stream] = n
}

// forget empties the cache, after a transaction that was not committed.
func (h *heads) forget() { *h = heads{} }
