package lawfulness

import (
	"time"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/supervision"
)

// ConsentChanges lists what happened in the case after which a consent to
// disclosure is to be reconfirmed: going into custody and out of it, a
// transfer, and another practitioner, or the same one at another organisation.
func (c Case) ConsentChanges() []consent.Change {
	var changes []consent.Change
	for _, m := range c.Supervision.Moves {
		if m.To != supervision.RecalledTo { // nobody is told of it before they are back in custody
			changes = append(changes, consent.Change{At: m.At})
		}
	}
	for _, x := range c.Supervision.Transfers {
		changes = append(changes, consent.Change{At: x.At})
	}
	for i, next := range c.Supervision.Allocations {
		if i == 0 {
			continue
		}
		was := c.Supervision.Allocations[i-1]
		if was.Practitioner != next.Practitioner && !was.Practitioner.IsZero() {
			changes = append(changes, consent.Change{At: next.From, Recipient: was.Practitioner})
		}
		if was.Organisation != next.Organisation && !was.Organisation.IsZero() {
			changes = append(changes, consent.Change{At: next.From, Recipient: was.Organisation})
		}
	}
	return changes
}

// NeedsReconfirm reports whether a consent is marked at t as one to reconfirm;
// see [consent.Consent.NeedsReconfirm].
func (c Case) NeedsReconfirm(id event.UUID, t time.Time) bool {
	of, _ := c.Consent.Get(id)
	return of.NeedsReconfirm(c.ConsentChanges(), t)
}
