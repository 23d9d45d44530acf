package consent

import (
	"slices"
	"time"

	"caseledger/domain/event"
)

// Change is something after which the person should be asked again whether
// they stand by a consent: custody, release or a transfer, which change every
// recipient, or one recipient's own change (domain reference sections 3.4, 7.3
// and 8.8).
type Change struct {
	At event.When
	// Recipient is the organisation or member of staff that is no longer the one
	// told; zero where all may be others.
	Recipient event.UUID
}

// NeedsReconfirm reports whether a consent to disclosure is marked at t: it is
// active, and a change that concerns it came after the person last gave,
// narrowed or reconfirmed it. It stays active; relying on it is found (L24).
func (c Consent) NeedsReconfirm(changes []Change, t time.Time) bool {
	v, given := c.VersionAt(t)
	if c.Kind != Disclosure || !given || c.StatusAt(t) != Active {
		return false
	}
	return slices.ContainsFunc(changes, func(x Change) bool {
		return x.At.Begun(t) && x.At.Earliest().After(v.From.Earliest()) && (x.Recipient.IsZero() || v.Scope.names(x.Recipient))
	})
}

// names reports whether a recipient is named by its own identifier.
func (s Scope) names(id event.UUID) bool {
	return slices.ContainsFunc(s.Recipients, func(r Recipient) bool { return r.Org == id || r.Person == id })
}
