package main

import (
	"fmt"
	"math/rand/v2"
)

// identity is who an invented person is. No name is one that a real person
// has, every NHS number is of the block 999 0 that is never issued, and every
// CRN begins with X99.
type identity struct {
	label      string // in the journal
	familyName string
	givenName  string
	birthDate  string
	sex        string
	nhsNumber  string
	crn        string // empty beyond the CRNs there are
}

// mostPeople is how many people can be invented: the block has no more NHS
// numbers.
const mostPeople = 60_000

var (
	colours = []string{"AMBER", "AZURE", "BRONZE", "CERISE", "COBALT", "CORAL", "CRIMSON", "EBONY", "EMERALD", "FUCHSIA",
		"GOLDEN", "INDIGO", "IVORY", "JADE", "KHAKI", "LILAC", "MAGENTA", "MAROON", "OCHRE", "OLIVE", "PEWTER", "RUSSET",
		"SAFFRON", "SCARLET", "SEPIA", "SIENNA", "TEAL", "UMBER", "VERMILION", "VIOLET"}
	birds = []string{"AVOCET", "BITTERN", "BUNTING", "BUZZARD", "CHIFFCHAFF", "CORMORANT", "CURLEW", "DUNNOCK", "FIELDFARE",
		"FULMAR", "GADWALL", "GANNET", "GODWIT", "GOSHAWK", "GREBE", "GUILLEMOT", "KESTREL", "KITTIWAKE", "LAPWING",
		"LINNET", "MERGANSER", "NIGHTJAR", "NUTHATCH", "OSPREY", "PIPIT", "PLOVER", "PTARMIGAN", "RAZORBILL", "REDSTART",
		"SANDPIPER", "SISKIN", "SMEW", "TERN", "TURNSTONE", "WAXWING", "WHEATEAR", "WHIMBREL", "WIGEON", "YELLOWHAMMER"}
)

// taken are the numbers of the three journeys, which no invented person gets.
var taken = map[string]bool{
	"9990001014": true, "9990002010": true, "9990003017": true, "9990003025": true,
	"X990101": true, "X990202": true, "X990303": true,
}

// people invents identities, each different from every other.
type people struct {
	random *rand.Rand
	serial int // of the last NHS number tried
	count  int
	crn    int
}

func newPeople(random *rand.Rand) *people { return &people{random: random} }

func (p *people) next() identity {
	p.count++
	id := identity{
		label:      fmt.Sprintf("G%05d", p.count),
		givenName:  "TEST " + colours[p.random.IntN(len(colours))],
		familyName: fmt.Sprintf("%s-%05d", birds[p.random.IntN(len(birds))], p.count),
		birthDate:  fmt.Sprintf("%d-%02d-%02d", 1950+p.random.IntN(55), 1+p.random.IntN(12), 1+p.random.IntN(28)),
		sex:        []string{"M", "F"}[p.random.IntN(2)],
	}
	for {
		p.serial++
		if number, ok := nhsNumber(fmt.Sprintf("9990%05d", p.serial)); ok && !taken[number] {
			id.nhsNumber = number
			break
		}
	}
	for p.crn < 9999 && id.crn == "" {
		p.crn++
		if crn := fmt.Sprintf("X99%04d", p.crn); !taken[crn] {
			id.crn = crn
		}
	}
	return id
}

// nhsNumber adds the check digit to nine digits (domain reference section 2);
// false where the nine digits have none.
func nhsNumber(nine string) (string, bool) {
	sum := 0
	for i, digit := range nine {
		sum += int(digit-'0') * (10 - i)
	}
	check := 11 - sum%11
	switch check {
	case 10:
		return "", false
	case 11:
		check = 0
	}
	return fmt.Sprintf("%s%d", nine, check), true
}

// spareNumber is an NHS number of the block that no invented person has, the
// n-th from its end.
func spareNumber(n int) string {
	for serial := 99999; ; serial-- {
		if number, ok := nhsNumber(fmt.Sprintf("9990%05d", serial)); ok {
			if n--; n < 0 {
				return number
			}
		}
	}
}
