package policy

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"caseledger/domain/event"
)

// The names of the documents that a rule set is made of, in their order.
const (
	Rules Name = "rules.json"
	Gates Name = "gates.cedar"
)

// State is what the policy stream holds.
type State struct {
	RuleSets      []RuleSet
	ReferenceData []ReferenceData
	documents     map[event.Commitment]document

	// Parse reads a rule set and returns the version it gives itself; its error
	// begins with the file and the line. A state that is folded for a command has
	// it; no other needs it.
	Parse func(rules, gates []byte) (Version, error)
}

// RuleSet is a rule set that was published.
type RuleSet struct {
	RuleSetPublished
	At     event.When
	Source event.ID
}

// ReferenceData is a set of code lists that was published.
type ReferenceData struct {
	ReferenceDataPublished
	At     event.When
	Source event.ID
}

// document is the parts of one document that were published.
type document struct {
	name  Name
	parts [][]byte // nil where a part is missing
}

// Fold folds the standing events of the policy stream.
func Fold(standing []event.Recorded) State {
	var s State
	for _, e := range standing {
		s = Evolve(s, e)
	}
	return s
}

// Evolve folds one standing event; events of other streams change nothing, and
// neither does one that could not be opened, or a part that cannot be one.
func Evolve(s State, e event.Recorded) State {
	d, ok := e.Data.(Event)
	if !ok || e.Operational != event.Open {
		return s
	}
	switch d := d.(type) {
	case DocumentPublished:
		text, state := d.Bytes.Get()
		if state != event.Open || d.Part < 1 || d.Part > d.Parts || d.Parts > mostParts {
			return s
		}
		of := s.documents[d.Hash]
		if len(of.parts) != d.Parts {
			of = document{name: d.Name, parts: make([][]byte, d.Parts)}
		}
		of.parts = slices.Clone(of.parts)
		of.parts[d.Part-1] = append([]byte{}, text...)
		all := make(map[event.Commitment]document, len(s.documents)+1)
		for h, one := range s.documents {
			all[h] = one
		}
		all[d.Hash], s.documents = of, all
	case RuleSetPublished:
		s.RuleSets = append(slices.Clip(s.RuleSets), RuleSet{d, e.Effective, e.ID})
	case ReferenceDataPublished:
		s.ReferenceData = append(slices.Clip(s.ReferenceData), ReferenceData{d, e.Effective, e.ID})
	case RuleSet, ReferenceData: // facts of the state; none is ever recorded
	}
	return s
}

// The errors of a document that cannot be had. Where a rule set names such a
// document, the decisions made by it cannot be judged again: raise an incident.
var (
	ErrNoDocument = errors.New("policy: no such document was published")
	ErrIncomplete = errors.New("policy: parts of the document are missing")
	ErrAltered    = errors.New("policy: the document's bytes are not those of its hash")
)

// Document returns the name and the bytes of a published document, put together
// from its parts and checked against its hash. The bytes are the caller's.
func (s State) Document(hash event.Commitment) (Name, []byte, error) {
	d, ok := s.documents[hash]
	switch {
	case !ok:
		return "", nil, ErrNoDocument
	case slices.ContainsFunc(d.parts, func(p []byte) bool { return p == nil }):
		return "", nil, fmt.Errorf("%s: %w", d.name, ErrIncomplete)
	}
	all := bytes.Join(d.parts, nil)
	if sha256.Sum256(all) != hash {
		return "", nil, fmt.Errorf("%s: %w", d.name, ErrAltered)
	}
	return d.name, all, nil
}

// Texts returns the bytes of documents, by name; the error of the first that
// cannot be had.
func (s State) Texts(documents []event.Commitment) (map[Name][]byte, error) {
	texts := map[Name][]byte{}
	for _, hash := range documents {
		name, text, err := s.Document(hash)
		if err != nil {
			return nil, err
		}
		texts[name] = text
	}
	return texts, nil
}

// RuleSet returns a published rule set by its hash; false if there is none.
func (s State) RuleSet(hash event.Commitment) (RuleSet, bool) {
	i := slices.IndexFunc(s.RuleSets, func(r RuleSet) bool { return r.RuleSet == hash })
	if i < 0 {
		return RuleSet{}, false
	}
	return s.RuleSets[i], true
}

// RuleSetAt returns the rule set in force at t: the last that had been
// published by then; false if there was none.
func (s State) RuleSetAt(t time.Time) (RuleSet, bool) {
	for _, r := range slices.Backward(s.RuleSets) {
		if r.At.Begun(t) {
			return r, true
		}
	}
	return RuleSet{}, false
}

// ReferenceDataAt returns the code lists in use at t: the last that had been
// published by then; false if there were none.
func (s State) ReferenceDataAt(t time.Time) (ReferenceData, bool) {
	for _, r := range slices.Backward(s.ReferenceData) {
		if r.At.Begun(t) {
			return r, true
		}
	}
	return ReferenceData{}, false
}

// SetHash is the hash of a set of documents: SHA-256 over their hashes, in
// order.
func SetHash(documents []event.Commitment) event.Commitment {
	h := sha256.New()
	for _, d := range documents {
		h.Write(d[:])
	}
	return event.Commitment(h.Sum(nil))
}
