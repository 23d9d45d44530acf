package reference

import "caseledger/domain/event"

// NHSNumberUnavailable is why a message carries no NHS number.
type NHSNumberUnavailable string

// NHSNumberUnavailableEntry is one such reason.
type NHSNumberUnavailableEntry struct{ Head[NHSNumberUnavailable] }

// NHSNumberUnavailables lists why a message may carry no NHS number (UK Core).
var NHSNumberUnavailables = load("nhs-number-unavailable", nil,
	func(e *NHSNumberUnavailableEntry, d event.Day) { e.startsBy(d) })
