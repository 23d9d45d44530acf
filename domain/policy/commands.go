package policy

import (
	"crypto/sha256"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

const (
	longestText    = 4000 // characters
	longestVersion = 40
	// partBytes is how much of a document one event holds: with a third more for
	// its text form, it fits the largest box of an event, 16,380 bytes.
	partBytes = 11 << 10
	// mostParts bounds what an event may claim; a request is at most 128 KB.
	mostParts = 64
	// longestDocument is the longest document that a command may bring.
	longestDocument = 128 << 10
)

// PublishRuleSet puts a rule set into force: the documents as they are, byte
// for byte, so that any decision can be judged again by them.
type PublishRuleSet struct {
	Version Version `json:"version"`
	Rules   string  `json:"rules"` // the text of rules.json
	Gates   string  `json:"gates"` // the text of gates.cedar
	Reason  string  `json:"reason"`
}

// Validate names what cannot be understood.
func (b PublishRuleSet) Validate() []fault.Field {
	var f fault.Fields
	f.Text("/version", string(b.Version), longestVersion, false)
	for pointer, text := range map[string]string{"/rules": b.Rules, "/gates": b.Gates} {
		f.If(text == "", pointer, "required", "this must be given")
		f.If(len(text) > longestDocument, pointer, "too-long", "this is too long")
		f.If(!utf8.ValidString(text), pointer, "not-text", "this holds characters that are not text")
	}
	f.Text("/reason", b.Reason, longestText, false)
	return f
}

// Set is the hash of the rule set.
func (b PublishRuleSet) Set() event.Commitment { return SetHash(b.hashes()) }

func (b PublishRuleSet) hashes() []event.Commitment {
	return []event.Commitment{sha256.Sum256([]byte(b.Rules)), sha256.Sum256([]byte(b.Gates))}
}

// Check refuses documents that cannot be read, or that give themselves another
// version; a version that other documents have; and a rule set that would be
// in force before one that was published already: what was decided is never put
// under other rules.
func (b PublishRuleSet) Check(s State, c event.Context) error {
	switch version, err := s.Parse([]byte(b.Rules), []byte(b.Gates)); {
	case err != nil:
		return Unreadable(err)
	case version != b.Version:
		return fault.Bad("/version", "version-differs", "the rules give themselves another version")
	}
	for _, r := range s.RuleSets {
		if r.Version == b.Version && r.RuleSet != b.Set() {
			return fault.Refuse("version-taken", "another rule set has this version")
		}
		if c.When().Earliest().Before(r.At.Earliest()) {
			return fault.Refuse("rules-out-of-order", "a later rule set is published already")
		}
	}
	return nil
}

// place is where a parser says that it stopped.
var place = regexp.MustCompile(`^(rules\.json|gates\.cedar)(: line \d{1,9}\b)?`)

// Unreadable says where the documents of a rule set cannot be read, and nothing
// of what they say there. Its error is a parser's, which begins with the file
// and the line.
func Unreadable(err error) error {
	at := place.FindString(err.Error())
	if at == "" {
		at = "a document"
	}
	pointer := "/rules"
	if strings.HasPrefix(at, string(Gates)) {
		pointer = "/gates"
	}
	return fault.Bad(pointer, "rules-unreadable", "%s cannot be understood", at)
}

// Events records those documents that are not on the stream yet, and the rule
// set; nothing if it is in force already.
func (b PublishRuleSet) Events(s State, c event.Context) []event.Draft {
	if n := len(s.RuleSets); n > 0 && s.RuleSets[n-1].RuleSet == b.Set() && s.RuleSets[n-1].Version == b.Version {
		return nil
	}
	drafts := s.publish(nil, Rules, []byte(b.Rules))
	drafts = s.publish(drafts, Gates, []byte(b.Gates))
	return append(drafts, event.Draft{Data: RuleSetPublished{RuleSet: b.Set(), Version: b.Version, Documents: b.hashes(), Reason: event.Own(b.Reason)}})
}

// publish adds the parts of a document that the stream does not hold whole.
func (s State) publish(drafts []event.Draft, name Name, text []byte) []event.Draft {
	hash := event.Commitment(sha256.Sum256(text))
	if _, _, err := s.Document(hash); err == nil {
		return drafts
	}
	parts := slices.Collect(slices.Chunk(text, partBytes))
	for i, p := range parts {
		drafts = append(drafts, event.Draft{Data: DocumentPublished{Hash: hash, Name: name, Part: i + 1, Parts: len(parts), Bytes: event.Own(p)}})
	}
	return drafts
}

// PublishReferenceData puts the code lists that this program holds on the
// record, so that a decision made by them can be judged again by them. It is
// for the program's start.
type PublishReferenceData struct{}

// Check refuses nothing: the lists are what decisions are made by.
func (PublishReferenceData) Check(State, event.Context) error { return nil }

// Events records the lists that are not on the stream yet, and that they are
// in use; nothing if they are already.
func (PublishReferenceData) Events(s State, _ event.Context) []event.Draft {
	lists, err := reference.Lists()
	if err != nil {
		panic(err) // the lists are part of the program
	}
	var hashes []event.Commitment
	var drafts []event.Draft
	for _, l := range lists {
		hashes = append(hashes, l.Hash)
		drafts = s.publish(drafts, Name(l.Name+".json"), l.Bytes)
	}
	set := SetHash(hashes)
	if n := len(s.ReferenceData); n > 0 && s.ReferenceData[n-1].ReferenceData == set {
		return nil
	}
	return append(drafts, event.Draft{Data: ReferenceDataPublished{ReferenceData: set, Documents: hashes}})
}
