package person

import (
	"errors"
	"testing"
	"time"

	"caseledger/domain/reference"
)

func TestStaffIdentifiers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		read       func(string) (string, error)
		text, want string // want empty: malformed
	}{
		{"GMC", CanonicalGMC, " 1234567 ", "1234567"}, {"GMC", CanonicalGMC, "123456", ""}, {"GMC", CanonicalGMC, "12345678", ""}, {"GMC", CanonicalGMC, "123456A", ""},
		{"NMC", CanonicalNMC, "98a1234e", "98A1234E"}, {"NMC", CanonicalNMC, "98L1234E", "98L1234E"}, {"NMC", CanonicalNMC, "98M1234E", ""},
		{"NMC", CanonicalNMC, "9811234E", ""}, {"NMC", CanonicalNMC, "98A12345", ""}, {"NMC", CanonicalNMC, "", ""},
		{"SDS", CanonicalSDSUser, "012345678901", "012345678901"}, {"SDS", CanonicalSDSUser, "12345678901", ""}, {"SDS", CanonicalSDSUser, "0123456789012", ""},
	} {
		got, err := c.read(c.text)
		if got != c.want || (err == nil) != (c.want != "") || err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s %q: got %q, %v, want %q", c.name, c.text, got, err, c.want)
		}
	}
}

func TestPracticesThatStandForNone(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{NoPractice: true, PracticeNotApplicable: true, PracticeNotKnown: true, "V81996": false, "Z99001": false, "": false} {
		if got := PseudoPractice(code); got != want {
			t.Errorf("%q: got %v, want %v", code, got, want)
		}
	}
}

// A case reference number of the legacy form is taken only when it is said to
// be one.
func TestLegacyCaseReferenceNumbers(t *testing.T) {
	t.Parallel()
	link := LinkIdentifier{Type: CRNType, Value: "xx990101", Source: FromSystem}
	if f := link.Validate(); len(f) != 1 || f[0].Pointer != "/value" {
		t.Errorf("strictly: got %v, want the value refused", f)
	}
	link.Legacy = true
	if f := link.Validate(); len(f) != 0 {
		t.Errorf("as legacy: got %v", f)
	}
	if _, value := link.Identifier(time.Time{}); value != "XX990101" {
		t.Errorf("canonical %q", value)
	}
	link.Type, link.Value = PrisonNumberType, "Z9901ZZ"
	if f := link.Validate(); len(f) != 1 || f[0].Pointer != "/legacy" {
		t.Errorf("of a prison number: got %v, want the flag refused", f)
	}
}

// The lists of section 2 of the domain reference, whole.
func TestNHSNumberLists(t *testing.T) {
	t.Parallel()
	for _, code := range []reference.NHSNumberStatus{"01", "02", "03", "04", "05", "06", "07", "08"} {
		if !reference.NHSNumberStatuses.Listed(code) {
			t.Errorf("status %s is not listed", code)
		}
	}
	for _, code := range []reference.NHSNumberUnavailable{"nhs-number-not-known", "overseas-patient", "devolved-nation"} {
		if !reference.NHSNumberUnavailables.Listed(code) {
			t.Errorf("reason %s is not listed", code)
		}
	}
	if n := len(reference.NHSNumberStatuses.All()) + len(reference.NHSNumberUnavailables.All()); n != 11 {
		t.Errorf("got %d statuses and reasons, want 8 and 3", n)
	}
}
