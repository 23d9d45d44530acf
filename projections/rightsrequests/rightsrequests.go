// Package rightsrequests is the read model of what people asked for under data
// protection law: one row for each request, with the day on which it is due. It
// never holds what was asked or answered in words.
package rightsrequests

import (
	"time"

	"caseledger/domain/event"
	"caseledger/domain/rights"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Row is one request.
type Row struct {
	Person     event.StreamID     `db:"stream"`
	ID         event.UUID         `db:"request,key"`
	Controller event.UUID         `db:"controller"` // [boundary.WholeSide] for any of the side's
	Kind       rights.RequestKind `db:"kind"`
	Request    rights.Request     `db:"value,json"` // as the domain sees it
	Received   time.Time          `db:"received"`   // the earliest that it may have been
	// Due is the last day to answer; nil while the clock stands.
	Due      *event.Day     `db:"due"`
	Answered bool           `db:"answered"`
	Position event.Position `db:"position"`
}

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "rights_requests", Version: 1,
		Types: []string{"rights.request-received", "rights.request-paused", "rights.request-clarified",
			"rights.request-extended", "rights.request-responded"},
		Keys: func(e event.Recorded) []projections.Key {
			if _, own := v.Owner(e); own && e.Operational == event.Open {
				if id := about(e); !id.IsZero() {
					return []projections.Key{projections.Keyed(id.String())}
				}
			}
			return []projections.Key{}
		},
		Fold:    func(row *Row, e event.Recorded) *Row { return fold(v, row, e) },
		Indexes: []projections.Index{{Columns: []string{"controller", "received"}}, {Columns: []string{"answered", "due"}}},
	})
}

// about is the request that an event is about; zero if it is about none.
func about(e event.Recorded) event.UUID {
	switch d := e.Data.(type) {
	case rights.RightsRequestReceived:
		return d.Request
	case rights.RightsRequestPaused:
		return d.Request
	case rights.RightsRequestClarified:
		return d.Request
	case rights.RightsRequestExtended:
		return d.Request
	case rights.RightsRequestResponded:
		return d.Request
	}
	return event.UUID{}
}

func fold(v boundary.Viewer, row *Row, e event.Recorded) *Row {
	var s rights.State
	if row != nil {
		s.Requests = []rights.Request{row.Request}
	}
	if s = rights.Evolve(s, e); len(s.Requests) == 0 {
		return nil // it is not on the record that it was received
	}
	next, r := projections.Copy(row), s.Requests[0]
	if row == nil {
		next.Controller, _ = v.Owner(e)
	}
	next.Kind, next.Request, next.Received, next.Answered = r.Kind, r, r.Received.Earliest(), !r.Responded.IsZero()
	next.Due = nil
	if due, running := r.Due(); running {
		next.Due = &due
	}
	next.Position = e.Position
	return next
}
