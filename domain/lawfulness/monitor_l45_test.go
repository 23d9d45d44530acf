package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/domain/screening"
)

// referred is an open referral.
func (s *story) referred(destination reference.ReferralDestination, to reference.OrganisationCode) *story {
	return s.record("referral", referral.ReferralSent{Referral: id("referral"),
		Details: referral.Details{Destination: destination, Priority: "ROUTINE", ToOrg: org(to)}})
}

// atRisk is a risk flagged at 10:00 on 9 March while the person was referred
// for talking therapy.
func (s *story) atRisk() *story {
	return s.referred("TALKING_THERAPIES", "TRUST").at("2026-03-09 10:00").record("flag", flag)
}

func (s *story) warned(to reference.OrganisationCode, by disclosure.Rule) *story {
	f := flow(org("HUB-CAM"), org(to), "DIRECT_CARE", "ID.DEMOG", "H.RISK_SELF")
	return s.decides("decision", by, f).tells("telling", "decision", f)
}

var _ = check("L45",
	monitorCase{"nobody was told in 24 hours", func(s *story) {
		s.atRisk().judged("2026-03-10 10:00")
	}, []want{both("flag", "referral")}},
	monitorCase{"which are not over", func(s *story) {
		s.atRisk().judged("2026-03-10 09:59:59.999999")
	}, nil},
	monitorCase{"told at the last moment", func(s *story) {
		s.atRisk().at("2026-03-10 10:00").warned("TRUST", "R01").judged("2026-04-01 00:00")
	}, nil},
	monitorCase{"told a microsecond later", func(s *story) {
		s.atRisk().at("2026-03-10 10:00:00.000001").warned("TRUST", "R01")
	}, []want{both("flag")}},
	monitorCase{"the crisis team was told", func(s *story) {
		s.atRisk().warned("CRISIS", "R11").judged("2026-04-01 00:00")
	}, nil},
	monitorCase{"a practice was told", func(s *story) { s.atRisk().warned("GP2", "R01").judged("2026-04-01 00:00") }, nil},
	monitorCase{"probation was told", func(s *story) {
		s.atRisk().warned("PROB-N56", "R04").judged("2026-04-01 00:00")
	}, []want{both("flag")}},
	monitorCase{"the trust was told something else", func(s *story) {
		s.atRisk().decides("decision", "R01", flow(org("HUB-CAM"), org("TRUST"), "DIRECT_CARE", "H.SCREEN_BAND")).
			tells("telling", "decision", flow(org("HUB-CAM"), org("TRUST"), "DIRECT_CARE", "H.SCREEN_BAND")).judged("2026-04-01 00:00")
	}, []want{both("flag")}},
	monitorCase{"referred while the flag stood: 24 hours from then", func(s *story) {
		s.at("2026-03-09 10:00").record("flag", flag).at("2026-03-28 12:00").referred("CMHT", "TRUST").judged("2026-03-29 12:59:59.999999")
	}, nil},
	monitorCase{"elapsed ones: the clocks went forward", func(s *story) {
		s.at("2026-03-09 10:00").record("flag", flag).at("2026-03-28 12:00").referred("CMHT", "TRUST").judged("2026-03-29 13:00")
	}, []want{both("flag")}},
	monitorCase{"the risk was over before", func(s *story) {
		s.atRisk().at("2026-03-10 10:00").record("closed", screening.RiskFlagClosed{Flag: id("flag")}).judged("2026-04-01 00:00")
	}, nil},
	monitorCase{"the referral was over before", func(s *story) {
		s.atRisk().at("2026-03-10 09:00").record("done", referral.OutcomeRecorded{Referral: id("referral")}).judged("2026-04-01 00:00")
	}, nil},
	monitorCase{"no referral", func(s *story) { s.record("flag", flag).judged("2026-04-01 00:00") }, nil},
	monitorCase{"a referral for housing", func(s *story) {
		s.referred("HOUSING_DUTY_TO_REFER", "HOUSE-MID").record("flag", flag).judged("2026-04-01 00:00")
	}, nil},
	monitorCase{"whom the person was referred to saw the risk", func(s *story) {
		s.referred("DRUG_ALCOHOL", "DRUG1").by("TX_PROV", "DRUG1").record("flag", flag).judged("2026-04-01 00:00")
	}, nil},
	monitorCase{"no risk was seen", func(s *story) {
		s.referred("CMHT", "TRUST").record("flag", screening.RiskFlagRaised{Flag: id("flag"), Level: event.Own(screening.NoRisk)}).judged("2026-04-01 00:00")
	}, nil},
	monitorCase{"it was decided not to, with a reason", func(s *story) {
		k := permit("decision", "R01", flow(org("HUB-CAM"), org("TRUST"), "DIRECT_CARE", "H.RISK_SELF"))
		k.Outcome, k.Reason = disclosure.Refuse, "NOT_NECESSARY"
		s.atRisk().record("decision", k).judged("2026-04-01 00:00")
	}, nil},
	monitorCase{"the person said no", func(s *story) {
		s.record("objection", consent.ObjectionRecorded{Objection: id("objection"), Scope: consent.Scope{Categories: []event.Category{"H.RISK_SELF"}}})
		s.atRisk().judged("2026-04-01 00:00")
	}, nil},
	monitorCase{"told in time, recorded late", func(s *story) {
		s.atRisk()
		f := flow(org("HUB-CAM"), org("TRUST"), "DIRECT_CARE", "H.RISK_SELF")
		s.decides("decision", "R01", f).at("2026-03-12 10:00").was(london("2026-03-09 12:00")).tells("telling", "decision", f)
	}, nil},
)
