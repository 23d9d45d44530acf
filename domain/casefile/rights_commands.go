package casefile

import (
	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/rights"
)

var rightsCommands = []Command{
	in[State, ReceiveRightsRequest]("receive-rights-request", "Record that the person asks for one of their rights.", whole,
		everyoneTheyMeet...),
	in[rights.State, rights.PauseRequest]("pause-rights-request", "Ask the person what they mean, or who is asking.", ofRights,
		rightsOfficers...),
	in[rights.State, rights.ClarifyRequest]("clarify-rights-request", "Record that the person gave what they were asked for.", ofRights,
		everyoneTheyMeet...),
	in[rights.State, rights.ExtendRequest]("extend-rights-request", "Take two months more to answer.", ofRights,
		rightsOfficers...),
	in[rights.State, rights.RespondToRequest]("respond-to-rights-request", "Answer a request.", ofRights,
		rightsOfficers...),
	in[rights.State, rights.SetRetentionPeriod]("set-retention-period", "Say under which schedule the record falls.", ofRights,
		recordKeeper),
	in[rights.State, rights.ReviewRetention]("review-retention", "Say what is to become of a record whose period is over.", ofRights,
		recordKeeper, "CALDICOTT", "SIRO"),
	in[rights.State, rights.PlaceHold]("place-legal-hold", "Keep the whole record, for an inquiry or a claim.", ofRights,
		recordKeeper, "CALDICOTT", "DPO", "SIRO"),
	in[rights.State, rights.LiftHold]("lift-legal-hold", "End a legal hold.", ofRights,
		recordKeeper, "SIRO"),
	in[State, DisposeRecord]("dispose-record", "Decide that the record is disposed of.", whole,
		recordKeeper, "SIRO"),
	in[State, EraseRecord]("erase-record", "Decide that the record is erased, on a request that was granted.", whole,
		recordKeeper, "SIRO"),
}

// rightsOfficers decide what becomes of a request (rule R15).
var rightsOfficers = []event.Role{"IG_LEAD", "DPO"}

func ofRights(s State) rights.State { return s.Rights }

// ReceiveRightsRequest is [rights.ReceiveRequest]. An objection under Article
// 21 is assessed and answered like any request; it stands against telling
// anything only if the person asks for that too.
type ReceiveRightsRequest struct {
	rights.ReceiveRequest
	// ObjectsToTelling also records an objection to information being told, at
	// once and without any assessment. Scope is what is objected to; a part left
	// out means all of it.
	ObjectsToTelling bool          `json:"objectsToTelling,omitempty"`
	Scope            consent.Scope `json:"scope,omitzero"`
}

func (b ReceiveRightsRequest) objection() consent.RecordObjection {
	return consent.RecordObjection{Scope: b.Scope}
}

// Validate reports fields that cannot be understood.
func (b ReceiveRightsRequest) Validate() []fault.Field {
	f := fault.Fields(b.ReceiveRequest.Validate())
	f = append(f, b.objection().Validate()...)
	f.If(b.ObjectsToTelling && b.Kind != rights.Objection, "/objectsToTelling", "not-an-objection", "only an objection may also stand against telling")
	f.If(!b.ObjectsToTelling && !b.Scope.Unsaid(), "/scope", "not-asked-for", "a scope is of an objection to telling")
	return f
}

// Check refuses what the rights area refuses.
func (b ReceiveRightsRequest) Check(s State, c event.Context) error {
	return b.ReceiveRequest.Check(s.Rights, c)
}

// Events records the request, and the objection that goes with it.
func (b ReceiveRightsRequest) Events(s State, c event.Context) []event.Draft {
	drafts := b.ReceiveRequest.Events(s.Rights, c)
	if b.ObjectsToTelling {
		drafts = append(drafts, b.objection().Events(s.Consent, c)...)
	}
	return drafts
}

// DisposeRecord is [rights.DisposeRecord], where nobody else keeps what the same
// keys seal.
type DisposeRecord struct{ rights.DisposeRecord }

// Check refuses what the rights area refuses, and what another controller of the
// side keeps.
func (b DisposeRecord) Check(s State, c event.Context) error {
	if err := b.DisposeRecord.Check(s.Rights, c); err != nil {
		return err
	}
	return s.keptByOthers(c)
}

// Events records the disposal.
func (b DisposeRecord) Events(s State, c event.Context) []event.Draft {
	return b.DisposeRecord.Events(s.Rights, c)
}

// EraseRecord is [rights.EraseRecord], where nobody else keeps what the same keys
// seal.
type EraseRecord struct{ rights.EraseRecord }

// Check refuses what the rights area refuses, and what another controller of the
// side keeps.
func (b EraseRecord) Check(s State, c event.Context) error {
	if err := b.EraseRecord.Check(s.Rights, c); err != nil {
		return err
	}
	return s.keptByOthers(c)
}

// Events records the decision.
func (b EraseRecord) Events(s State, c event.Context) []event.Draft {
	return b.EraseRecord.Events(s.Rights, c)
}

// keptByOthers refuses to destroy a side's keys while another of its controllers
// keeps something that they seal: what it recorded, or was told. It lets go by
// reviewing its own schedules to be disposed of, or by granting the person's
// request itself; whoever decides last carries out what all of them decided.
func (s State) keptByOthers(c event.Context) error {
	for org := range s.Holders {
		if s.Surroundings.Side(org) != c.Actor.Side || s.Surroundings.SameController(org, c.Actor.Org) {
			continue
		}
		if !s.Rights.Releases(org, c, s.Surroundings.SameController) {
			return fault.Refuse("another-controller-keeps-it", "another controller of this side holds a part of the record, and has not let go of it")
		}
	}
	return nil
}
