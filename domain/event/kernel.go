package event

// KeyCreated commits the ledger to a data key before its first use on the
// stream: commitment = HMAC-SHA256(key, "dek-commit-v1" followed by the key's
// id). Whoever opens a box checks the key against it, so sealed bytes cannot
// be given another meaning by another key.
type KeyCreated struct {
	Key        UUID       `json:"key"`
	Commitment Commitment `json:"commitment"`
}

// Commitment is an HMAC-SHA256; as text it is 64 hexadecimal digits.
type Commitment [32]byte

// KeyDestroyed records that a key was destroyed on purpose: what it sealed
// reads as erased from then on. A key that is absent without this event is a
// failure.
type KeyDestroyed struct {
	Key UUID `json:"key"`
}

// HeadsCommitted commits the ledger to how far every stream had come at a size
// of the ledger: which streams there were, and the last entry of each. Package
// heads of the event store says how the root is made, and proves from it that
// the entries of a stream are all there were, or that there was no such stream.
type HeadsCommitted struct {
	Size    uint64     `json:"size"`    // entries of the ledger, from its first
	Root    Commitment `json:"root"`    // of the tree of heads
	Streams uint64     `json:"streams"` // in the tree
}

// VerifierKey is a public key that verifies signatures of the ledger, as a C2SP
// signed-note verifier key: <name>+<8 hexadecimal digits of key id>+<base64>.
type VerifierKey string

// SignerChanged says which keys sign the ledger from then on, and which no
// longer do. What a retired key signed before stays signed.
type SignerChanged struct {
	Added   []VerifierKey `json:"added"`
	Retired []VerifierKey `json:"retired"`
}

// EventCorrected says that the event its envelope's Corrects names was
// recorded wrongly. The event that follows it in the same append, with the
// same Corrects, takes the wrong one's place in every fold; both stay in the
// record.
type EventCorrected struct {
	Reason Personal[string] `json:"reason" personal:"operational"`
}

// EnteredInError says that the event its envelope's Corrects names should not
// be in this stream at all: every fold leaves it out.
type EnteredInError struct {
	Reason Personal[string] `json:"reason" personal:"operational"`
}

// Kernel defines the events that belong to no area.
var Kernel = []*Definition{
	DefineClear[KeyCreated]("key.created", 1),
	DefineClear[KeyDestroyed]("key.destroyed", 1),
	DefineClear[HeadsCommitted]("ledger.heads-committed", 1),
	DefineClear[SignerChanged]("ledger.signer-changed", 1),
	Define[EventCorrected]("record.corrected", 1),
	Define[EnteredInError]("record.entered-in-error", 1),
}

// IsCorrection reports whether e changes how an earlier event is read: a
// notice, a void, or a replacement.
func (m Meta) IsCorrection() bool { return !m.Corrects.IsZero() }

// Standing returns the events of one stream as they stand after its
// corrections: voided events left out, each replacement in its target's
// place (carrying its own identity and times), notices dropped. The latest
// replacement of a target wins; a void is final. A correction whose target is
// not among the events has no effect.
//
// events must be in stream order. Cutting them at a position first gives what
// was known at that position.
func Standing(events []Recorded) []Recorded {
	corrected := false
	for i := range events {
		corrected = corrected || events[i].IsCorrection()
	}
	if !corrected {
		return events
	}
	replacement := map[ID]Recorded{}
	void := map[ID]bool{}
	for _, e := range events {
		if !e.IsCorrection() {
			continue
		}
		switch e.Type {
		case "record.corrected":
		case "record.entered-in-error":
			void[e.Corrects] = true
		default:
			replacement[e.Corrects] = e
		}
	}
	standing := make([]Recorded, 0, len(events))
	for _, e := range events {
		if e.IsCorrection() || void[e.ID] {
			continue
		}
		if r, replaced := replacement[e.ID]; replaced {
			e = r
		}
		standing = append(standing, e)
	}
	return standing
}
