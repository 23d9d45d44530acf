package main

import (
	"strconv"

	"caseledger/projections"
	"caseledger/projections/boundary"
	"caseledger/projections/caseload"
	"caseledger/projections/consentstatus"
	"caseledger/projections/disclosures"
	"caseledger/projections/referrals"
	"caseledger/projections/timeline"
)

// models is the read models of one set.
type models struct {
	caseload    projections.Model[caseload.Row]
	consents    projections.Model[consentstatus.Row]
	disclosures projections.Model[disclosures.Row]
	referrals   projections.Model[referrals.Row]
	timeline    projections.Model[timeline.Row]
}

// modelsFor declares the read models for one viewer. A read model is added
// here, and in all.
func modelsFor(v boundary.Viewer) models {
	return models{
		caseload:    caseload.Model(v),
		consents:    consentstatus.Model(v),
		disclosures: disclosures.Model(v),
		referrals:   referrals.Model(v),
		timeline:    timeline.Model(v),
	}
}

func (m models) all() []*projections.Projection {
	return []*projections.Projection{m.caseload.Projection, m.consents.Projection, m.disclosures.Projection,
		m.referrals.Projection, m.timeline.Projection}
}

func itoa(n int) string { return strconv.Itoa(n) }
