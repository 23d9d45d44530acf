// Package agreements is the register of data sharing agreements: one row for
// each, with every version of its terms and who signed it, from which its
// status at any time can be asked. It never says whether something may be told
// under it.
package agreements

import (
	"slices"

	"caseledger/domain/agreement"
	"caseledger/domain/event"
	"caseledger/projections"
)

// Row is one agreement. It belongs to no controller: see [Row.For].
type Row struct {
	Agreement  event.StreamID         `db:"stream"`
	Title      string                 `db:"title"`
	Drafter    event.UUID             `db:"drafter"` // the organisation that drafted it
	Versions   []agreement.Version    `db:"versions,json"`
	Signatures []Signature            `db:"signatures,json"`
	Suspended  []agreement.Suspension `db:"suspended,json"`
	Terminated event.When             `db:"terminated"`
	Expired    int                    `db:"expired"` // the latest version whose end was noted
	Position   event.Position         `db:"position"`
	Revision   event.Revision         `db:"revision"`
}

// Signature says who signed a version for a party.
type Signature struct {
	Version int                     `json:"version"`
	Org     event.UUID              `json:"org"`
	As      agreement.SignatoryRole `json:"as"`
	By      event.UUID              `json:"by"`
	Role    event.Role              `json:"role"`
	At      event.When              `json:"at"`
}

// Model declares the read model. It is the same for every viewer: agreements
// are nobody's personal record, and every side's keys open them.
func Model() projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "agreements", Version: 1,
		Types: []string{"agreement.drafted", "agreement.amended", "agreement.signed", "agreement.suspended",
			"agreement.resumed", "agreement.terminated", "agreement.expired"},
		Keys: func(e event.Recorded) []projections.Key {
			if e.Operational != event.Open {
				return []projections.Key{}
			}
			return []projections.Key{""} // the stream's only row
		},
		Fold: fold,
	})
}

func fold(row *Row, e event.Recorded) *Row {
	next := projections.Copy(row)
	s := agreement.Evolve(next.Value(), e)
	next.Versions, next.Suspended, next.Terminated, next.Expired = s.Versions, s.Suspended, s.Terminated, s.Expired
	switch d := e.Data.(type) {
	case agreement.AgreementDrafted:
		next.Title, next.Drafter = d.Title.Value(), e.Actor.Org
	case agreement.AgreementSigned:
		next.Signatures = append(slices.Clone(next.Signatures), Signature{d.Version, d.Org, d.Role, e.Actor.ID, e.Actor.Role, e.Effective})
	}
	next.Position, next.Revision = e.Position, e.Revision
	return next
}

// Value is the row as the domain sees it: ask it for the status at a time.
func (r Row) Value() agreement.State {
	return agreement.State{ID: r.Agreement.Of, Versions: r.Versions, Suspended: r.Suspended, Terminated: r.Terminated, Expired: r.Expired}
}

// For is the row as a controller may see it, given which organisations are its
// own: whole if one of them drafted it, and otherwise from the first version on
// to which one of them is a party; false if there is none.
func (r Row) For(ours func(event.UUID) bool) (Row, bool) {
	if ours(r.Drafter) {
		return r, true
	}
	i := slices.IndexFunc(r.Versions, func(v agreement.Version) bool {
		return slices.ContainsFunc(v.Terms.Parties, func(p agreement.Party) bool { return ours(p.Org) })
	})
	if i < 0 {
		return Row{}, false
	}
	r.Versions = r.Versions[i:]
	first := r.Versions[0].Number
	r.Signatures = slices.DeleteFunc(slices.Clone(r.Signatures), func(s Signature) bool { return s.Version < first })
	return r, true
}
