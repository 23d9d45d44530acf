package api

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"caseledger/domain/event"
)

// What the read operations answer with. The api fills in the fields named
// Entry from the Position beside them, in the form the caller may see.

// Identifier is a number or code that another system knows the person by.
type Identifier struct {
	Type  string `json:"type" doc:"NHS_NUMBER, CRN, PNC, PRISON_NUMBER"`
	Value string `json:"value"`
}

// Person is what the caller's side may hold of who a person is.
type Person struct {
	ID          event.UUID   `json:"person"`
	FamilyName  string       `json:"familyName,omitempty"`
	GivenName   string       `json:"givenName,omitempty"`
	BirthDate   string       `json:"birthDate,omitempty" doc:"ISO 8601 day"`
	Identifiers []Identifier `json:"identifiers,omitempty"`
	Site        string       `json:"site,omitempty"`
	Stage       string       `json:"stage,omitempty"`
	Flags       []string     `json:"flags,omitempty"`
	Erased      bool         `json:"erased,omitzero" doc:"the keys to the person's data were destroyed"`
}

// By is who acted, in the role they held then.
type By struct {
	Actor event.UUID `json:"actor"`
	Role  event.Role `json:"role"`
	Side  event.Side `json:"side"`
	Org   event.UUID `json:"organisation"`
}

// TimelineEntry is one entry of a person's timeline.
type TimelineEntry struct {
	Event      event.ID       `json:"event"`
	Position   event.Position `json:"-"`
	Entry      string         `json:"entry" doc:"the entry's number for auditors, an opaque token for everyone else"`
	Type       string         `json:"type" doc:"stored name, such as consent.granted"`
	OccurredAt event.When     `json:"occurredAt" doc:"an instant, or a Europe/London day"`
	RecordedAt time.Time      `json:"recordedAt"`
	By         By             `json:"by"`
	Purpose    event.Purpose  `json:"purpose,omitempty"`
	Summary    string         `json:"summary,omitempty" doc:"one line in plain English"`
	Details    jsontext.Value `json:"details,omitempty" doc:"the entry's fields, as far as the caller may see them"`
	Corrects   event.ID       `json:"corrects,omitzero"`
	Corrected  event.ID       `json:"correctedBy,omitzero"`
	Received   bool           `json:"received,omitzero" doc:"true for what a disclosure told the caller's side"`
	Standing   bool           `json:"standing" doc:"false for an entry that was replaced or entered in error"`
}

// Consent is one consent and what became of it.
type Consent struct {
	ID         event.UUID     `json:"consent"`
	Kind       string         `json:"kind"`
	Status     string         `json:"status" doc:"PROPOSED, ACTIVE, REFUSED, WITHDRAWN, EXPIRED, INVALID"`
	Purposes   []string       `json:"purposes"`
	Categories []string       `json:"categories"`
	Recipients []string       `json:"recipients"`
	Form       string         `json:"form,omitempty"`
	GivenAt    event.When     `json:"givenAt,omitzero"`
	ExpiresAt  event.When     `json:"expiresAt,omitzero"`
	EndedAt    event.When     `json:"endedAt,omitzero"`
	Position   event.Position `json:"-"`
	Entry      string         `json:"entry" doc:"of the event that made the status what it is"`
}

// Referral is one referral and how far it has come.
type Referral struct {
	ID          event.UUID     `json:"referral"`
	Destination string         `json:"destination"`
	Status      string         `json:"status"`
	Reason      string         `json:"reason,omitempty"`
	SentAt      event.When     `json:"sentAt,omitzero"`
	ChangedAt   event.When     `json:"changedAt,omitzero"`
	WaitingDays int            `json:"waitingDays,omitzero"`
	Position    event.Position `json:"-"`
	Entry       string         `json:"entry"`
}

// Disclosure is one row of the register: a decision, and what was made of it.
type Disclosure struct {
	Decision   event.UUID `json:"decision"`
	Disclosure event.UUID `json:"disclosure,omitzero"`
	Person     event.UUID `json:"person"`
	Outcome    string     `json:"outcome" doc:"PERMIT, REFUSE or REFER"`
	From       event.UUID `json:"from,omitzero"`
	To         event.UUID `json:"to,omitzero"`
	Purpose    string     `json:"purpose,omitempty"`
	Categories []string   `json:"categories"`
	Rule       string     `json:"rule,omitempty"`
	Basis      string     `json:"basis,omitempty"`
	Consent    event.UUID `json:"consent,omitzero"`
	Reason     string     `json:"reasonCode,omitempty"`
	Status     string     `json:"status,omitempty" doc:"DECIDED, MADE or UNPLANNED"`
	// RuleSet, FailedGates and Warnings are what was said when it was decided.
	RuleSet     string         `json:"ruleSetVersion,omitempty"`
	FailedGates []string       `json:"failedGates,omitempty"`
	Warnings    []string       `json:"warnings,omitempty"`
	Agreement   event.UUID     `json:"agreement,omitzero"`
	Version     int            `json:"agreementVersion,omitzero"`
	Verdict     *Judgement     `json:"verdict,omitempty" doc:"what the monitors found about it; for those who review findings"`
	DecidedAt   event.When     `json:"decidedAt,omitzero"`
	MadeAt      event.When     `json:"madeAt,omitzero"`
	Position    event.Position `json:"-"`
	Entry       string         `json:"entry"`
}

// Judgement says what the monitors found about a disclosure, twice: with what was
// known at the time, and with what is known now.
type Judgement struct {
	AsKnown   string     `json:"asKnown" doc:"LAWFUL: nothing was found; NEEDS_REVIEW: something was, that is not grave or not certain; UNLAWFUL"`
	Hindsight string     `json:"hindsight" doc:"the same, with what is known now"`
	Findings  []JudgedBy `json:"findings"`
}

// JudgedBy is one finding about a disclosure.
type JudgedBy struct {
	Finding       event.UUID `json:"finding"`
	Monitor       string     `json:"monitor"`
	Severity      string     `json:"severity"`
	Status        string     `json:"status"`
	AsKnown       bool       `json:"asKnown"`
	Hindsight     bool       `json:"hindsight"`
	Indeterminate bool       `json:"indeterminate"`
}

// DisclosureFilter says which rows of the register are wanted; the zero value
// is all that the caller may see.
type DisclosureFilter struct {
	Person    event.UUID
	From      time.Time // decided or made at or after
	Until     time.Time // decided or made before
	Purpose   string
	Outcome   string
	Rule      string
	Agreement event.UUID
	// Verdicts asks for the verdict on each row too.
	Verdicts bool
}

// CaseloadRow is one person in a caseload.
type CaseloadRow struct {
	Person
	NextContact event.When `json:"nextContact,omitzero"`
	Allocated   event.UUID `json:"allocatedTo,omitzero"`
	ChangedAt   time.Time  `json:"changedAt,omitzero"`
}

// CaseloadFilter says which people are wanted; the zero value is all that the
// caller may see.
type CaseloadFilter struct {
	Site string
	Mine bool       // only those allocated to the caller
	By   event.UUID // the caller, where Mine is set
}

// NameQuery finds a person by name and date of birth.
type NameQuery struct {
	FamilyName string
	GivenName  string // empty: any
	BirthDate  event.Day
}

// Entry is one entry of the ledger, without what it says.
type Entry struct {
	Event      event.ID       `json:"event"`
	Position   event.Position `json:"-"`
	Entry      string         `json:"entry" doc:"the entry's number for auditors, an opaque token for everyone else"`
	Type       string         `json:"type"`
	Person     event.UUID     `json:"person,omitzero"`
	OccurredAt event.When     `json:"occurredAt"`
	RecordedAt time.Time      `json:"recordedAt"`
	By         By             `json:"by"`
	Purpose    event.Purpose  `json:"purpose,omitempty"`
	Corrects   event.ID       `json:"corrects,omitzero"`
	DetailURL  string         `json:"detailUrl"`
}

// EntryDetail is one entry with what it says, as far as the caller may open
// it.
type EntryDetail struct {
	Entry
	Version     int            `json:"version"`
	Correlation event.UUID     `json:"correlation,omitzero"`
	Causation   event.UUID     `json:"causation,omitzero"`
	Data        jsontext.Value `json:"data,omitempty"`
	Withheld    []string       `json:"withheld,omitempty" doc:"fields that exist and are not for this caller; empty for everyone but auditors"`
	Erased      []Gap          `json:"erased,omitempty" doc:"what of the entry cannot be read any more, by anybody: the key is destroyed"`
}

// Gap is a part of an entry that was erased.
type Gap struct {
	Class    string    `json:"class" doc:"the data class: identity, health or offence"`
	ErasedAt time.Time `json:"erasedAt,omitzero" doc:"when the ledger said so; absent where it does not say"`
	Under    event.ID  `json:"under,omitzero" doc:"the entry that decided it, a disposal or an erasure"`
}
