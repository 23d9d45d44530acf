package postgres

import (
	"sync"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

// maxHeads bounds each half of the cache: about 10 MB in all.
const maxHeads = 1 << 16

// heads remembers how many events streams hold at least: as many were read or
// committed. Another process may have appended since, so that a head says for
// certain only that a lower revision is taken. When the young half is full it
// becomes the old one, and what was old is forgotten.
type heads struct {
	mu         sync.Mutex
	young, old map[event.StreamID]eventstore.Revision
}

func (h *heads) get(stream event.StreamID) (eventstore.Revision, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.look(stream)
}

func (h *heads) look(stream event.StreamID) (eventstore.Revision, bool) {
	if n, ok := h.young[stream]; ok {
		return n, true
	}
	n, ok := h.old[stream]
	if ok {
		h.put(stream, n)
	}
	return n, ok
}

// raise notes that a stream holds n events at least.
func (h *heads) raise(stream event.StreamID, n eventstore.Revision) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if held, ok := h.look(stream); !ok || n > held {
		h.put(stream, n)
	}
}

func (h *heads) put(stream event.StreamID, n eventstore.Revision) {
	if len(h.young) >= maxHeads {
		h.old, h.young = h.young, nil
	}
	if h.young == nil {
		h.young = map[event.StreamID]eventstore.Revision{}
	}
	h.young[stream] = n
}

// forget empties the cache: the server may be another than before.
func (h *heads) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.young, h.old = nil, nil
}
