package catalogue

import (
	"reflect"
	"slices"

	"caseledger/domain/agreement"
	"caseledger/domain/casefile"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
	"caseledger/domain/lawfulness"
	"caseledger/domain/policy"
	"caseledger/domain/reference"
)

// body is what the body of a command on a stream of state S does. Check says
// whether a live command may stand. Events says what is recorded, also for
// imported facts, for which Check is not asked: it holds for every state.
type body[S any] interface {
	Check(S, event.Context) error
	Events(S, event.Context) []event.Draft
}

// stream is a kind of stream whose commands are made of bodies.
type stream[S any] struct {
	kind event.StreamKind
	fold func([]event.Recorded, lawfulness.Known) S
	// side is whose record it is; zero means the actor's.
	side event.Side
	// decided marks what cannot have happened elsewhere: it is checked even
	// where it is imported.
	decided bool
}

// on makes a command out of a body.
func on[B body[S], S any](of stream[S], name, summary string, roles ...event.Role) Command {
	return Command{Name: name, Summary: summary, Kind: of.kind, Roles: roles, Body: reflect.TypeFor[B](),
		decide: func(standing []event.Recorded, around lawfulness.Known, given any, ctx event.Context) ([]event.Draft, error) {
			ctx, err := casefile.Admit(given, ctx)
			if err != nil {
				return nil, err
			}
			b, state := given.(B), of.fold(standing, around)
			if ctx.Origin == event.Live || of.decided {
				if err := b.Check(state, ctx); err != nil {
					return nil, err
				}
			}
			drafts := b.Events(state, ctx)
			for i := range drafts {
				if drafts[i].Effective.IsZero() {
					drafts[i].Effective = ctx.When()
				}
				if drafts[i].Side == "" {
					drafts[i].Side = of.side
				}
			}
			return drafts, nil
		}}
}

func opens(c Command) Command { c.Opens = true; return c }

// Who may give the commands. An information governance lead does the daily
// work of a controller; a data protection officer advises and reports, and
// never decides what they advise on (UK GDPR Article 38); a senior information
// risk owner accepts risk, and a Caldicott Guardian answers for confidential
// patient information (domain reference section 1).
const (
	lead      event.Role = "IG_LEAD"
	officer   event.Role = "DPO"
	riskOwner event.Role = "SIRO"
	guardian  event.Role = "CALDICOTT"
	timer     event.Role = "SYSTEM"
)

// Agreements are nobody's personal record: every side may read them.
var agreements = stream[agreement.State]{kind: event.AgreementStream, side: event.Shared,
	fold: func(standing []event.Recorded, around lawfulness.Known) agreement.State {
		s := agreement.Fold(standing)
		s.Organisations, s.Known = around, basis
		return s
	}}

// basis reports whether a decision to disclose could name a code in a field.
func basis(field string, code agreement.Basis) bool {
	switch field {
	case "art6":
		return slices.Contains(disclosure.Articles6, disclosure.Article6(code))
	case "art9":
		return slices.Contains(disclosure.Articles9, disclosure.Article9(code))
	case "sch1":
		return slices.Contains(disclosure.Schedules1, disclosure.Schedule1(code))
	case "confidence":
		return slices.Contains(disclosure.Confidences, disclosure.Confidence(code))
	case "gateways":
		return slices.Contains(disclosure.Gateways, disclosure.Gateway(code))
	}
	return false
}

var agreementCommands = []Command{
	opens(on[agreement.DraftAgreement](agreements, "draft-agreement",
		"Propose a data sharing agreement between organisations.", lead, officer)),
	on[agreement.AmendAgreement](agreements, "amend-agreement",
		"Propose the next version of an agreement; the one before holds until all have signed.", lead, officer),
	on[agreement.SignAgreement](agreements, "sign-agreement",
		"Sign a version of an agreement for one of its parties.", guardian, riskOwner, lead),
	on[agreement.SuspendAgreement](agreements, "suspend-agreement",
		"Say that nothing more is shared under an agreement for now.", lead, officer, riskOwner, guardian),
	on[agreement.ResumeAgreement](agreements, "resume-agreement",
		"Say that what was suspended is shared again.", lead, riskOwner, guardian),
	on[agreement.TerminateAgreement](agreements, "terminate-agreement",
		"End an agreement before its time, for good.", lead, riskOwner, guardian),
	on[agreement.ExpireAgreement](agreements, "expire-agreement",
		"Note that an agreement's last day has passed.", timer),
}

// staff is everybody at work: whoever finds a breach reports it.
var staff = func() (roles []event.Role) {
	for _, r := range reference.Roles.All() {
		if r.Human && !slices.Contains(r.Sides, event.PersonSide) {
			roles = append(roles, r.Code)
		}
	}
	return roles
}()

var organisations = stream[governance.State]{kind: event.OrgStream,
	fold: func(standing []event.Recorded, _ lawfulness.Known) governance.State { return governance.Fold(standing) }}

var governanceCommands = []Command{
	on[governance.ApproveDPIA](organisations, "approve-dpia",
		"Approve a data protection impact assessment, on the data protection officer's advice.", riskOwner, guardian, lead),
	on[governance.RecordProcessingChange](organisations, "record-processing-change",
		"Say that a processing is no longer what was assessed.", lead, officer, riskOwner),
	on[governance.PublishPolicyDocument](organisations, "publish-policy-document",
		"Put an appropriate policy document into force.", lead, officer),
	on[governance.RecordRopaEntry](organisations, "record-ropa-entry",
		"Record an entry of the record of processing activities.", lead, officer),
	on[governance.AssignStaffRole](organisations, "assign-staff-role",
		"Say that a member of staff holds a role.", governance.Keepers...),
	on[governance.EndStaffRole](organisations, "end-staff-role",
		"Say that a member of staff no longer holds a role.", governance.Keepers...),
	on[governance.RecordTraining](organisations, "record-training",
		"Say that a member of staff took a course.", governance.Keepers...),
	on[governance.SignUndertaking](organisations, "sign-undertaking",
		"Sign a confidentiality undertaking, or record that somebody did.", staff...),
	on[governance.DetectBreach](organisations, "detect-breach",
		"Report a personal data breach.", staff...),
	on[governance.AssessBreach](organisations, "assess-breach",
		"Say how likely a breach is to touch people's rights.", lead, officer, riskOwner, guardian),
	on[governance.NotifyRegulator](organisations, "notify-regulator",
		"Say that the regulator was told of a breach.", officer, lead, riskOwner),
	on[governance.InformSubjects](organisations, "inform-subjects",
		"Say that the people a breach is about were told.", officer, lead, riskOwner, guardian),
}

var findings = stream[finding.State]{kind: event.FindingStream,
	fold: func(standing []event.Recorded, _ lawfulness.Known) finding.State { return finding.Fold(standing) }}

var findingCommands = []Command{
	on[finding.AcknowledgeFinding](findings, "acknowledge-finding",
		"Say that a finding was seen and is looked into.", lead, officer, riskOwner, guardian),
	on[finding.ResolveFinding](findings, "resolve-finding",
		"Say what was done about a finding.", lead, officer, riskOwner, guardian),
	on[finding.WaiveFinding](findings, "waive-finding",
		"Accept the risk of a finding.", lead, officer, riskOwner, guardian),
}

// The policy stream is nobody's personal record either. A rule set cannot have
// been put into force elsewhere.
var policies = stream[policy.State]{kind: event.PolicyStream, side: event.Shared, decided: true,
	fold: func(standing []event.Recorded, _ lawfulness.Known) policy.State {
		s := policy.Fold(standing)
		s.Parse = func(rules, gates []byte) (policy.Version, error) {
			set, err := lawfulness.Parse(rules, gates)
			if err != nil {
				return "", err
			}
			return set.Version(), nil
		}
		return s
	}}

var policyCommands = []Command{
	on[policy.PublishRuleSet](policies, "publish-rule-set",
		"Put the rules and gates by which disclosures are judged into force.", officer, guardian),
	on[policy.PublishReferenceData](policies, "publish-reference-data",
		"Put the code lists in use on the record.", timer),
}
