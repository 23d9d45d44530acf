// Package rights is the part of a person's case that says what they asked for
// under data protection law and when it was answered, how long their records
// are kept, what holds them, and what was disposed of or erased. It never
// destroys anything itself.
package rights

import "caseledger/domain/reference"

// Event is an event of this area.
//
//sumtype:decl
type Event interface{ isEvent() }

// Codes of this area.
type (
	RequestKind     string // which right
	PauseReason     string // why the clock stands
	ExtensionReason string
	RequestOutcome  string
	Ground          string // why something was refused, as the statute is cited
	RetentionReview string // what a review came to
	KeptReason      string // why a data class outlives an erasure
	Purger          string // who keeps something made from the record
)

// RequestKinds lists the rights (UK GDPR Articles 15, 16, 17, 18, 21; DUAA 2025
// for complaints).
var RequestKinds = []RequestKind{"ACCESS", "RECTIFICATION", "ERASURE", "RESTRICTION", "OBJECTION", "COMPLAINT"}

// Rights that have rules of their own.
const (
	Access    RequestKind = "ACCESS" // a copy: a SAR
	Erasure   RequestKind = "ERASURE"
	Objection RequestKind = "OBJECTION"
)

// RetentionClass is which schedule a record falls under.
type RetentionClass = reference.RetentionClass

// Identity is who is asking.
const Identity PauseReason = "IDENTITY"

// PauseReasons lists why the clock may stand (domain reference section 8.8).
var PauseReasons = []PauseReason{"CLARIFICATION", Identity}

// ExtensionReasons lists why the time may be extended by two months (Article
// 12(3)).
var ExtensionReasons = []ExtensionReason{"COMPLEX", "NUMEROUS"}

// The answers.
const (
	Granted       RequestOutcome = "GRANTED"
	PartlyGranted RequestOutcome = "PARTLY_GRANTED"
	Refused       RequestOutcome = "REFUSED"
)

// RequestOutcomes lists the answers.
var RequestOutcomes = []RequestOutcome{Granted, PartlyGranted, Refused}

// SeriousHarm is the ground of the serious-harm test (DPA 2018 Schedule 3 Part
// 2), which a health professional makes.
const SeriousHarm Ground = "SERIOUS_HARM"

// Grounds lists the grounds of a refusal. Those of Article 17(3) are of
// erasure alone: public task and legal obligation, public health, legal
// claims.
var Grounds = []Ground{"17(3)(b)", "17(3)(c)", "17(3)(e)", SeriousHarm, "THIRD_PARTY", "MANIFESTLY_UNFOUNDED", "EXCESSIVE", "IDENTITY_NOT_CONFIRMED", "OTHER"}

// What a review may come to.
const (
	Dispose RetentionReview = "DISPOSE"
	Extend  RetentionReview = "EXTEND"
	Archive RetentionReview = "ARCHIVE"
)

// RetentionReviews lists what a review may come to.
var RetentionReviews = []RetentionReview{Dispose, Extend, Archive}

// Why a data class is kept.
const (
	Accounts KeptReason = "ACCOUNTABILITY" // what was decided and by which codes accounts for the erasure itself
	Held     KeptReason = "LEGAL_HOLD"
	InPeriod KeptReason = "RETENTION_PERIOD"
	NotAsked KeptReason = "NOT_DECIDED"    // the decision does not name it, and nothing else keeps it
	Since    KeptReason = "RECORDED_SINCE" // it came after the keys were retired, and is sealed by others
)

// KeptReasons lists them.
var KeptReasons = []KeptReason{Accounts, Held, InPeriod, NotAsked, Since}

// Who reports of an erasure.
const (
	ReadModels  Purger = "READ_MODELS"  // rows, free pages and logs of the read models
	Caches      Purger = "CACHES"       // what the process holds open
	Identifiers Purger = "IDENTIFIERS"  // the blind index
	Messages    Purger = "MESSAGES"     // what is held to be sent
	Memories    Purger = "MEMORIES"     // what those keep who follow the record
	Exports     Purger = "EXPORTS"      // files about the person that were made in the data folder
	KeyWrapping Purger = "KEY_WRAPPING" // keys that are left and were wrapped anew
)

// Purgers lists them.
var Purgers = []Purger{ReadModels, Caches, Identifiers, Messages, Memories, Exports, KeyWrapping}
