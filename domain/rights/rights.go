// Package rights is the part of a person's case that says what they asked for
// under data protection law and when it was answered, how long their records
// are kept, what holds them, and what was disposed of. It never disposes of
// anything itself.
package rights

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
	RetentionClass  string // which schedule a record falls under
	RetentionReview string // what a review came to
)

// RequestKinds lists the rights (UK GDPR Articles 15, 16, 17, 18, 21; DUAA 2025
// for complaints).
var RequestKinds = []RequestKind{"ACCESS", "RECTIFICATION", "ERASURE", "RESTRICTION", "OBJECTION", "COMPLAINT"}

// Access is the request for a copy: a SAR.
const Access RequestKind = "ACCESS"

// PauseReasons lists why the clock may stand (domain reference section 8.8).
var PauseReasons = []PauseReason{"CLARIFICATION", "IDENTITY"}

// ExtensionReasons lists why the time may be extended by two months (Article
// 12(3)).
var ExtensionReasons = []ExtensionReason{"COMPLEX", "NUMEROUS"}

// RequestOutcomes lists the answers.
var RequestOutcomes = []RequestOutcome{"GRANTED", "PARTLY_GRANTED", "REFUSED"}

// Grounds lists the statutory grounds of a refusal.
var Grounds = []Ground{"17(3)(b)", "17(3)(c)", "17(3)(e)", "SERIOUS_HARM", "THIRD_PARTY", "MANIFESTLY_UNFOUNDED", "EXCESSIVE", "IDENTITY_NOT_CONFIRMED", "OTHER"}

// RetentionReviews lists what a review may come to.
var RetentionReviews = []RetentionReview{"DISPOSE", "EXTEND", "ARCHIVE"}
