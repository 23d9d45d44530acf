package assemble

import (
	"fmt"
	"strings"
)

// readme is README.txt: no personal text goes into it.
func (s shown) readme() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	say("%s about person %s\n", s.Kind, s.Person)
	if s.Synthetic {
		say("Every person in this record is invented.\n")
	}
	say("\nMade %s (UK time), by %s, for %s, from the ledger\n%s\n", s.MadeAt, s.MadeBy, s.Purpose, s.Origin)
	if s.Period != "" {
		say("Opened is what was recorded %s (UK time).\n", s.Period)
	}
	say("%s", readmeCheck)
	if s.Nothing {
		say("* Nothing is held about this person: among the first %d entries of the ledger\n"+
			"  there was none of theirs. The folder heads has the proof, and entry %d is the\n"+
			"  commitment that it leads to.\n\n", s.Covered, s.CommittedAt)
	} else {
		say("* Nothing was left out but what is counted here: of each stream below, these\n"+
			"  were all the entries among the first %d of the ledger. The folder heads has\n"+
			"  the proofs, and entry %d is the commitment that they lead to.\n\n", s.Covered, s.CommittedAt)
	}
	for _, one := range s.Streams {
		say("      %s: %d entries", one.Name, one.Entries)
		if one.Missing > 0 {
			say(", %d of them left out", one.Missing)
		}
		say("\n")
	}
	if s.Withheld > 0 {
		say("%s", readmeWithheld)
	}
	say(readmeNot, s.Covered)
	return b.String()
}

const readmeCheck = `
START WITH index.html. It opens in any browser and loads nothing else.

HOW TO CHECK IT

    caseledger-verify --key LEDGER-KEY PACK.zip

LEDGER-KEY is a file with the public key of the ledger. Ask for it, and for the
policy file of the witnesses (--witness-policy), somebody other than who gave
you this pack. The program needs no network. "sha256sum -c SHA256SUMS" in the
unpacked folder finds damage, but not who made the pack.

WHAT IT PROVES

* Each entry in the folder entries stood in the ledger, with these very bytes,
  when its checkpoint was signed.
`

const readmeWithheld = `
  What was left out belongs to another organisation's record, or somebody decided
  that it may not be given. It is in the folder heads as hashes, from which
  nothing can be learnt but how many entries there are.
`

const readmeNot = `
* Whoever keeps the ledger cannot show anybody another list of entries under
  the same commitment, nor change it once the checkpoint is signed and
  witnessed.

WHAT IT DOES NOT PROVE

* That what was recorded is correct, or that everything was recorded.
* That the commitment was made from the entries of the ledger: whoever may read
  all entries can compare (caseledger verify --full); who has one pack cannot.
* Anything about what was recorded after entry %d.
* That the readable text says what the sealed content says, or that
  access-log.csv and disclosures.csv leave nothing out: they are the maker's
  word. Looks are kept by who looked, not by person.
* That nothing about the person stands in streams that are not listed.
* Who the staff are: the record has identifiers, roles and organisations.
`
