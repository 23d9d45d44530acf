package access_test

import (
	"testing"

	"caseledger/domain/access"
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
