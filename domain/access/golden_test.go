package access_test

import (
	"testing"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/eventstore/codec/goldentest"
)

// What was published of an access stream's own event decodes for ever.
func TestPublishedEventsStay(t *testing.T) {
	t.Parallel()
	goldentest.Run(t, access.Catalogue, "testdata/events", map[string]any{
		"record.accessed": access.RecordAccessed{View: "person.timeline", Class: access.ReadOne,
			Subjects: []event.UUID{event.MustUUID("5eed0000-0000-4000-8000-00000000000a")}, Items: 12, Bytes: 4096,
			TrueOn: event.On(event.MustDay("2026-02-23")), KnownOn: event.On(event.MustDay("2026-02-24")),
			Reason: event.Own("an invented reason")},
		"record.ledger-read": access.LedgerRead{View: "ledger.entries", Purpose: "AUDIT",
			Subjects: []event.UUID{event.MustUUID("5eed0000-0000-4000-8000-00000000000a")}, Items: 12,
			TrueOn: event.On(event.MustDay("2026-02-23")), KnownOn: event.On(event.MustDay("2026-02-24")),
			Reason: event.Own("an invented reason")},
		"record.replay-exported": access.ReplayExported{Purpose: "CRIMINAL_PROCEEDINGS",
			Subjects: []event.UUID{event.MustUUID("5eed0000-0000-4000-8000-00000000000a")}, Items: 12,
			TrueOn: event.On(event.MustDay("2026-02-23")), KnownOn: event.On(event.MustDay("2026-02-24")),
			Reason: event.Own("an invented reason")},
	})
}
