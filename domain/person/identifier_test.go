package person

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"caseledger/domain/event"
)

// withCheck completes nine digits with their check digit; false if no number
// has them.
func withCheck(body string) (string, bool) {
	sum := 0
	for i := range 9 {
		sum += int(body[i]-'0') * (10 - i)
	}
	c := (11 - sum%11) % 11
	return body + strconv.Itoa(c%10), c != 10
}

func TestNHSNumberVectors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"9876543210": nil, "4000000632": nil, "9434765919": nil, "9000000009": nil, // published
		"999 000 1014": nil, "999-000-2010": nil, "9990003017": nil, "9990003025": nil, // journeys
		"1234567890": ErrCheck, "9990001015": ErrCheck,
		"0000000000": ErrNeverIssued, // its check digit fits
		"":           ErrMalformed, "999000101": ErrMalformed, "99900010144": ErrMalformed, "999000101X": ErrMalformed,
		"999000101٤": ErrMalformed, strings.Repeat(" ", 50) + "9990001014": ErrMalformed,
	} {
		if _, err := ParseNHSNumber(text); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", text, err, want)
		}
	}
	for last := range 10 { // this body gives 10: no number has it
		if _, err := ParseNHSNumber("000000006" + strconv.Itoa(last)); !errors.Is(err, ErrCheck) {
			t.Errorf("a body whose check is 10, with digit %d: got %v, want %v", last, err, ErrCheck)
		}
	}
	n, _ := ParseNHSNumber("9990001014")
	if n.Display() != "999 000 1014" {
		t.Errorf("displayed as %q, want groups of 3-3-4", n.Display())
	}
}

func TestNHSNumberRanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		low, high  string // the range's first and last nine digits
		want       NHSNumberRange
		production bool
	}{
		{"400000000", "499999999", EnglandAndWales, true},
		{"600000000", "799999999", EnglandAndWales, true},
		{"320000000", "399999999", NorthernIreland, true},
		{"010000000", "311299999", Scotland, true},
		{"999000000", "999999999", Synthetic, false},
		{"900000000", "998999999", TestOnly, false},
		{"500000000", "599999999", NeverIssued, false},
		{"800000000", "859999999", RepublicOfIreland, false},
		{"860000000", "899999999", NeverIssued, false},
		{"311300000", "319999999", NeverIssued, false},
		{"000000000", "009999999", NeverIssued, false},
	} {
		for _, edge := range []string{c.low, c.high} {
			step := 1
			if edge == c.high {
				step = -1
			}
			body := edge
			var n NHSNumber
			for {
				number, exists := withCheck(body)
				if exists {
					n = NHSNumber(number)
					break
				}
				i, _ := strconv.Atoi(body)
				body = pad(strconv.Itoa(i+step), 9)
			}
			if n.Range() != c.want {
				t.Errorf("edge %s of %s: got range %s", edge, c.want, n.Range())
			}
			_, err := ParseNHSNumber(string(n))
			if refused := c.want == NeverIssued || c.want == RepublicOfIreland; refused != errors.Is(err, ErrNeverIssued) {
				t.Errorf("edge %s of %s: got %v", edge, c.want, err)
			}
			if n.Usable(false) != c.production {
				t.Errorf("edge %s of %s: usable in production %v, want %v", edge, c.want, n.Usable(false), c.production)
			}
			if n.Usable(true) != (c.want == Synthetic) {
				t.Errorf("edge %s of %s: usable in a synthetic record %v", edge, c.want, n.Usable(true))
			}
		}
	}
}

var today = event.MustDay("2026-02-02")

func TestPNCVectors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{ // as the probation service's own tests have them
		"81/34U": "1981/0000034U", "02/73319Z": "2002/0073319Z", "00/223R": "2000/0000223R",
		"79/163001B": "1979/0163001B", "0273319Z": "2002/0073319Z", "79163001B": "1979/0163001B", "033Y": "2003/0000003Y",
		"20020073319Z": "2002/0073319Z", "19790163001B": "1979/0163001B",
		"2008/0056560Z": "2008/0056560Z", "20030011985X": "2003/0011985X", "20120052494Q": "2012/0052494Q",
		"20230583843L": "2023/0583843L", "2001/0171310W": "2001/0171310W", "2011/0275516Q": "2011/0275516Q",
		"2003/0062845E": "2003/0062845E", "1981/0154257C": "1981/0154257C",
		"2002/73319Z": "2002/0073319Z", " 02/73319z ": "2002/0073319Z", // padded first, so not misread
		"2019/0001234E": "2019/0001234E", "2021/0004321Q": "2021/0004321Q", "1998/0000765X": "1998/0000765X",
	} {
		if got, err := CanonicalPNC(text, today); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]error{
		"20030011985Z": ErrCheck, "20120052494O": ErrCheck, "20230583843N": ErrCheck, "2001/0171310S": ErrCheck,
		"": ErrMalformed, "01": ErrMalformed, "01234567890": ErrMalformed, "01234567890123": ErrMalformed,
		"TOTALLYINVALID": ErrMalformed, "1X23/1234567A": ErrMalformed, "1923[1234567A": ErrMalformed,
		"1923/1Z34567A": ErrMalformed, "1923/1234567AA": ErrMalformed, "200273319Z0": ErrMalformed,
		"2002073319Z":  ErrMalformed, // eleven characters: padded or not, nobody can say
		"202/0073319Z": ErrMalformed, "02/Z": ErrMalformed, "2002/0073319/Z": ErrMalformed,
	} {
		if got, err := CanonicalPNC(text, today); !errors.Is(err, want) {
			t.Errorf("%q: got %q, %v, want %v", text, got, err, want)
		}
	}
}

func TestTwoDigitYearsExpandByToday(t *testing.T) {
	t.Parallel()
	const text = "27/1" // its letter follows
	pnc := text + string(checkLetter("270000001"))
	for day, want := range map[string]string{"2026-12-31": "1927/", "2027-01-01": "2027/"} {
		if got, err := CanonicalPNC(pnc, event.MustDay(day)); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("on %s: got %q, %v, want %s…", day, got, err, want)
		}
	}
}

func TestCROVectors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"SF05/482703J": "SF05/482703J", "SF83/50058Z": "SF83/50058Z", "265416/21G": "265416/21G",
		"65656/91H": "065656/91H", "sf83/50058z": "SF83/50058Z",
	} {
		if got, err := CanonicalCRO(text); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]error{
		"85227/65G": ErrCheck, "SF05/482703K": ErrCheck, "": ErrMalformed, "265416": ErrMalformed, "2654161/21G": ErrMalformed,
		"265416/2G": ErrMalformed, "SF5/482703J": ErrMalformed, "SF05/4827031J": ErrMalformed, "/21G": ErrMalformed, "SF05/J": ErrMalformed,
	} {
		if got, err := CanonicalCRO(text); !errors.Is(err, want) {
			t.Errorf("%q: got %q, %v, want %v", text, got, err, want)
		}
	}
}

func TestOtherForms(t *testing.T) {
	t.Parallel()
	crn := func(s string) (string, error) { return CanonicalCRN(s, false) }
	legacy := func(s string) (string, error) { return CanonicalCRN(s, true) }
	for _, c := range []struct {
		name       string
		read       func(string) (string, error)
		text, want string // want empty: malformed
	}{
		{"CRN", crn, "x990101", "X990101"}, {"CRN", crn, "X99010", ""}, {"CRN", crn, "XX99010" + "1", ""}, {"CRN", crn, "X99010é", ""},
		{"legacy CRN", legacy, "XX99010" + "1", "XX99010" + "1"}, {"legacy CRN", legacy, "X990101", "X990101"},
		{"prison number", CanonicalPrisonNumber, "a1234bc", "A1234BC"}, {"prison number", CanonicalPrisonNumber, "Z9901ZZ", "Z9901ZZ"},
		{"prison number", CanonicalPrisonNumber, "Z9901Z", ""}, {"prison number", CanonicalPrisonNumber, "99901ZZ", ""},
		{"referral", CanonicalReferAndMonitor, "zz9901zz", "ZZ9901ZZ"}, {"referral", CanonicalReferAndMonitor, "Z9901ZZ", ""},
		{"postcode", CanonicalPostcode, "zz993vz", NoFixedAbodePostcode}, {"postcode", CanonicalPostcode, "Z Z99 3WZ", UnknownPostcode},
		{"postcode", CanonicalPostcode, "m11ae", "M1 1AE"}, {"postcode", CanonicalPostcode, "EC1A1BB", "EC1A 1BB"}, {"postcode", CanonicalPostcode, "W1A 0AX", "W1A 0AX"},
		{"postcode", CanonicalPostcode, "ABC1 1AA", ""}, {"postcode", CanonicalPostcode, "A 1AA", ""}, {"postcode", CanonicalPostcode, "M1 AAE", ""}, {"postcode", CanonicalPostcode, "", ""},
		{"UPRN", CanonicalUPRN, "000123", "123"}, {"UPRN", CanonicalUPRN, "0", ""}, {"UPRN", CanonicalUPRN, "1234567890123", ""}, {"UPRN", CanonicalUPRN, "12a", ""},
		{"ODS", CanonicalODS, "z99001", "Z99001"}, {"ODS", CanonicalODS, "ZZ", ""}, {"ODS", CanonicalODS, "ZZ-01", ""}, {"ODS", CanonicalODS, NoPractice, NoPractice},
	} {
		got, err := c.read(c.text)
		if got != c.want || (err == nil) != (c.want != "") || err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s %q: got %q, %v, want %q", c.name, c.text, got, err, c.want)
		}
	}
	if !PseudoPostcode(WalesUnspecified) || !PseudoPostcode(EnglandUnspecified) || PseudoPostcode("M1 1AE") {
		t.Error("a postcode that stands for no place is not told from one that does")
	}
}

// FuzzCanonical: no text makes a parser panic, and a canonical form is its
// own canonical form.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"999 000 1014", "X990101", "Z9901ZZ", "02/73319Z", "79163001B", "SF83/50058Z", "65656/91H", "ZZ9901ZZ", "zz993vz", "00123", "/", "SF/", "ZZT", "98A1234E", "012345678901", "XX990101"} {
		f.Add(seed)
	}
	now := time.Date(2026, 2, 2, 9, 0, 0, 0, time.UTC)
	readers := []func(string) (string, error){CanonicalPostcode, CanonicalUPRN, CanonicalODS, CanonicalGMC, CanonicalNMC, CanonicalSDSUser,
		func(s string) (string, error) { return CanonicalCRN(s, true) }}
	for _, kind := range IdentifierTypes {
		readers = append(readers, func(s string) (string, error) { return Canonical(kind, s, now) })
	}
	f.Fuzz(func(t *testing.T, text string) {
		for i, read := range readers {
			once, err := read(text)
			if err != nil {
				if once != "" {
					t.Errorf("reader %d: a value with an error", i)
				}
				continue
			}
			if twice, err := read(once); err != nil || twice != once {
				t.Errorf("reader %d: %q reads again as %q, %v", i, once, twice, err)
			}
		}
	})
}

func TestLanguageTags(t *testing.T) {
	t.Parallel()
	for tag, want := range map[Language]bool{"en": true, "pl": true, "zh-Hant": true, "es-419": true, "e": false, "english": false, "en-": false, "-en": false, "1n": false, "": false} {
		if got := tag.wellFormed(); got != want {
			t.Errorf("%q: got %v, want %v", tag, got, want)
		}
	}
}
