package boundary_test

import (
	"testing"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/projections/boundary"
	"caseledger/projections/boundary/boundarytest"
)

func TestOwnerIsWhoseRecordItIs(t *testing.T) {
	t.Parallel()
	nurse, practitioner := boundarytest.Org("HUB-CAM"), boundarytest.Org("PROB-N56")
	for _, c := range []struct {
		name        string
		side        event.Side
		actor       event.Actor
		operational event.State
		controller  event.UUID
		own         bool
	}{
		{"own side", event.NHS, event.Actor{Side: event.NHS, Org: nurse.ID}, event.Open, nurse.Controller, true},
		{"own side, erased", event.NHS, event.Actor{Side: event.NHS, Org: nurse.ID}, event.Erased, nurse.Controller, true},
		{"another side's", event.NHS, event.Actor{Side: event.Probation, Org: practitioner.ID}, event.Withheld, event.UUID{}, false},
		{"another side's, erased", event.NHS, event.Actor{Side: event.Probation, Org: practitioner.ID}, event.Erased, event.UUID{}, false},
		{"another side's staff in our record", event.NHS, event.Actor{Side: event.Probation, Org: practitioner.ID}, event.Open, boundary.WholeSide, true},
		{"the auditors' set", "", event.Actor{Side: event.Probation, Org: practitioner.ID}, event.Open, practitioner.Controller, true},
		{"what auditors' keys do not open", "", event.Actor{Side: event.Probation, Org: practitioner.ID}, event.Withheld, event.UUID{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := event.Recorded{Operational: c.operational, Meta: event.Meta{Actor: c.actor}}
			controller, own := boundarytest.Viewer(c.side).Owner(e)
			if controller != c.controller || own != c.own {
				t.Errorf("got %s, %t; want %s, %t", controller, own, c.controller, c.own)
			}
		})
	}
}

func TestToldIsTheRecipientsControllerOnItsOwnSide(t *testing.T) {
	t.Parallel()
	nurse, practitioner := boundarytest.Org("HUB-CAM"), boundarytest.Org("PROB-N56")
	flow := disclosure.Flow{FromOrg: nurse.ID, ToOrg: practitioner.ID, Direction: disclosure.Direction{From: event.NHS, To: event.Probation}}
	told := event.Recorded{Operational: event.Withheld, Data: disclosure.DisclosureMade{Notice: event.Own(disclosure.Notice{Flow: flow})}}
	unread := event.Recorded{Operational: event.Withheld, Data: disclosure.DisclosureMade{}}
	for _, c := range []struct {
		name       string
		side       event.Side
		e          event.Recorded
		controller event.UUID
		told       bool
	}{
		{"the recipient's side", event.Probation, told, practitioner.Controller, true},
		{"the telling side", event.NHS, told, event.UUID{}, false},
		{"a third side", event.Police, told, event.UUID{}, false},
		{"the auditors' set", "", told, event.UUID{}, false},
		{"a notice that does not open", event.Probation, unread, event.UUID{}, false},
		{"no disclosure", event.Probation, event.Recorded{Data: event.EnteredInError{}}, event.UUID{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			controller, was := boundarytest.Viewer(c.side).Told(c.e)
			if controller != c.controller || was != c.told {
				t.Errorf("got %s, %t; want %s, %t", controller, was, c.controller, c.told)
			}
		})
	}
}
