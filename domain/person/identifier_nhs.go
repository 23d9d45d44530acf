package person

// NHSNumber is an NHS number as stored: ten digits, whose check digit fits and
// which lies in a range that means something. It is text, never an integer:
// leading zeros count.
type NHSNumber string

// NHSNumberRange says who issues the numbers of a range.
type NHSNumberRange string

// The ranges (domain reference section 2).
const (
	EnglandAndWales   NHSNumberRange = "ENGLAND_WALES_MAN"
	NorthernIreland   NHSNumberRange = "NORTHERN_IRELAND" // devolved
	Scotland          NHSNumberRange = "SCOTLAND"         // devolved
	RepublicOfIreland NHSNumberRange = "IRELAND"          // not an NHS number
	TestOnly          NHSNumberRange = "TEST"             // 900 to 998: never issued, yet met in others' test systems
	Synthetic         NHSNumberRange = "SYNTHETIC"        // 999: guaranteed never to be issued, for invented people
	NeverIssued       NHSNumberRange = "NEVER_ISSUED"
)

// ParseNHSNumber reads an NHS number: spaces and hyphens are dropped, ten
// digits must remain, and the tenth must be the modulus 11 check digit of the
// others, weighted 10 down to 2. Whether it may be used here is another
// question: [NHSNumber.Usable].
//
// Errors: [ErrMalformed], [ErrCheck], [ErrNeverIssued] for a range that holds
// neither NHS numbers nor test numbers.
func ParseNHSNumber(text string) (NHSNumber, error) {
	if len(text) > identifierLengthBytes {
		return "", ErrMalformed
	}
	var d []byte
	for i := range len(text) {
		if c := text[i]; c != ' ' && c != '-' {
			d = append(d, c)
		}
	}
	if len(d) != 10 || !digits(string(d)) {
		return "", ErrMalformed
	}
	sum := 0
	for i, c := range d[:9] {
		sum += int(c-'0') * (10 - i)
	}
	check := 11 - sum%11
	if check == 11 {
		check = 0
	}
	if check == 10 || int(d[9]-'0') != check {
		return "", ErrCheck
	}
	n := NHSNumber(d)
	if r := n.Range(); r == NeverIssued || r == RepublicOfIreland {
		return "", ErrNeverIssued
	}
	return n, nil
}

// Range says who issues the number.
func (n NHSNumber) Range() NHSNumberRange {
	switch {
	case n >= "4000000000" && n <= "4999999999", n >= "6000000000" && n <= "7999999999":
		return EnglandAndWales
	case n >= "3200000000" && n <= "3999999999":
		return NorthernIreland
	case n >= "0100000000" && n <= "3112999999":
		return Scotland
	case n >= "8000000000" && n <= "8599999999":
		return RepublicOfIreland
	case n >= "9990000000":
		return Synthetic
	case n >= "9000000000":
		return TestOnly
	}
	return NeverIssued
}

// Devolved reports whether the number was issued in Northern Ireland or
// Scotland.
func (n NHSNumber) Devolved() bool {
	return n.Range() == NorthernIreland || n.Range() == Scotland
}

// Usable reports whether the number may be linked: in a synthetic record only
// the numbers that are guaranteed never to be issued, so that no real one
// enters it; in any other record only those that are issued.
func (n NHSNumber) Usable(synthetic bool) bool {
	if synthetic {
		return n.Range() == Synthetic
	}
	return n.Range() == EnglandAndWales || n.Devolved()
}

// Display groups the digits 3-3-4, as they are read out.
func (n NHSNumber) Display() string {
	if len(n) != 10 {
		return string(n)
	}
	return string(n[:3] + " " + n[3:6] + " " + n[6:])
}
