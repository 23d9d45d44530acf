package person

import (
	"fmt"
	"strings"

	"caseledger/domain/event"
)

// checkLetters is the alphabet of the check letter of PNC and CRO: the letter
// at the number modulo 23.
const checkLetters = "ZABCDEFGHJKLMNPQRTUVWXY"

func checkLetter(number string) byte {
	rest := 0
	for i := range len(number) {
		rest = (rest*10 + int(number[i]-'0')) % len(checkLetters)
	}
	return checkLetters[rest]
}

// CanonicalPNC reads a Police National Computer identifier and returns it as
// YYYY/NNNNNNNL. A two-digit year not later than today's is of this century,
// any other of the last one: the same text may read differently in another
// year, so store the result, not the text.
//
// With a slash the serial may be unpadded. Without one, up to ten characters
// are read as a two-digit year and its serial, and twelve as a four-digit
// year and a padded serial; eleven could be either and are refused.
//
// Errors: [ErrMalformed], [ErrCheck].
func CanonicalPNC(text string, today event.Day) (string, error) {
	text = upper(text)
	if len(text) > identifierLengthBytes {
		return "", ErrMalformed
	}
	year, serial, slash := strings.Cut(text, "/")
	if !slash {
		switch {
		case len(text) == 12:
			year, serial = text[:4], text[4:]
		case len(text) >= 4 && len(text) <= 10:
			year, serial = text[:2], text[2:]
		default:
			return "", ErrMalformed
		}
	}
	if len(serial) < 2 || len(serial) > 8 || len(year) != 2 && len(year) != 4 {
		return "", ErrMalformed
	}
	number, check := serial[:len(serial)-1], serial[len(serial)-1]
	if !digits(year) || !digits(number) || !letter(check) {
		return "", ErrMalformed
	}
	number = pad(number, 7)
	if checkLetter(year[len(year)-2:]+number) != check {
		return "", ErrCheck
	}
	if len(year) == 2 {
		century := "19"
		if year <= today.String()[2:4] {
			century = "20"
		}
		year = century + year
	}
	return fmt.Sprintf("%s/%s%c", year, number, check), nil
}

// CanonicalCRO reads a criminal records office number: NNNNNN/YYL with the
// serial padded to six digits, or SFYY/NL with the serial as it is.
//
// Errors: [ErrMalformed], [ErrCheck].
func CanonicalCRO(text string) (string, error) {
	text = upper(text)
	before, after, slash := strings.Cut(text, "/")
	if !slash || len(after) < 2 {
		return "", ErrMalformed
	}
	rest, check := after[:len(after)-1], after[len(after)-1]
	if !digits(rest) || !letter(check) {
		return "", ErrMalformed
	}
	if year, old := strings.CutPrefix(before, "SF"); old {
		if len(year) != 2 || !digits(year) || len(rest) > 6 {
			return "", ErrMalformed
		}
		if checkLetter(year+rest) != check {
			return "", ErrCheck
		}
		return text, nil
	}
	if len(before) > 6 || !digits(before) || len(rest) != 2 {
		return "", ErrMalformed
	}
	serial := pad(before, 6)
	if checkLetter(rest+serial) != check {
		return "", ErrCheck
	}
	return fmt.Sprintf("%s/%s%c", serial, rest, check), nil
}

func pad(number string, width int) string {
	return strings.Repeat("0", max(0, width-len(number))) + number
}
