package api

import (
	"net/http"
	"slices"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/lawfulness"
)

var errNoConsent = fault.New(fault.Absent, "no-such-consent", "there is no such consent, or not for you")

// reach is what rests on a consent: what was told under it, and what must stop
// when it ends.
type reach struct {
	Consent event.UUID `json:"consent"`
	Status  string     `json:"status"`
	EndedAt event.When `json:"endedAt,omitzero"`
	Told    []reached  `json:"told" doc:"what was told under it"`
	// Decisions are the permits under which more may be told.
	Decisions []reliance `json:"decisions" doc:"permits that rest on it and are not used up"`
}

type reached struct {
	Disclosure event.UUID `json:"disclosure"`
	ToldAt     event.When `json:"toldAt"`
	flow
	After bool `json:"after" doc:"it was told when the consent had ended"`
	otherBasis
}

type reliance struct {
	Decision event.UUID `json:"decision"`
	flow
	Stop bool `json:"stop" doc:"nothing more may be told under it"`
	otherBasis
}

// otherBasis says whether something stands without the consent.
type otherBasis struct {
	Stands bool         `json:"stands" doc:"it stands on another basis than the consent"`
	Rule   string       `json:"rule,omitempty" doc:"the rule that it stands under, or the nearest"`
	Text   string       `json:"text,omitempty"`
	Why    []failedGate `json:"why" doc:"what speaks against it under that rule"`
}

func otherBasisOf(o lawfulness.Other) otherBasis {
	return otherBasis{Stands: o.Stands, Rule: string(o.Rule), Text: o.Text, Why: failuresOf("", o.Why)}
}

var getReach = operation[reach]{
	ID: "get-consent-reach", Method: http.MethodGet, Path: prefix + "/people/{person}/consents/{consent}/reach",
	Summary: "What was told under a consent and to whom, what stands without it and why, and what must stop when it ends",
	Action:  "consent.reach", Audit: access.ReadOne, View: "consent-reach",
	Handle: (*API).getReach,
}

func (a *API) getReach(c *call) (answer[reach], error) {
	id, err := event.ParseUUID(c.path("consent"))
	if err != nil || id.IsZero() {
		return answer[reach]{}, errNoConsent
	}
	consents, _, err := c.view.Consents(c.ctx, c.person, AsOf{})
	if err != nil {
		return answer[reach]{}, err
	}
	if !slices.ContainsFunc(consents, func(one Consent) bool { return one.ID == id }) {
		return answer[reach]{}, errNoConsent
	}
	past, revision, err := a.config.Recorder.Past(c.ctx, c.person)
	if err != nil {
		return answer[reach]{}, err
	}
	found, ok := lawfulness.ReachOf(past, id, c.now)
	if !ok {
		return answer[reach]{}, errNoConsent
	}
	own, record := c.own(past), past.Hindsight(c.now)
	out := reach{Consent: id, Status: string(found.Status), EndedAt: found.Ended, Told: []reached{}, Decisions: []reliance{}}
	for _, d := range found.Told {
		if own(d.Event) {
			out.Told = append(out.Told, reached{d.Disclosure, d.At, flowOf(d.Flow), d.After, otherBasisOf(d.Other)})
		}
	}
	for _, d := range found.Decisions {
		if k, ok := record.Decision(d.Decision); ok && own(k.Event.ID) {
			out.Decisions = append(out.Decisions, reliance{d.Decision, flowOf(d.Flow), d.Stop, otherBasisOf(d.Other)})
		}
	}
	return answer[reach]{Data: out, Items: len(out.Told) + len(out.Decisions), Subjects: []event.UUID{c.person}, Person: c.person,
		Reflects: Reflects{Revision: revision, TrueOn: c.now, KnownOn: c.now, Latest: true, Model: "case"}}, nil
}
