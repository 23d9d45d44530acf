package postgres

import (
	"caseledger/domain/event"
	"caseledger/eventstore"
)

// maxHeads bounds each half of the cache: about 10 MB in all.
const maxHeads = 1 << 16

// heads remembers how many events streams hold at least, by what was read and
// committed over one connection. Another process may have appended since. When
// the young half is full it becomes the old one, and what was old is forgotten.
//
// What other connections read is not taken in: they may be to a server that was
// left, and a head that is not there would make a gap.
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

// forget empties the cache: the next connection may be to another server.
func (h *heads) forget() { *h = heads{} }
