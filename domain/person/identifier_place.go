package person

import "strings"

// The postcodes that stand for no place.
const (
	NoFixedAbodePostcode     = "ZZ99 3VZ"
	UnknownPostcode          = "ZZ99 3WZ"
	EnglandUnspecified       = "ZZ99 3CZ"
	WalesUnspecified         = "ZZ99 3GZ"
	longestPostcode          = 7 // without its space
	shortestPostcode         = 5
	inwardPostcodeCharacters = 3
)

// CanonicalPostcode reads a postcode and returns it upper-cased with one
// space before its last three characters. Errors: [ErrMalformed].
func CanonicalPostcode(text string) (string, error) {
	if len(text) > identifierLengthBytes {
		return "", ErrMalformed
	}
	p := upper(strings.ReplaceAll(text, " ", ""))
	if len(p) < shortestPostcode || len(p) > longestPostcode {
		return "", ErrMalformed
	}
	outward, inward := p[:len(p)-inwardPostcodeCharacters], p[len(p)-inwardPostcodeCharacters:]
	area := 0
	for area < len(outward) && letter(outward[area]) {
		area++
	}
	district := outward[area:]
	fits := (area == 1 || area == 2) && (len(district) == 1 || len(district) == 2) && digit(district[0]) &&
		(len(district) == 1 || digit(district[1]) || letter(district[1]))
	if !fits || !matches(inward, "9AA") {
		return "", ErrMalformed
	}
	return outward + " " + inward, nil
}

// PseudoPostcode reports whether a canonical postcode stands for no place.
func PseudoPostcode(postcode string) bool { return strings.HasPrefix(postcode, "ZZ99 ") }

// CanonicalUPRN reads a unique property reference number, up to twelve digits,
// and drops leading zeros. Errors: [ErrMalformed].
func CanonicalUPRN(text string) (string, error) {
	text = strings.Trim(text, " ")
	if len(text) > 12 || !digits(text) {
		return "", ErrMalformed
	}
	if text = strings.TrimLeft(text, "0"); text == "" {
		return "", ErrMalformed
	}
	return text, nil
}

// Practices that stand for no practice.
const (
	NoPractice            = "V81997"
	PracticeNotApplicable = "V81998"
	PracticeNotKnown      = "V81999"
)

// PseudoPractice reports whether a canonical code stands for no practice.
func PseudoPractice(code string) bool {
	return code == NoPractice || code == PracticeNotApplicable || code == PracticeNotKnown
}

// CanonicalODS reads an organisation code of the NHS directory, three to ten
// letters and digits. It does not say that the organisation exists. Errors:
// [ErrMalformed].
func CanonicalODS(text string) (string, error) {
	text = upper(text)
	if len(text) < 3 || len(text) > 10 {
		return "", ErrMalformed
	}
	for i := range len(text) {
		if !digit(text[i]) && !letter(text[i]) {
			return "", ErrMalformed
		}
	}
	return text, nil
}
