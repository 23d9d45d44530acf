package agreement

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// Reasoned is the body of a command that says no more than why.
type Reasoned struct {
	event.Timed
	Reason string `json:"reason"`
}

// Validate names what cannot be understood.
func (b Reasoned) Validate() []fault.Field {
	var f fault.Fields
	f.Text("/reason", b.Reason, longestText, false)
	return f
}

// SuspendAgreement says that nothing more is shared under it for now.
type SuspendAgreement struct{ Reasoned }

// Check refuses an agreement that is not in force, and whoever is no party.
func (b SuspendAgreement) Check(s State, c event.Context) error {
	return s.stands(c, "agreement-not-in-force", InForce)
}

// Events records the suspension.
func (b SuspendAgreement) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: AgreementSuspended{Reason: event.Own(b.Reason)}}}
}

// ResumeAgreement ends a suspension.
type ResumeAgreement struct{ Reasoned }

// Check refuses an agreement that is not suspended, and whoever is no party.
func (b ResumeAgreement) Check(s State, c event.Context) error {
	return s.stands(c, "agreement-not-suspended", Suspended)
}

// Events records the end of the suspension.
func (b ResumeAgreement) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: AgreementResumed{Reason: event.Own(b.Reason)}}}
}

// TerminateAgreement ends an agreement before its time, for good. A draft is
// withdrawn by it.
type TerminateAgreement struct{ Reasoned }

// Check refuses an agreement that is over, and whoever is no party.
func (b TerminateAgreement) Check(s State, c event.Context) error {
	return s.stands(c, "agreement-over", Draft, InForce, Suspended)
}

// Events records the end.
func (b TerminateAgreement) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: AgreementTerminated{Reason: event.Own(b.Reason)}}}
}

// ExpireAgreement notes that the end of the current version has come. It is
// for timers: the agreement held no longer from that end on without it.
type ExpireAgreement struct{}

// Check refuses an agreement whose end has not come.
func (ExpireAgreement) Check(s State, c event.Context) error {
	if err := s.drafted(); err != nil {
		return err
	}
	if is, _ := s.StatusAt(c.Asked()); is != Expired {
		return fault.Refuse("agreement-not-expired", "the agreement's end has not come, or it was terminated")
	}
	return nil
}

// Events records the end, as of the day on which it came; nothing if it is
// noted already.
func (ExpireAgreement) Events(s State, c event.Context) []event.Draft {
	is, v := s.StatusAt(c.Asked())
	if is != Expired || v.Number <= s.Expired {
		return nil
	}
	return []event.Draft{{Data: AgreementExpired{Version: v.Number}, Effective: event.At(v.Terms.To.Start())}}
}
