// Package person is who a case is about: names, identifiers, addresses, who
// may not look, and what the person has been told. It never decides whether
// something may be disclosed.
package person

// Event is an event of this area.
//
//sumtype:decl
type Event interface{ isEvent() }

// Code lists of this area that no outside authority publishes.
type (
	Sex              string // as registered
	IdentifierSource string // where a link was learnt
	Confidence       string // how sure whoever linked was
	UnlinkReason     string
	AddressVariant   string
	RestrictionMode  string
	Language         string // BCP 47, such as "en" or "pl"
	Method           string // how a notice was given
)

// The sexes that may be registered.
const (
	Female       Sex = "F"
	Male         Sex = "M"
	SexNotKnown  Sex = "NOT_KNOWN"
	SexNotStated Sex = "NOT_STATED"
)

// Sexes lists them.
var Sexes = []Sex{Female, Male, SexNotKnown, SexNotStated}

// Where an identifier may be learnt.
const (
	FromPerson   IdentifierSource = "PERSON"   // the person said so
	FromDocument IdentifierSource = "DOCUMENT" // seen on a document
	FromSystem   IdentifierSource = "SYSTEM"   // another system of record
	FromTrace    IdentifierSource = "TRACE"    // a demographic trace
	FromReferral IdentifierSource = "REFERRAL" // a form sent to us
)

// IdentifierSources lists them.
var IdentifierSources = []IdentifierSource{FromPerson, FromDocument, FromSystem, FromTrace, FromReferral}

// How sure a link may be.
const (
	Certain  Confidence = "CERTAIN"
	Probable Confidence = "PROBABLE"
	Possible Confidence = "POSSIBLE"
)

// Confidences lists them.
var Confidences = []Confidence{Certain, Probable, Possible}

// Why an identifier may be unlinked. WRONG_PERSON puts every disclosure made
// through the link in question.
const (
	WrongPerson UnlinkReason = "WRONG_PERSON"
	Mistyped    UnlinkReason = "MISTYPED"
	Superseded  UnlinkReason = "SUPERSEDED"
)

// UnlinkReasons lists them.
var UnlinkReasons = []UnlinkReason{WrongPerson, Mistyped, Superseded}

// The ways a notice may be given.
const (
	InPerson Method = "IN_PERSON"
	ByPost   Method = "POST"
	ByEmail  Method = "EMAIL"
	ByPhone  Method = "PHONE"
)

// Methods lists them.
var Methods = []Method{InPerson, ByPost, ByEmail, ByPhone}
