package catalogue

import (
	"time"

	"caseledger/domain/agreement"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
)

// Due lists the commands that had fallen due by at on the stream that holds the
// standing events, by the clock alone, and were not given; next is the first
// instant after at at which there will be another, zero if there is none. Only
// on cases and agreements does anything fall due.
func Due(kind event.StreamKind, standing []event.Recorded, at time.Time) (due []casefile.DueCommand, next time.Time) {
	switch kind {
	case event.CaseStream:
		return casefile.Due(casefile.Fold(standing), at)
	case event.AgreementStream:
		ends, next := agreement.Fold(standing).Ends(at)
		for _, e := range ends {
			party := e.Version.Terms.Parties[0] // a version that was in force has parties
			due = append(due, casefile.DueCommand{Name: "expire-agreement", Body: agreement.ExpireAgreement{}, At: e.At, Side: party.Side, Org: party.Org})
		}
		return due, next
	case event.OrgStream, event.PolicyStream, event.FindingStream, event.AccessStream:
	}
	return nil, time.Time{}
}
