package catalogue

import (
	"time"

	"caseledger/domain/agreement"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
)

// Due lists the commands that had fallen due by at on a stream, by the clock
// alone, and were not given; next is the first instant after at at which there
// will be another, zero if there is none. Only on cases and agreements does
// anything fall due. events are the stream's, and, of a case, those of the
// records that are merged into it: what falls due in them does so on the
// survivor's. They are in the ledger's order.
func Due(stream event.StreamID, events []event.Recorded, at time.Time) (due []casefile.DueCommand, next time.Time) {
	switch stream.Kind {
	case event.CaseStream:
		return casefile.Due(casefile.FoldMerged(stream.Of, event.Standing(events)), at)
	case event.AgreementStream:
		ends, next := agreement.Fold(event.Standing(events)).Ends(at)
		for _, e := range ends {
			party := e.Version.Terms.Parties[0] // a version that was in force has parties
			due = append(due, casefile.DueCommand{Name: "expire-agreement", Body: agreement.ExpireAgreement{}, At: e.At, Side: party.Side, Org: party.Org})
		}
		return due, next
	case event.OrgStream, event.PolicyStream, event.FindingStream, event.AccessStream, event.LedgerStream:
	}
	return nil, time.Time{}
}
