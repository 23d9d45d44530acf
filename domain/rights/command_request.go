package rights

import (
	"slices"
	"strconv"
	"strings"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// longestText is how long free text may be, in characters.
const longestText = 4000

// ours reports whether what an organisation recorded is in the record of the
// actor's controller.
func ours(c event.Context, org event.UUID) bool {
	return org == c.Actor.Org || slices.Contains(c.Peers, org)
}

func text(s string) event.Personal[string] {
	if s == "" {
		return event.Personal[string]{}
	}
	return event.Own(s)
}

// request returns a request that the actor's controller received.
func (s State) request(id event.UUID, c event.Context) (Request, error) {
	i := slices.IndexFunc(s.Requests, func(r Request) bool { return r.ID == id && ours(c, r.Org) })
	if i < 0 {
		return Request{}, fault.Refuse("no-such-request", "this record holds no such request")
	}
	return s.Requests[i], nil
}

// open returns a request that was received by the command's time and is not
// answered.
func (s State) open(id event.UUID, c event.Context) (Request, error) {
	r, err := s.request(id, c)
	switch {
	case err != nil:
		return r, err
	case !r.Responded.IsZero():
		return r, fault.Refuse("request-answered", "the request was answered")
	case !r.Received.Begun(c.Asked()):
		return r, fault.Refuse("before-it-was-received", "the request was received later")
	}
	return r, nil
}

// ReceiveRequest records that the person asked for one of their rights. No
// form is needed, and it may be said to anybody.
type ReceiveRequest struct {
	event.Timed
	Kind              RequestKind `json:"kind"`
	IdentityConfirmed bool        `json:"identityConfirmed"`
	Wording           string      `json:"wording,omitempty"`
}

// Validate reports fields that cannot be understood.
func (b ReceiveRequest) Validate() []fault.Field {
	var f fault.Fields
	fault.OneOf(&f, "/kind", b.Kind, RequestKinds)
	f.Text("/wording", b.Wording, longestText, true)
	return f
}

// Check lets every request stand.
func (b ReceiveRequest) Check(State, event.Context) error { return nil }

// Events records the request.
func (b ReceiveRequest) Events(_ State, c event.Context) []event.Draft {
	return []event.Draft{{Data: RightsRequestReceived{Request: c.NewID("request"), Kind: b.Kind,
		IdentityConfirmed: b.IdentityConfirmed, Wording: text(b.Wording)}}}
}

// PauseRequest asks the person for something without which their request
// cannot be answered.
type PauseRequest struct {
	event.Timed
	Request event.UUID  `json:"request"`
	Reason  PauseReason `json:"reason"`
}

// Validate reports fields that cannot be understood.
func (b PauseRequest) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Request.IsZero(), "/request", "required", "say which request")
	fault.OneOf(&f, "/reason", b.Reason, PauseReasons)
	return f
}

// Check refuses a request whose clock stands already, and to ask who is asking
// where that is confirmed.
func (b PauseRequest) Check(s State, c event.Context) error {
	r, err := s.open(b.Request, c)
	switch {
	case err != nil:
		return err
	case r.StandsAt(c.Asked()):
		return fault.Refuse("clock-stands", "the person was asked already")
	case b.Reason == Identity && r.Confirmed:
		return fault.Refuse("identity-confirmed", "it is known who is asking")
	}
	return nil
}

// Events records that the person was asked.
func (b PauseRequest) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: RightsRequestPaused{b.Request, b.Reason}}}
}

// ClarifyRequest records that what was asked for has come.
type ClarifyRequest struct {
	event.Timed
	Request event.UUID `json:"request"`
}

// Validate reports fields that cannot be understood.
func (b ClarifyRequest) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Request.IsZero(), "/request", "required", "say which request")
	return f
}

// Check refuses a request whose clock does not stand.
func (b ClarifyRequest) Check(s State, c event.Context) error {
	r, err := s.open(b.Request, c)
	if err != nil {
		return err
	}
	if !r.StandsAt(c.Asked()) {
		return fault.Refuse("clock-runs", "nothing was asked of the person that has not come")
	}
	return nil
}

// Events records that it came.
func (b ClarifyRequest) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: RightsRequestClarified{b.Request}}}
}

// ExtendRequest takes two months more to answer. The person is told so, and
// why, by the day on which the request is due.
type ExtendRequest struct {
	event.Timed
	Request event.UUID      `json:"request"`
	Reason  ExtensionReason `json:"reason"`
}

// Validate reports fields that cannot be understood.
func (b ExtendRequest) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Request.IsZero(), "/request", "required", "say which request")
	fault.OneOf(&f, "/reason", b.Reason, ExtensionReasons)
	return f
}

// Check refuses a second extension, and one after the day on which the request
// was due.
func (b ExtendRequest) Check(s State, c event.Context) error {
	r, err := s.open(b.Request, c)
	if err != nil {
		return err
	}
	if !r.Extended.IsZero() {
		return fault.Refuse("extended-already", "the time is extended once")
	}
	if due, running := r.Due(); running && event.DayOf(c.Asked()) > due {
		return fault.Refuse("extension-after-due", "the request was due already")
	}
	return nil
}

// Events records the extension.
func (b ExtendRequest) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: RightsRequestExtended{b.Request, b.Reason}}}
}

// RespondToRequest answers a request. A late answer is recorded like any
// other: that it was late is found.
//
// Erasure of care and statutory records is normally refused, because they are
// kept for a public task (Article 17(3)(b)) or for public health (17(3)(c)):
// the ground is on the record.
type RespondToRequest struct {
	event.Timed
	Request event.UUID     `json:"request"`
	Outcome RequestOutcome `json:"outcome"`
	Grounds []Ground       `json:"grounds,omitempty"`
	// Assessor is the health professional who made the serious-harm test.
	Assessor   event.UUID `json:"assessor,omitzero"`
	Redactions int        `json:"redactions,omitempty"`
	Answer     string     `json:"answer,omitempty"`
}

// Validate reports fields that cannot be understood.
func (b RespondToRequest) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Request.IsZero(), "/request", "required", "say which request")
	fault.OneOf(&f, "/outcome", b.Outcome, RequestOutcomes)
	f.If(len(b.Grounds) > len(Grounds), "/grounds", "too-many", "too many grounds")
	for i, g := range b.Grounds {
		fault.OneOf(&f, "/grounds/"+strconv.Itoa(i), g, Grounds)
	}
	f.If(b.Redactions < 0 || b.Redactions > 1_000_000, "/redactions", "out-of-range", "this is not a number of redactions")
	f.Text("/answer", b.Answer, longestText, true)
	return f
}

// Check refuses a refusal without its ground, a ground that does not belong,
// and a serious-harm test that nobody made.
func (b RespondToRequest) Check(s State, c event.Context) error {
	r, err := s.open(b.Request, c)
	if err != nil {
		return err
	}
	switch {
	case b.Outcome == Granted && len(b.Grounds) > 0:
		return fault.Refuse("grounds-without-a-refusal", "what is granted wholly is refused on no ground")
	case b.Outcome != Granted && len(b.Grounds) == 0:
		return fault.Refuse("grounds-absent", "say on which ground it is refused")
	case slices.Contains(b.Grounds, SeriousHarm) && b.Assessor.IsZero():
		return fault.Refuse("serious-harm-not-assessed", "a health professional makes the serious-harm test")
	}
	for _, g := range b.Grounds {
		if strings.HasPrefix(string(g), "17(3)") && r.Kind != Erasure || g == SeriousHarm && r.Kind != Access {
			return fault.Refuse("ground-of-another-right", "the ground does not belong to this right")
		}
	}
	return nil
}

// Events records the answer.
func (b RespondToRequest) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: RightsRequestResponded{Request: b.Request, Outcome: b.Outcome, Grounds: b.Grounds,
		Assessor: b.Assessor, Redactions: b.Redactions, Answer: text(b.Answer)}}}
}
