package codec

import "sync"

// codes holds the event types, roles, sides and purposes met so far, so that
// reading them makes no garbage.
var codes = interned{known: map[string]string{}}

// interned is a bounded set of strings.
type interned struct {
	mu    sync.RWMutex
	known map[string]string
}

// maxInterned bounds the set: far more than there are codes.
const maxInterned = 4096

func (i *interned) intern(b []byte) string {
	i.mu.RLock()
	s, ok := i.known[string(b)]
	i.mu.RUnlock()
	if ok {
		return s
	}
	s = string(b)
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.known) < maxInterned {
		i.known[s] = s
	}
	return s
}
