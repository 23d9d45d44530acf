package appointment

import (
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// Session is how Refer and Monitor an Intervention says what came of an
// appointment (domain reference section 4.2).
type Session struct {
	Attended  SessionAttendance `json:"attended"`
	Happened  bool              `json:"didSessionHappen"`
	NoSession NoSessionReason   `json:"noSessionReason,omitempty"` // why it did not; empty if it did
	// What the practitioner is to be told of.
	NotifyAttendance bool `json:"notifyAttendance,omitempty"`
	NotifyBehaviour  bool `json:"notifyBehaviour,omitempty"`
	NotifyConcerns   bool `json:"notifyConcerns,omitempty"`
}

type (
	SessionAttendance string
	NoSessionReason   string
)

// What a session may say.
const (
	SessionAttended SessionAttendance = "YES"
	SessionLate     SessionAttendance = "LATE"
	SessionMissed   SessionAttendance = "NO"

	PersonAcceptable   NoSessionReason = "POP_ACCEPTABLE"
	PersonUnacceptable NoSessionReason = "POP_UNACCEPTABLE"
	Logistics          NoSessionReason = "LOGISTICS"
)

// Lists of them.
var (
	SessionAttendances = []SessionAttendance{SessionAttended, SessionLate, SessionMissed}
	NoSessionReasons   = []NoSessionReason{PersonAcceptable, PersonUnacceptable, Logistics}
)

// Validate names the fields that cannot be accepted, and those that contradict
// one another: a session that happened needs somebody who came, and one that
// did not happen although they came needs a reason.
func (s Session) Validate() []fault.Field {
	var f fault.Fields
	fault.OneOf(&f, "/attended", s.Attended, SessionAttendances)
	f.If(s.Happened && s.Attended == SessionMissed, "/didSessionHappen", "impossible", "no session happens without the person")
	f.If(s.Happened && s.NoSession != "", "/noSessionReason", "impossible", "the session happened")
	f.If(!s.Happened && s.Attended != SessionMissed && s.NoSession == "", "/noSessionReason", "required", "say why there was no session")
	if s.NoSession != "" {
		fault.OneOf(&f, "/noSessionReason", s.NoSession, NoSessionReasons)
	}
	return f
}

// Outcome is our reading of a session. Somebody who did not come and of whom no
// reason is said is pending: whoever sent them decides.
func (s Session) Outcome() reference.Outcome {
	switch {
	case s.Happened:
		return reference.AttendedComplied
	case s.NoSession == Logistics:
		return reference.AttendanceNotRequired
	case s.Attended == SessionMissed && s.NoSession == PersonAcceptable:
		return reference.AcceptableAbsence
	case s.Attended == SessionMissed && s.NoSession == PersonUnacceptable:
		return reference.UnacceptableAbsence
	case s.Attended == SessionMissed:
		return reference.FailedToAttend
	case s.NoSession == PersonUnacceptable:
		return reference.AttendedNotComplied
	}
	return reference.AttendedComplied // they came, and there was a good reason for no session
}
