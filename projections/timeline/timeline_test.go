package timeline_test

import (
	"strings"
	"testing"

	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/projections"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/projectiontest"
	"caseledger/projections/timeline"
)

func rowsOf(t *testing.T, c *boundarytest.Case, side event.Side) map[event.UUID]timeline.Row {
	t.Helper()
	history, _ := c.Events(c.Person())
	rows, err := projections.Replay(timeline.Model(boundarytest.Viewer(side)), history)
	if err != nil {
		t.Fatal(err)
	}
	byEvent := map[event.UUID]timeline.Row{}
	for _, r := range rows {
		byEvent[r.Event] = r
	}
	return byEvent
}

func TestReplacedAndVoidedEntriesStayAndSayByWhat(t *testing.T) {
	t.Parallel()
	c := boundarytest.New(boundarytest.Viewer(event.NHS))
	granted := c.Says("HUB-CAM", consent.ConsentGranted{Consent: boundarytest.ID("cA2"), Version: 1})
	c.Says("HUB-CAM", event.EventCorrected{Reason: event.Own("mistyped")}, projectiontest.Corrects(granted.ID))
	replacement := c.Says("HUB-CAM", consent.ConsentGranted{Consent: boundarytest.ID("cA2"), Version: 2}, projectiontest.Corrects(granted.ID))
	wrong := c.Says("HUB-CAM", person.PrivacyNoticeGiven{Notice: "v1"})
	void := c.Says("HUB-CAM", event.EnteredInError{Reason: event.Own("somebody else's")}, projectiontest.Corrects(wrong.ID))

	rows := rowsOf(t, c, event.NHS)
	if len(rows) != 5 {
		t.Fatalf("%d entries, want all five", len(rows))
	}
	if got := rows[granted.ID.UUID]; got.CorrectedBy != replacement.ID.UUID || got.StandsAt(0) || !got.StandsAt(replacement.Position-1) {
		t.Errorf("the replaced entry: by %s at %d", got.CorrectedBy, got.CorrectedAt)
	}
	if got := rows[wrong.ID.UUID]; got.CorrectedBy != void.ID.UUID || got.StandsAt(void.Position) || !got.StandsAt(void.Position-1) {
		t.Errorf("the voided entry: by %s at %d", got.CorrectedBy, got.CorrectedAt)
	}
	if got := rows[replacement.ID.UUID]; !got.StandsAt(0) || got.Corrects != granted.ID.UUID {
		t.Errorf("the replacement: stands %t, corrects %s", got.StandsAt(0), got.Corrects)
	}
}

// told is a disclosure to a practitioner as each side reads it.
func told(t *testing.T, side event.Side) (*boundarytest.Case, event.Recorded) {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(side))
	flow := disclosure.Flow{FromOrg: boundarytest.Org("HUB-CAM").ID, ToOrg: boundarytest.Org("PROB-N56").ID,
		Direction: disclosure.Direction{From: event.NHS, To: event.Probation}, Categories: []event.Category{"H.ATTENDANCE"}}
	id := boundarytest.ID("the telling")
	d := disclosure.DisclosureMade{Disclosure: id, Decision: boundarytest.ID("dA2"), Flow: flow}
	if side == event.Probation {
		d = disclosure.DisclosureMade{Notice: event.Own(disclosure.Notice{Disclosure: id, Flow: flow}),
			ToldHealth: event.Own([]event.Item{{Category: "H.ATTENDANCE", Facts: []event.Fact{{Name: "attended", Value: "YES"}}}})}
	}
	c.Says("HUB-CAM", person.PersonRegistered{Name: event.Own(person.Name{Family: "ALPHA", Given: "TEST"})})
	return c, c.Says("HUB-CAM", d)
}

func TestARecipientSeesWhatItWasToldAndNothingElse(t *testing.T) {
	t.Parallel()
	c, made := told(t, event.Probation)
	rows := rowsOf(t, c, event.Probation)
	r, ok := rows[made.ID.UUID]
	if len(rows) != 1 || !ok {
		t.Fatalf("%d entries, want the one that was told", len(rows))
	}
	if r.Part != timeline.Received || r.Controller != boundarytest.Org("PROB-N56").Controller {
		t.Errorf("%s of %s", r.Part, r.Controller)
	}
	text := string(r.Data)
	if !strings.Contains(text, "attended") || strings.Contains(text, "decision\":\""+boundarytest.ID("dA2").String()) || strings.Contains(text, `"sources"`) {
		t.Error("the entry holds something else than what was told")
	}
}

func TestTheTellingSideKeepsItsOwnEntry(t *testing.T) {
	t.Parallel()
	c, made := told(t, event.NHS)
	rows := rowsOf(t, c, event.NHS)
	if r := rows[made.ID.UUID]; len(rows) != 2 || r.Part != timeline.Own || r.Controller != boundarytest.Org("HUB-CAM").Controller {
		t.Errorf("%d entries, %s of %s", len(rows), r.Part, r.Controller)
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	own, _ := told(t, event.NHS)
	history, _ := own.Events(own.Person())
	own.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(history[0].ID))
	received, _ := told(t, event.Probation)
	projectiontest.Run(t, timeline.Model(boundarytest.Viewer(event.NHS)), own.Ledger)
	projectiontest.Run(t, timeline.Model(boundarytest.Viewer(event.Probation)), received.Ledger)
}
