package codec

import (
	"maps"
	"sync"
	"sync/atomic"
)

// codes holds the event types, roles, sides and purposes met so far, so that
// reading them makes no garbage.
var codes interned

// interned is a bounded set of strings, copied when it grows: it soon stops
// growing, and reading it takes no lock.
type interned struct {
	known atomic.Pointer[map[string]string]
	mu    sync.Mutex // held while it grows
}

// maxInterned bounds the set: far more than there are codes.
const maxInterned = 1024

func (i *interned) intern(b []byte) string {
	known := i.known.Load()
	if known != nil {
		if s, ok := (*known)[string(b)]; ok {
			return s
		}
	}
	s := string(b)
	if known != nil && len(*known) >= maxInterned {
		return s
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	grown := map[string]string{s: s}
	if known = i.known.Load(); known != nil {
		maps.Copy(grown, *known)
	}
	i.known.Store(&grown)
	return s
}
