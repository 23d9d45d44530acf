package rights

import "caseledger/domain/event"

// ErasureCompleted is the receipt of a disposal or an erasure that was carried
// out: what is gone, what is kept and why, and for how long copies may still
// hold a key. It names nothing that was erased, and stays readable.
type ErasureCompleted struct {
	// Erasure is the disposal or the erasure that was decided, and Decision the
	// event that says so.
	Erasure  event.UUID `json:"erasure"`
	Decision event.ID   `json:"decision"`
	// Side is whose keys were destroyed, and Data of which classes.
	Side event.Side    `json:"side"`
	Data []event.Class `json:"data"`
	// Keys is how many keys were destroyed, and Events how many events they had
	// sealed something of.
	Keys   int `json:"keys"`
	Events int `json:"events"`
	// Kept is what the same side still holds of the person.
	Kept []Kept `json:"kept"`
	// CopiesUntil is the last day on which a backup of the keystore from before may
	// still be kept, by the setting. A copy opens only with the key-encryption key
	// that was in use when it was made.
	CopiesUntil event.Day `json:"copiesUntil"`
	// Rewrapped: the keys that are left are wrapped by another key-encryption key,
	// and the one before is destroyed here. Otherwise that is done by the end of
	// RewrapBy; zero: it is not.
	Rewrapped bool      `json:"rewrapped"`
	RewrapBy  event.Day `json:"rewrapBy,omitzero"`
	// Purged is what those report who keep anything made from the record.
	Purged []Purge `json:"purged"`
}

// Kept is one data class of which the side still holds keys.
type Kept struct {
	Class event.Class `json:"class"`
	Keys  int         `json:"keys"`
	Why   KeptReason  `json:"why"`
	// Hold is the legal hold that keeps it, and Period the retention period with
	// the longest minimum, which ends after Until; an Until of zero beside a
	// Period: it has no end.
	Hold   event.UUID `json:"hold,omitzero"`
	Period event.UUID `json:"period,omitzero"`
	Until  event.Day  `json:"until,omitzero"`
}

// Purge is what one who keeps anything made from the record reports: that it
// looked, and how much it took out.
type Purge struct {
	By    Purger `json:"by"`
	Items int    `json:"items"`
}

func (ErasureCompleted) isEvent() {}

var erasureCompleted = event.Define[ErasureCompleted]("rights.erasure-completed", 1)
