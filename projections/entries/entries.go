// Package entries is the read model of where the entries are that are part of
// no person's case: of agreements, organisations, the policy, findings and who
// looked. It holds the clear part of each and nothing of what it says; package
// timeline has the entries of cases.
package entries

import (
	"slices"
	"strings"
	"time"

	"caseledger/domain/casefile"
	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Row is one entry. An entry of an agreement or of the policy is nobody's, and
// may be shown to every controller.
type Row struct {
	Stream     event.StreamID `db:"stream"`
	Event      event.UUID     `db:"event,key"`
	Controller event.UUID     `db:"controller"` // [boundary.WholeSide] for any of the side's
	Position   event.Position `db:"position"`
	RecordedAt time.Time      `db:"recorded_at"`
	Type       Name           `db:"type"`
	Effective  event.When     `db:"effective_at"`
	Actor      event.Actor    `db:"actor,json"`
}

// Name is the stored name of an event type.
type Name string

// types is every stored name but those of a case, and of what the record keeps
// about itself.
var types = func() []string {
	ofCases := casefile.EventTypes()
	return slices.DeleteFunc(catalogue.Events.Names(), func(n string) bool {
		return strings.HasPrefix(n, "key.") || strings.HasPrefix(n, "ledger.") || slices.Contains(ofCases, n)
	})
}()

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "entries", Version: 1, Raw: true, Types: types,
		Keys: func(e event.Recorded) []projections.Key {
			if _, own := v.Owner(e); !own {
				return []projections.Key{}
			}
			return []projections.Key{projections.Keyed(e.ID.String())}
		},
		Fold: func(_ *Row, e event.Recorded) *Row {
			next := &Row{Position: e.Position, RecordedAt: e.RecordedAt, Type: Name(e.Type), Effective: e.Effective, Actor: e.Actor}
			if e.Stream.Kind != event.AgreementStream && e.Stream.Kind != event.PolicyStream {
				next.Controller, _ = v.Owner(e)
			}
			return next
		},
		Indexes: []projections.Index{{Columns: []string{"event"}}},
	})
}
