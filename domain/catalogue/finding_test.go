package catalogue_test

import (
	"testing"

	"caseledger/domain/event"
	"caseledger/domain/finding"
)

var person = event.DeriveUUID("test-person")

// found is a stream on which one finding was raised, about what the nurse of
// HUB-CAM did, and what names the finding.
func found(t *testing.T, severity finding.Severity) (*story, string) {
	t.Helper()
	g := newStory(t, event.Findings(person))
	item := event.DeriveID(person, g.stream, person, 1)
	j := finding.Judged{Monitor: "L01", Version: 1, Severity: severity, Item: item, Evidence: []event.ID{item}, At: event.At(g.ctx.Now), AsKnown: true, Hindsight: true,
		By: staff("IG_LEAD", "HUB-CAM"), Org: org("HUB-CAM"), Side: event.NHS}
	g.record(finding.Reconcile(finding.State{}, finding.Judging{Subject: person, Judged: []finding.Judged{j}}), event.Live)
	return g, `{"finding":"` + j.ID(person).String() + `"}`
}

func (g *story) findingIs(want finding.Status) {
	g.t.Helper()
	if f := finding.Fold(g.standing()).Findings[0]; f.Status != want {
		g.t.Errorf("the finding is %s, want %s", f.Status, want)
	}
}

const why = "An invented reason."

func TestAFindingIsAcknowledgedAndResolved(t *testing.T) {
	t.Parallel()
	g, id := found(t, finding.High)
	g.as("CALDICOTT", "HUB-MID").when("acknowledge-finding", id).then("finding.acknowledged")
	g.findingIs(finding.Acknowledged)
	g.when("acknowledge-finding", id).nothing()
	resolve := with(with(id, "outcome", "REMEDIED"), "reason", why)
	g.when("resolve-finding", resolve).then("finding.resolved")
	g.findingIs(finding.Resolved)
	for _, c := range []string{"acknowledge-finding", "resolve-finding", "waive-finding"} {
		body := map[string]string{"acknowledge-finding": id, "resolve-finding": resolve, "waive-finding": with(id, "reason", why)}[c]
		g.when(c, body).refused("finding-not-open")
	}
	g.as("HUB_CLIN", "HUB-CAM").when("acknowledge-finding", id).refused("role-may-not")

	g, id = found(t, finding.High)
	g.as("DPO", "HUB-CAM").when("resolve-finding", with(with(with(id, "outcome", "INCIDENT_RAISED"), "reason", why), "breach", person.String())).then()
	if f := finding.Fold(g.standing()).Findings[0]; f.Breach != person || f.Outcome != "INCIDENT_RAISED" || f.By != g.ctx.Actor.ID {
		t.Errorf("resolved as %+v", f)
	}
}

func TestWhoseActItIsDoesNotSettleIt(t *testing.T) {
	t.Parallel()
	g, id := found(t, finding.Low)
	g.when("acknowledge-finding", id).then()
	g.when("resolve-finding", with(with(id, "outcome", "REMEDIED"), "reason", why)).refused("own-act")
	g.when("waive-finding", with(id, "reason", why)).refused("own-act")
}

func TestOnlyASeniorRiskOwnerWaivesWhatIsCritical(t *testing.T) {
	t.Parallel()
	for severity, code := range map[finding.Severity]string{finding.Critical: "critical-needs-siro", finding.High: ""} {
		for _, role := range []event.Role{"DPO", "CALDICOTT"} {
			g, id := found(t, severity)
			r := g.as(role, "HUB-CAM").when("waive-finding", with(id, "reason", why))
			if code == "" {
				r.then("finding.waived")
				g.findingIs(finding.Waived)
				continue
			}
			r.refused(code)
			g.as("SIRO", "HUB-CAM").when("waive-finding", with(id, "reason", why)).then("finding.waived")
		}
	}
}

func TestAFindingIsThereForItsControllerAlone(t *testing.T) {
	t.Parallel()
	g, id := found(t, finding.Low)
	g.as("SIRO", "PROB-N56")
	g.when("acknowledge-finding", id).refused("no-such-finding")
	g.when("resolve-finding", with(with(id, "outcome", "REMEDIED"), "reason", why)).refused("no-such-finding")
	g.when("waive-finding", with(id, "reason", why)).refused("no-such-finding")
	g.as("SIRO", "HUB-CAM").when("acknowledge-finding", with(id, "finding", person.String())).refused("no-such-finding")

	g = newStory(t, event.Findings(org("PROB-N56")))
	item := event.DeriveID(person, g.stream, person, 1)
	j := finding.Judged{Monitor: "L37", Item: item, Organisation: org("PROB-N56"), Org: org("HUB-CAM"), Severity: finding.Low}
	g.record(finding.Reconcile(finding.State{}, finding.Judging{Subject: org("PROB-N56"), Judged: []finding.Judged{j}}), event.Live)
	own := `{"finding":"` + j.ID(org("PROB-N56")).String() + `"}`
	g.when("acknowledge-finding", own).refused("no-such-finding")
	g.as("IG_LEAD", "PROB-N56").when("acknowledge-finding", own).then()
}

func TestAFindingCommandThatCannotBeUnderstood(t *testing.T) {
	t.Parallel()
	g, id := found(t, finding.Low)
	g.when("acknowledge-finding", `{}`).invalid("/finding")
	g.when("resolve-finding", `{}`).invalid("/finding")
	g.when("resolve-finding", with(id, "outcome", "X")).invalid("/outcome")
	g.when("resolve-finding", with(id, "outcome", "INCIDENT_RAISED")).invalid("/breach")
	g.when("resolve-finding", with(with(id, "outcome", "REMEDIED"), "breach", person.String())).invalid("/breach")
	g.when("resolve-finding", with(id, "outcome", "REMEDIED")).invalid("/reason")
	g.when("waive-finding", `{"reason":" "}`).invalid("/finding")
	g.when("waive-finding", `{"reason":" "}`).invalid("/reason")
}
