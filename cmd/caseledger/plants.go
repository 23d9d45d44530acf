package main

import (
	"math/rand/v2"
	"time"
)

// plant is something unlawful in a life that is lawful otherwise. What it is to
// cause is one finding of its monitor, and those that come with it.
type plant struct {
	monitor string
	// days is how long it takes, from when it begins, until it is found.
	days int
	// once: it is about an organisation, and found once whoever shows it.
	once  bool
	plant func(*visit)
}

// plants holds one plant for each monitor, in the order of their ids.
var plants = []plant{
	{"L01", 5, false, plantAfterWithdrawal},
	{"L02", 2, false, plantWithdrawnRecordedLate},
	{"L03", 3, false, plantAgainstObjection},
	{"L04", 2, false, plantBeforeDecision},
	{"L05", 2, false, plantTooMuch},
	{"L06", 16, false, plantConsentExpired},
	{"L07", 5, false, plantNoCapacity},
	{"L08", 2, false, plantNoArticle9},
	{"L09", 2, false, plantNoSchedule1},
	{"L10", 2, false, plantNoParty},
	{"L11", 2, false, plantAgreementOver},
	{"L12", 2, false, plantWrongGateway},
	{"L13", 2, false, plantConsentAsBasis},
	{"L14", 2, false, plantNoConfidence},
	{"L15", 2, true, plantNoPolicyDocument},
	{"L16", 2, false, plantNoReasoning},
	{"L17", 2, false, plantNoDecider},
	{"L18", 2, false, plantNoReason},
	{"L19", 2, false, plantOverheard},
	{"L20", 8, false, plantReviewedLate},
	{"L21", 2, false, plantNoRelationship},
	{"L22", 5, false, plantExcluded},
	{"L23", 2, false, plantAskedByPractitioner},
	{"L24", 2, false, plantStaleConsent},
	{"L25", 2, false, plantToldOn},
	{"L26", 2, false, plantVictim},
	{"L27", 5, false, plantClinicEnforced},
	{"L28", 2, false, plantNoRequirement},
	{"L29", 5, false, plantTherapyContent},
	{"L30", 45, false, plantNoNotice},
	{"L31", 5, false, plantWrongPerson},
	{"L32", 2, false, plantUntraced},
	{"L33", 8, false, plantRegulatorLate},
	{"L34", 45, false, plantCopyLate},
	{"L35", 10, false, plantKeptTooLong},
	{"L36", 5, false, plantDisposedUnderHold},
	{"L37", 2, true, plantNoAssessment},
	{"L38", 2, true, plantUnregisteredFlow},
	{"L39", 5, false, plantBackDated},
	{"L40", 2, false, plantTrainingLapsed},
	{"L41", 2, false, plantOptOutUnasked},
	{"L42", 2, false, plantFlagTakenOut},
	{"L43", 25, false, plantNoLetter},
	{"L44", 15, false, plantNotCarriedOut},
	{"L45", 6, false, plantRiskUntold},
	{"L46", 2, false, plantNoUndertaking},
	{"L47", 2, false, plantLogMisused},
	{"L48", 2, false, plantOtherPurpose},
	{"L49", 2, false, plantNeverAgreed},
}

// patience is how many days, once or twice, a life goes on lawfully before what
// is planted in it begins.
func (in invention) patience() int { return max(1, min(30, in.days/10)) }

// begins is the latest day, counted from somebody's coming, on which a plant
// begins.
func (in invention) begins() int { return 20 + 2*in.patience() }

// planted is about how many people something is planted: the share asked for,
// and once for each monitor where there are a hundred people or more.
func (in invention) planted() int {
	n := int(in.breaches*float64(in.people) + 0.5)
	if in.breaches > 0 && in.people >= 100 {
		n = max(n, len(in.fitting()))
	}
	return min(n, int(in.people))
}

// fitting are the plants that are found before the invention ends, whoever
// carries them.
func (in invention) fitting() []*plant {
	var fit []*plant
	last := in.comes(int(in.people) - 1)
	for i := range plants {
		if last+in.begins()+plants[i].days < in.days {
			fit = append(fit, &plants[i])
		}
	}
	return fit
}

// plantNumber counts those before the i-th person who carry a plant.
func (in invention) plantNumber(i int) int {
	return int(uint64(i) * uint64(in.planted()) / in.people)
}

// plantOf is what is planted on the i-th person; false if nothing is.
func (in invention) plantOf(i int) (*plant, bool) {
	n := in.plantNumber(i)
	if n == in.plantNumber(i+1) {
		return nil, false
	}
	fit := in.fitting()
	if len(fit) == 0 {
		return nil, false
	}
	order := rand.New(rand.NewPCG(in.seed, 0x706c616e74)).Perm(len(fit))
	if n < len(fit) {
		return fit[order[n]], true
	}
	var again []*plant // those that are found each time
	for _, at := range order {
		if !fit[at].once {
			again = append(again, fit[at])
		}
	}
	return again[(n-len(fit))%len(again)], true
}

// finds says that the first event of a line is found by a monitor, as known
// then and now.
func (v *visit) finds(monitor, ref string, shown ...string) *breach {
	b := breach{monitor: monitor, item: recorded{ref, 0}, known: true}
	for _, s := range shown {
		b.shown = append(b.shown, recorded{s, 0})
	}
	v.breaches = append(v.breaches, b)
	return &v.breaches[len(v.breaches)-1]
}

// earlier is so many hours before now: when something was so that is recorded
// afterwards.
func (v *visit) earlier(hours int) time.Time { return v.at.Add(-time.Duration(hours) * time.Hour) }
