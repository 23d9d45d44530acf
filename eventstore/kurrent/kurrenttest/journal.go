package kurrenttest

import (
	"errors"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// record is one event of the log.
type record struct {
	position     uint64 // offset in the log: prepare and commit position alike
	stream       string
	number       uint64
	id           [16]byte
	meta         map[string]string
	custom, data []byte
}

// stream is what the log holds of one stream. Its n-th record has number n;
// a tombstone is not among them.
type stream struct {
	records    []record
	deleted    bool // softly: what it held is hidden, and appends go on
	first      uint64
	tombstoned bool
}

// journal is the log of the whole cluster.
type journal struct {
	mu      sync.Mutex
	log     []record
	end     uint64 // offset of the next record
	streams map[string]*stream
	changed chan struct{} // closed, and replaced, when the log changes
	user    int           // records that are not the server's own
}

var (
	errTombstoned = errors.New("stream deleted")
	errWrong      = errors.New("wrong expected version")
	errTooLarge   = errors.New("maximum append size exceeded")
)

// tombstone is the number of the event that deletes a stream for good.
const tombstone = math.MaxInt64

// statsEvery is how many events others append between two of the server's own.
const statsEvery = 16

func newJournal() *journal {
	j := &journal{streams: map[string]*stream{}, changed: make(chan struct{}), end: 1_487}
	j.system("$$$settings", "$metadata")
	j.system("$user-admin", "$UserCreated")
	return j
}

// system writes an event of the server's own, as a real log is full of.
func (j *journal) system(name, kind string) {
	j.write(name, record{meta: map[string]string{"type": kind, "content-type": "application/json"}, data: []byte("{}")})
}

// write adds one record at the end of its stream.
func (j *journal) write(name string, r record) record {
	s := j.streams[name]
	if s == nil {
		s = &stream{}
		j.streams[name] = s
	}
	r.stream, r.number, r.position = name, uint64(len(s.records)), j.end
	if r.meta["created"] == "" {
		r.meta["created"] = strconv.FormatInt(time.Now().UnixNano()/100, 10)
	}
	if r.meta["type"] == "$streamDeleted" {
		r.number = tombstone
	} else {
		s.records = append(s.records, r)
	}
	j.log = append(j.log, r)
	j.end += uint64(len(r.data) + len(r.custom) + len(name) + 113)
	return r
}

func (j *journal) announce() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// expectation is what an append says the stream is at.
type expectation struct {
	any, exists bool
	next        uint64 // number that the first event is to get; 0 for a stream that is not there
}

// append adds a batch, or recognises it. An error comes with the number of
// events that the stream holds.
func (j *journal) append(name string, want expectation, batch []record, most int) (last record, held uint64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	size := 0
	for _, r := range batch {
		size += len(r.data) + len(r.custom)
	}
	if size > most {
		return record{}, 0, errTooLarge
	}
	s := j.streams[name]
	if s != nil {
		held = uint64(len(s.records))
		if s.tombstoned {
			return record{}, held, errTombstoned
		}
	}
	switch {
	case want.any, want.exists && held > 0, !want.exists && want.next == held:
	case s != nil && s.deleted && want.next == 0:
	case !want.exists && want.next < held && want.next+uint64(len(batch)) <= held:
		// The same events at the place where they are: done already.
		for i, r := range batch {
			if s.records[want.next+uint64(i)].id != r.id {
				return record{}, held, errWrong
			}
		}
		return s.records[want.next+uint64(len(batch))-1], held, nil
	default:
		return record{}, held, errWrong
	}
	if s != nil && s.deleted {
		s.deleted, s.first = false, held
	}
	for _, r := range batch {
		last = j.write(name, r)
	}
	if !strings.HasPrefix(name, "$") {
		before := j.user / statsEvery
		if j.user += len(batch); j.user/statsEvery != before {
			j.system("$stats-127.0.0.1:2113", "$statsCollected")
		}
	}
	j.announce()
	return last, uint64(len(j.streams[name].records)), nil
}

// remove deletes a stream, softly or for good.
func (j *journal) remove(name string, forGood bool) record {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.announce()
	if forGood {
		r := j.write(name, record{meta: map[string]string{"type": "$streamDeleted", "content-type": "application/octet-stream"}})
		j.streams[name].tombstoned = true
		return r
	}
	s := j.streams[name]
	if s == nil {
		s = &stream{}
		j.streams[name] = s
	}
	s.deleted, s.first = true, uint64(len(s.records))
	j.system("$$"+name, "$metadata")
	return j.log[len(j.log)-1]
}

// truncate takes the last records away.
func (j *journal) truncate(n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	log := j.log[:max(0, len(j.log)-n)]
	j.log, j.end, j.streams = nil, 1_487, map[string]*stream{}
	for _, r := range log {
		j.write(r.stream, r)
	}
	j.announce()
}

// forget takes the last records of a stream away.
func (j *journal) forget(name string, n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.streams[name]
	gone := s.records[len(s.records)-n:]
	s.records = s.records[:len(s.records)-n]
	j.log = slices.DeleteFunc(slices.Clone(j.log), func(r record) bool {
		return slices.ContainsFunc(gone, func(g record) bool { return g.position == r.position })
	})
	j.announce()
}

// index is the place in the log of the first record at or after an offset.
func (j *journal) index(position uint64) int {
	return sort.Search(len(j.log), func(i int) bool { return j.log[i].position >= position })
}

// from returns up to n records of the log beginning with the i-th, how many
// there are in all, and a channel that is closed when there are others.
func (j *journal) from(i, n int) (some []record, length int, changed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i = min(i, len(j.log))
	return slices.Clone(j.log[i:min(len(j.log), i+n)]), len(j.log), j.changed
}

// held returns up to n records of a stream beginning with number, and whether
// the stream can be read.
func (j *journal) held(name string, number uint64, n int) (some []record, found bool, changed <-chan struct{}, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.streams[name]
	switch {
	case s == nil:
		return nil, false, j.changed, nil
	case s.tombstoned:
		return nil, false, j.changed, errTombstoned
	case s.deleted:
		return nil, false, j.changed, nil
	}
	number = max(number, s.first)
	if number >= uint64(len(s.records)) {
		return nil, true, j.changed, nil
	}
	return slices.Clone(s.records[number:min(uint64(len(s.records)), number+uint64(n))]), true, j.changed, nil
}
