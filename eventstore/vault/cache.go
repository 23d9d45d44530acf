package vault

import "sync"

// cache keeps at most about 2*size recently used values. It has two
// generations: what is found in the old one moves to the young one, and when
// the young one is full it becomes the old one.
type cache[K comparable, V any] struct {
	mu         sync.RWMutex
	young, old map[K]V
	size       int
	epoch      uint64 // counts clears, so that a value loaded before one is not put after it
}

func newCache[K comparable, V any](size int) *cache[K, V] {
	return &cache[K, V]{young: map[K]V{}, old: map[K]V{}, size: size}
}

// get returns a value, and the epoch to give to put where there is none.
func (c *cache[K, V]) get(k K) (V, bool, uint64) {
	c.mu.RLock()
	v, young := c.young[k]
	ok, epoch := young, c.epoch
	if !young {
		v, ok = c.old[k]
	}
	c.mu.RUnlock()
	if ok && !young {
		c.put(k, v, epoch)
	}
	return v, ok, epoch
}

func (c *cache[K, V]) put(k K, v V, epoch uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if epoch != c.epoch {
		return
	}
	if len(c.young) >= c.size {
		c.old, c.young = c.young, make(map[K]V, c.size)
	}
	c.young[k] = v
}

// cleared returns what put wants.
func (c *cache[K, V]) cleared() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.epoch
}

func (c *cache[K, V]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	c.young, c.old = map[K]V{}, map[K]V{}
}
