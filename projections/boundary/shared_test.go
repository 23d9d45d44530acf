package boundary_test

import (
	"crypto/rand"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/vault"
	"caseledger/projections/boundary"
	"caseledger/projections/boundary/boundarytest"
)

// What is sealed as shared is part of every side's record: of its actor's side
// it belongs to the actor's controller, and of every other to the whole side.
func TestWhatIsSharedIsPartOfEverySidesRecord(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 2, 4, 12, 0, 0, 0, time.UTC)
	keys, err := vault.OpenMemory(t.Context(), vault.Config{Rand: rand.Reader, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	catalogue := event.NewCatalogue()
	org := boundarytest.Org("HUB-CAM")
	agreed := event.MustUUID("a9000000-0000-4000-8000-000000000001")
	cmd := eventstore.Command{ID: agreed, Stream: event.Agreement(agreed), Subject: agreed, Effective: event.At(noon),
		Actor: event.Actor{ID: agreed, Role: "IG_LEAD", Side: event.NHS, Org: org.ID}, Origin: event.Live}
	for _, c := range []struct {
		sealed, viewer event.Side
		controller     event.UUID
		own            bool
	}{
		{event.Shared, event.NHS, org.Controller, true},
		{event.Shared, event.Probation, boundary.WholeSide, true},
		{event.Shared, event.VCSE, boundary.WholeSide, true},
		{event.NHS, event.NHS, org.Controller, true},
		{event.NHS, event.Probation, event.UUID{}, false},
	} {
		batch, err := codec.New(catalogue, keys, rand.Reader).Seal(t.Context(), cmd,
			[]event.Draft{{Data: event.EnteredInError{Reason: event.Own("invented")}, Side: c.sealed}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		last := batch[len(batch)-1]
		e, err := codec.NewReader(catalogue, keys.View(c.viewer), codec.Options{}).Decode(t.Context(),
			eventstore.Stored{Position: 1, RecordedAt: noon, ID: last.ID, Stream: cmd.Stream, Revision: 1, Body: last.Body})
		if err != nil {
			t.Fatal(err)
		}
		if controller, own := boundarytest.Viewer(c.viewer).Owner(e); controller != c.controller || own != c.own {
			t.Errorf("sealed as %s, seen by %s: got %s, %t; want %s, %t", c.sealed, c.viewer, controller, own, c.controller, c.own)
		}
	}
	for _, side := range event.Sides {
		if side == event.Shared {
			t.Error("an organisation could have the shared side")
		}
	}
}
