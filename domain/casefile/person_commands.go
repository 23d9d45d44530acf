package casefile

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/person"
)

// Who may say what about who the person is (domain reference, sections 1
// and 11).
var (
	registrars  = []event.Role{"PP", "SPO", "HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "PRISON_HC"}
	identifiers = []event.Role{"PP", "SPO", "HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "PRISON_HC", "LD"}
	tracers     = []event.Role{"PP", "SPO", "HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "PRISON_HC"}
	unlinkers   = []event.Role{"PP", "SPO", "HUB_CLIN", "HUB_NURSE", "PRISON_HC", "IG_LEAD"}
	informers   = []event.Role{"PP", "SPO", "HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "PRISON_HC", "LD", "TX_PROV"}
	restrictors = []event.Role{"SPO"}
)

func ofPerson(s State) person.State { return s.Person }

// UnlinkIdentifier is [person.UnlinkIdentifier] as the recorder meets it,
// which sees the whole case.
type UnlinkIdentifier struct{ person.UnlinkIdentifier }

// Freed is the identifier that the command frees for other people.
func (c UnlinkIdentifier) Freed(s State) (kind, canonical string, ok bool) {
	return c.UnlinkIdentifier.Freed(s.Person)
}

var personCommands = slices.Concat(mergeCommands, []Command{
	opening(in[person.State, person.RegisterPerson]("register-person",
		"Open a person's case.", ofPerson, registrars...)),
	in[person.State, person.LinkIdentifier]("link-identifier",
		"Say that an identifier of another system is this person's.", ofPerson, identifiers...),
	in[person.State, person.VerifyIdentifier]("verify-identifier",
		"Say how a trace of a linked NHS number came out.", ofPerson, tracers...),
	in[person.State, UnlinkIdentifier]("unlink-identifier",
		"Take the link of an identifier back.", ofPerson, unlinkers...),
	in[person.State, person.RecordAddress]("record-address",
		"Say where the person can be found, or that there is no such place.", ofPerson, informers...),
	in[person.State, person.SetAccessRestriction]("set-access-restriction",
		"Limit who may look at the case.", ofPerson, restrictors...),
	in[person.State, person.LiftAccessRestriction]("lift-access-restriction",
		"End a limit on who may look at the case.", ofPerson, restrictors...),
	in[person.State, person.RecordCommunicationNeed]("record-communication-need",
		"Say which adjustments the person needs.", ofPerson, informers...),
	in[person.State, person.GivePrivacyNotice]("give-privacy-notice",
		"Say that the person has been given the privacy notice.", ofPerson, informers...),
})

// opening marks the command that starts a case.
func opening(c Command) Command {
	c.Opens = true
	return c
}
