package access_test

import (
	"slices"
	"testing"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// The stored name is for ever, and an access stream holds nothing but looks
// and what the kernel adds.
func TestTheCatalogueOfAccessStreams(t *testing.T) {
	t.Parallel()
	d, ok := access.Catalogue.Named("record.accessed")
	if !ok || d.Current().Number != 1 || d.Clear() {
		t.Fatalf("record.accessed: found %v, %+v; want version 1, sealed", ok, d)
	}
	if of, ok := access.Catalogue.Of(access.RecordAccessed{}); !ok || of != d {
		t.Error("a RecordAccessed is not a record.accessed")
	}
	personal := 0
	for _, f := range d.Current().Fields {
		if f.Personal {
			personal++
		}
	}
	if personal != 1 {
		t.Errorf("personal fields: got %d, want the reason alone", personal)
	}
}

// A read for a purpose that is not allowed can be recorded, so that it is
// found; nobody is let begin one.
func TestAPurposeThatIsNotAllowedIsRecordableAndNotAskedFor(t *testing.T) {
	t.Parallel()
	who := []event.UUID{event.MustUUID("5eed0000-0000-4000-8000-00000000000a")}
	for purpose, c := range map[access.Purpose]struct{ allowed, recordable bool }{
		"AUDIT": {true, true}, "SELF_MONITORING": {true, true}, "INTEGRITY_SECURITY": {true, true}, "CRIMINAL_PROCEEDINGS": {true, true},
		"CASE_MANAGEMENT": {false, true}, "": {false, false}, "because I wondered": {false, false}, "audit": {false, false},
	} {
		if err := access.Ask(purpose); purpose.Allowed() != c.allowed || (err == nil) != c.allowed || err != nil && !fault.Is(err, "purpose-not-allowed") {
			t.Errorf("%q: allowed %v, asked %v", purpose, purpose.Allowed(), err)
		}
		read, replay := access.LedgerRead{View: "ledger", Purpose: purpose}.Validate(), access.ReplayExported{Purpose: purpose, Subjects: who}.Validate()
		if (len(read) == 0) != c.recordable || (len(replay) == 0) != c.recordable {
			t.Errorf("%q: got %v and %v, want recordable %v", purpose, read, replay, c.recordable)
		}
	}
	for pointer, got := range map[string][]fault.Field{
		"/view": access.LedgerRead{Purpose: "AUDIT"}.Validate(), "/items": access.LedgerRead{View: "x", Purpose: "AUDIT", Items: -1}.Validate(),
		"/subjects": access.ReplayExported{Purpose: "AUDIT"}.Validate(),
	} {
		if len(got) != 1 || got[0].Pointer != pointer {
			t.Errorf("got %v, want %s named", got, pointer)
		}
	}
	if got := (access.LedgerRead{View: "x", Purpose: "AUDIT", Subjects: slices.Concat(who, []event.UUID{{}})}).Validate(); len(got) != 1 || got[0].Pointer != "/subjects" {
		t.Errorf("got %v, want the subject without an identifier named", got)
	}
}
