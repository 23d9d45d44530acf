package person

import "strings"

// Identifiers of staff, as messages of other systems name them. That somebody
// holds one is for the register they are of to say.

// CanonicalGMC reads a General Medical Council reference number, seven digits
// (background: the pattern is not verified). Errors: [ErrMalformed].
func CanonicalGMC(text string) (string, error) { return shaped(text, "9999999") }

// CanonicalNMC reads a Nursing and Midwifery Council PIN: the year, a letter A
// to L for the month, a serial of four digits and a letter for the country
// (background: the pattern is not verified). Errors: [ErrMalformed].
func CanonicalNMC(text string) (string, error) {
	pin, err := shaped(text, "99A9999A")
	if err != nil || pin[2] > 'L' {
		return "", ErrMalformed
	}
	return pin, nil
}

// CanonicalSDSUser reads a Spine Directory Service user identifier, twelve
// digits (background: the pattern is not verified). Errors: [ErrMalformed].
func CanonicalSDSUser(text string) (string, error) {
	return shaped(text, strings.Repeat("9", 12))
}
