package agreement

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// SignAgreement says that a party signed a version. A Caldicott Guardian or a
// senior information risk owner signs in that role; an information governance
// lead records who signed on paper.
type SignAgreement struct {
	event.Timed
	Version int        `json:"version"`
	Org     event.UUID `json:"org"`
	// Role is that of the signatory; left out, the actor's own.
	Role SignatoryRole `json:"role,omitempty"`
}

// Validate names what cannot be understood.
func (b SignAgreement) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Version < 1, "/version", "out-of-range", "versions count from 1")
	f.If(b.Org.IsZero(), "/org", "required", "this must be given")
	if b.Role != "" {
		fault.OneOf(&f, "/role", b.Role, SignatoryRoles)
	}
	return f
}

// role is the signatory's; false if the actor may not sign or record it so.
func (b SignAgreement) role(a event.Actor) (SignatoryRole, bool) {
	own := SignatoryRole(a.Role)
	if !slices.Contains(SignatoryRoles, own) {
		return b.Role, b.Role != ""
	}
	return own, b.Role == "" || b.Role == own
}

// Check refuses a version that is not there, is over or was replaced, and an
// organisation that is no party, is not the actor's, or has signed.
func (b SignAgreement) Check(s State, c event.Context) error {
	if err := s.drafted(); err != nil {
		return err
	}
	v, ok := s.Version(b.Version)
	_, may := b.role(c.Actor)
	switch is, _ := s.StatusAt(c.Asked()); {
	case !ok:
		return fault.Refuse("no-such-version", "the agreement has no such version")
	case is == Terminated:
		return fault.Refuse("agreement-over", "the agreement was terminated")
	case b.Version != s.latest():
		return fault.Refuse("version-superseded", "a later version has been proposed: sign that one")
	case event.DayOf(c.Asked()) >= v.Terms.To:
		return fault.Refuse("version-over", "the version has ended")
	case !v.Terms.Party(b.Org):
		return fault.Refuse("not-a-party", "the organisation is not a party to this version")
	case !ours(b.Org, c):
		return fault.Refuse("not-your-organisation", "a party is signed for by its own controller")
	case slices.ContainsFunc(v.Signed, func(x Signature) bool { return x.Org == b.Org }):
		return fault.Refuse("already-signed", "the organisation has signed this version")
	case !may:
		return fault.Refuse("signatory-role", "sign in your own role, or say in which role it was signed")
	}
	return nil
}

// Events records the signature.
func (b SignAgreement) Events(_ State, c event.Context) []event.Draft {
	role, _ := b.role(c.Actor)
	return []event.Draft{{Data: AgreementSigned{Version: b.Version, Org: b.Org, Role: role}}}
}
