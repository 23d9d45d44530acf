package person

import (
	"errors"
	"strings"
	"time"

	"caseledger/domain/event"
)

// IdentifierType says which system's number or code an identifier is.
type IdentifierType string

// The types of identifier a person may be linked to.
const (
	NHSNumberType         IdentifierType = "NHS_NUMBER"
	CRNType               IdentifierType = "CRN"
	PrisonNumberType      IdentifierType = "PRISON_NUMBER"
	PNCType               IdentifierType = "PNC"
	CROType               IdentifierType = "CRO"
	ReferAndMonitorType   IdentifierType = "REFER_AND_MONITOR"
	identifierLengthBytes                = 40 // longer text is no identifier of any type
)

// IdentifierTypes lists them.
var IdentifierTypes = []IdentifierType{NHSNumberType, CRNType, PrisonNumberType, PNCType, CROType, ReferAndMonitorType}

// category is what telling an identifier of the type tells.
func (t IdentifierType) category() event.Category {
	switch t {
	case NHSNumberType:
		return "ID.NHSNO"
	case PrisonNumberType:
		return "ID.NOMS"
	case PNCType:
		return "ID.PNC"
	case CROType:
		return "ID.CRO"
	case CRNType, ReferAndMonitorType: // both reveal supervision
	}
	return "ID.CRN"
}

// Errors of the parsers. They never carry the text.
var (
	// ErrMalformed: the text does not have the identifier's form.
	ErrMalformed = errors.New("person: not the form of this identifier")
	// ErrCheck: the check digit or letter does not fit.
	ErrCheck = errors.New("person: the check digit or letter does not fit")
	// ErrNeverIssued: the form and check fit, but no such identifier exists.
	ErrNeverIssued = errors.New("person: no such identifier is issued")
)

// Canonical returns the one form in which an identifier of the type is stored
// and compared. now expands the two-digit year of a PNC identifier, so the
// result is taken once, when the identifier is captured. It does not ask
// whether an NHS number may be used here: see [NHSNumber.Usable].
//
// Errors: [ErrMalformed], [ErrCheck], [ErrNeverIssued].
func Canonical(t IdentifierType, text string, now time.Time) (string, error) {
	switch t {
	case NHSNumberType:
		n, err := ParseNHSNumber(text)
		return string(n), err
	case CRNType:
		return CanonicalCRN(text, false)
	case PrisonNumberType:
		return CanonicalPrisonNumber(text)
	case PNCType:
		return CanonicalPNC(text, event.DayOf(now))
	case CROType:
		return CanonicalCRO(text)
	case ReferAndMonitorType:
		return CanonicalReferAndMonitor(text)
	}
	return "", ErrMalformed
}

// shaped upper-cases text without surrounding spaces and matches it against a
// shape: '9' stands for a digit, 'A' for a letter, anything else for itself.
func shaped(text string, shapes ...string) (string, error) {
	text = upper(text)
	for _, shape := range shapes {
		if matches(text, shape) {
			return text, nil
		}
	}
	return "", ErrMalformed
}

func matches(text, shape string) bool {
	if len(text) != len(shape) {
		return false
	}
	for i := range len(shape) {
		switch c := text[i]; shape[i] {
		case '9':
			if !digit(c) {
				return false
			}
		case 'A':
			if !letter(c) {
				return false
			}
		default:
			if c != shape[i] {
				return false
			}
		}
	}
	return true
}

// upper upper-cases ASCII only, so that no other letter becomes one of ours.
func upper(text string) string {
	b := []byte(strings.Trim(text, " "))
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

func digit(c byte) bool  { return '0' <= c && c <= '9' }
func letter(c byte) bool { return 'A' <= c && c <= 'Z' }

func digits(text string) bool {
	for i := range len(text) {
		if !digit(text[i]) {
			return false
		}
	}
	return text != ""
}

// CanonicalCRN reads a case reference number, one letter and six digits;
// legacy also allows two letters. Errors: [ErrMalformed].
func CanonicalCRN(text string, legacy bool) (string, error) {
	if legacy {
		return shaped(text, "A999999", "AA999999")
	}
	return shaped(text, "A999999")
}

// CanonicalPrisonNumber reads a prison number, such as A1234BC. Errors:
// [ErrMalformed].
func CanonicalPrisonNumber(text string) (string, error) { return shaped(text, "A9999AA") }

// CanonicalReferAndMonitor reads a referral reference of Refer and Monitor an
// Intervention, two letters, four digits, two letters. Errors: [ErrMalformed].
func CanonicalReferAndMonitor(text string) (string, error) { return shaped(text, "AA9999AA") }
