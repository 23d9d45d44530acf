package main

import (
	"strconv"

	"caseledger/projections"
	"caseledger/projections/agreements"
	"caseledger/projections/appointments"
	"caseledger/projections/boundary"
	"caseledger/projections/caseload"
	"caseledger/projections/consentstatus"
	"caseledger/projections/disclosures"
	"caseledger/projections/entries"
	"caseledger/projections/findings"
	"caseledger/projections/governance"
	"caseledger/projections/looks"
	"caseledger/projections/referrals"
	"caseledger/projections/requirements"
	"caseledger/projections/retention"
	"caseledger/projections/reviews"
	"caseledger/projections/rightsrequests"
	"caseledger/projections/screenings"
	"caseledger/projections/siteactivity"
	"caseledger/projections/timeline"
)

// models is the read models of one set.
type models struct {
	agreements     projections.Model[agreements.Row]
	governance     projections.Model[governance.Row]
	retention      projections.Model[retention.Row]
	reviews        projections.Model[reviews.Row]
	rightsRequests projections.Model[rightsrequests.Row]
	appointments   projections.Model[appointments.Row]
	caseload       projections.Model[caseload.Row]
	consents       projections.Model[consentstatus.Row]
	disclosures    projections.Model[disclosures.Row]
	entries        projections.Model[entries.Row]
	findings       projections.Model[findings.Row]
	referrals      projections.Model[referrals.Row]
	looks          projections.Model[looks.Row]
	requirements   projections.Model[requirements.Row]
	screenings     projections.Model[screenings.Row]
	activity       projections.Model[siteactivity.Row]
	timeline       projections.Model[timeline.Row]
}

// modelsFor declares the read models for one viewer. A read model is added
// here, and in all.
func modelsFor(v boundary.Viewer) models {
	return models{
		agreements:     agreements.Model(),
		governance:     governance.Model(v),
		retention:      retention.Model(v),
		reviews:        reviews.Model(v),
		rightsRequests: rightsrequests.Model(v),
		appointments:   appointments.Model(v),
		caseload:       caseload.Model(v),
		consents:       consentstatus.Model(v),
		disclosures:    disclosures.Model(v),
		entries:        entries.Model(v),
		findings:       findings.Model(v),
		referrals:      referrals.Model(v),
		looks:          looks.Model(v),
		requirements:   requirements.Model(v),
		screenings:     screenings.Model(v),
		activity:       siteactivity.Model(v),
		timeline:       timeline.Model(v),
	}
}

func (m models) all() []*projections.Projection {
	return []*projections.Projection{m.appointments.Projection, m.caseload.Projection, m.consents.Projection, m.disclosures.Projection,
		m.entries.Projection, m.findings.Projection,
		m.agreements.Projection, m.governance.Projection, m.retention.Projection, m.reviews.Projection, m.rightsRequests.Projection,
		m.referrals.Projection, m.timeline.Projection, m.looks.Projection, m.screenings.Projection, m.requirements.Projection, m.activity.Projection}
}

func itoa(n int) string { return strconv.Itoa(n) }
