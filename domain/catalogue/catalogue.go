// Package catalogue is the one list of everything a ledger may hold and of
// everything that may be asked of it, whatever stream it is on. It never says
// what an event or a command means: their packages do.
package catalogue

import (
	"caseledger/domain/access"
	"caseledger/domain/agreement"
	"caseledger/domain/appointment"
	"caseledger/domain/breakglass"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
	"caseledger/domain/person"
	"caseledger/domain/policy"
	"caseledger/domain/referral"
	"caseledger/domain/rights"
	"caseledger/domain/screening"
	"caseledger/domain/supervision"
)

// Events is every event type of every stream, the kernel's included.
var Events = event.NewCatalogue(person.Events, supervision.Events, appointment.Events, consent.Events,
	screening.Events, referral.Events, disclosure.Events, rights.Events, breakglass.Events,
	agreement.Events, governance.Events, finding.Events, policy.Events, access.Events)
