package main

import "time"

// arrive makes up one person's way through a hub.
func (p *inventor) arrive(at time.Time) {
	y, m, d := at.UTC().Date()
	v := &visit{inventor: p, who: p.people.next(), site: sites[p.random.IntN(len(sites))]}
	v.at = time.Date(y, m, d, at.UTC().Hour(), at.UTC().Minute(), 0, 0, time.UTC)
	v.placed()
	v.later(1 + v.random.IntN(3))
	notice := v.welcomed()
	if v.chance(8) {
		return // did not come again
	}
	v.later(1 + v.random.IntN(7))
	if !v.screened(notice) {
		return
	}
	if v.chance(70) {
		v.referred()
	}
	v.sharing()
}

// placed is what probation records, and tells the hub under R06.
func (v *visit) placed() {
	pp, day := v.site.practitioner, v.at.Format(time.DateOnly)
	v.say(pp, "CARE_ADMIN", "register-person", body{
		"name":        body{"given": v.who.givenName, "family": v.who.familyName},
		"dateOfBirth": v.who.birthDate, "sex": v.who.sex, "site": v.site.name, "region": v.site.region})
	categories := []string{"ID.DEMOG", "J.SUPERVISION"}
	if v.who.crn != "" {
		v.say(pp, "CARE_ADMIN", "link-identifier", body{"type": "CRN", "value": v.who.crn, "source": "SYSTEM"})
		categories = append(categories, "ID.CRN")
	}
	v.say(pp, "REQ_MGMT", "start-supervision", body{"type": one(v, "COMMUNITY_ORDER", "SUSPENDED_SENTENCE_ORDER"),
		"from": day, "to": v.at.AddDate(1, 0, 0).Format(time.DateOnly), "practitioner": "@actor:" + pp})
	v.say(pp, "REQ_MGMT", "allocate-practitioner", body{"practitioner": "@actor:" + pp})
	v.tells(pp, "DIRECT_CARE", decision{from: v.site.probation, to: v.site.hub, sides: [2]string{"PROBATION", "NHS"}, role: "HUB_NURSE",
		categories: categories, rule: "R06", article6: "P3X", gateway: "G-HMPPSFUNC", agreement: "DSA-1",
		why: "The hub must know who is coming."})
}

// welcomed is a first visit to the hub.
func (v *visit) welcomed() (link string) {
	nurse := v.site.nurse
	v.say(nurse, "DIRECT_CARE", "give-privacy-notice", body{"notice": "v1", "format": one(v, "STANDARD", "EASY_READ", "LARGE_PRINT")})
	link = v.say(nurse, "CARE_ADMIN", "link-identifier", body{"type": "NHS_NUMBER", "value": v.who.nhsNumber, "source": "TRACE", "status": "01"})
	if v.chance(35) {
		v.say(nurse, "CARE_ADMIN", "record-address", body{"variant": "NO_FIXED_ABODE", "postcode": "ZZ99 3VZ"})
	}
	if v.chance(25) {
		v.say(nurse, "DIRECT_CARE", "record-barrier", body{"barrier": one(v, "ID", "ADDRESS", "TRAVEL", "PHONE", "LITERACY")})
	}
	return link
}

var freely = body{"refusalHasNoEffect": true, "notAskedForTheOtherSide": true}

// screened is a clinic with one to three screenings, if the person agrees.
func (v *visit) screened(string) bool {
	nurse, start := v.site.nurse, v.at
	slot := start.Add(30 * time.Minute)
	booked := v.say(nurse, "DIRECT_CARE", "schedule-appointment", body{"kind": "HUB_CLINIC", "site": v.site.name,
		"slot": body{"from": slot.Format(time.RFC3339), "minutes": 45}, "with": []string{"@actor:" + nurse}})
	v.at = slot.Add(time.Minute)
	if v.chance(12) {
		v.say(nurse, "DIRECT_CARE", "record-attendance", body{"appointment": made(booked, "appointment"), "outcome": "3"})
		return false
	}
	v.say(nurse, "DIRECT_CARE", "record-attendance", body{"appointment": made(booked, "appointment"), "outcome": one(v, "5", "6")})
	if v.chance(10) {
		v.say(nurse, "DIRECT_CARE", "refuse-consent", body{"kind": "SCREENING", "reason": one(v, "NOT_GIVEN", "MISTRUST", "PRIVACY")})
		return false
	}
	v.say(nurse, "DIRECT_CARE", "grant-consent", body{"kind": "SCREENING", "form": one(v, "EXPLICIT_ORAL", "EXPLICIT_WRITTEN"),
		"infoVersion": "v1", "voluntariness": freely})
	v.scores(booked, "PHQ-9", 9, 3)
	if v.chance(70) {
		v.scores(booked, "GAD-7", 7, 3)
	}
	if v.chance(50) {
		v.scores(booked, "AUDIT-C", 3, 4)
	}
	return true
}

// scores is one screening whose items add up.
func (v *visit) scores(booked, instrument string, items, most int) {
	list, total := make([]int, items), 0
	for i := range list {
		if list[i] = v.random.IntN(most + 1); instrument == "PHQ-9" && i == 8 && !v.chance(6) {
			list[i] = 0 // thoughts of self-harm raise a flag, in few
		}
		total += list[i]
	}
	v.say(v.site.nurse, "DIRECT_CARE", "complete-screening", body{"instrument": instrument, "items": list, "total": total,
		"appointment": made(booked, "appointment")})
}

// referred is a referral to another part of the NHS, under R01, and what came
// of it.
func (v *visit) referred() {
	nurse := v.site.nurse
	to := one(v,
		[3]string{"GP_REGISTRATION", "GP1", "GPR1"}, [3]string{"GP_REGISTRATION", "GP2", "GPR2"},
		[3]string{"TALKING_THERAPIES", "TRUST", "TX2"}, [3]string{"CMHT", "TRUST", "TX2"})
	role := "GP"
	if to[1] == "TRUST" {
		role = "TX_PROV"
	}
	decided := v.decides(nurse, "DIRECT_CARE", decision{from: v.site.hub, to: to[1], sides: [2]string{"NHS", "NHS"}, role: role,
		categories: []string{"ID.DEMOG", "ID.NHSNO", "H.REFERRAL"}, rule: "R01", article6: "A6E", article9: "A9H", schedule1: "p2",
		confidence: "C-IMP", gateway: "G-251B", why: "The recipient cares for the person."})
	sent := v.say(nurse, "DIRECT_CARE", "send-referral", body{"destination": to[0], "priority": one(v, "ROUTINE", "SOON"),
		"toOrg": "@org:" + to[1], "decision": made(decided, "decision")})
	v.say(nurse, "DIRECT_CARE", "make-disclosure", body{"decision": made(decided, "decision"), "method": "SYSTEM"})
	v.later(1 + v.random.IntN(5))
	referral := body{"referral": made(sent, "referral")}
	if to[0] == "GP_REGISTRATION" {
		v.say(to[2], "DIRECT_CARE", "accept-gp-registration", referral)
		return
	}
	v.say(to[2], "DIRECT_CARE", "accept-referral", referral)
	if v.chance(60) {
		v.later(3 + v.random.IntN(14))
		v.say(to[2], "DIRECT_CARE", "record-first-contact", referral)
	}
}

// sharing is what the person says about telling probation, and, where they
// agree, one disclosure under R03.
func (v *visit) sharing() {
	nurse, hub, probation := v.site.nurse, v.site.hub, v.site.probation
	v.later(1 + v.random.IntN(4))
	scope := body{"from": "NHS", "recipients": []body{{"side": "PROBATION", "org": "@org:" + probation}},
		"purposes": []string{"REHAB_SUPPORT"}, "categories": []string{"H.ATTENDANCE", "H.REFERRAL"}}
	if v.chance(30) {
		v.say(nurse, "DIRECT_CARE", "refuse-consent", body{"kind": "DISCLOSURE", "scope": scope, "reason": one(v, "PRIVACY", "MISTRUST", "NOT_GIVEN")})
		return
	}
	granted := v.say(nurse, "DIRECT_CARE", "grant-consent", body{"kind": "DISCLOSURE", "scope": scope, "form": "EXPLICIT_WRITTEN",
		"infoVersion": "v1", "voluntariness": freely})
	v.tells(nurse, "DIRECT_CARE", decision{from: hub, to: probation, sides: [2]string{"NHS", "PROBATION"}, person: v.site.practitioner,
		purpose: "REHAB_SUPPORT", categories: []string{"H.ATTENDANCE"}, rule: "R03", article6: "A6E", article9: "A9G", schedule1: "p6",
		confidence: "C-EXP", consent: granted, gateway: "G-GENFUNC", agreement: "DSA-1",
		why: "The practitioner plans support around health appointments."})
	if v.chance(15) {
		v.later(2 + v.random.IntN(10))
		v.say(nurse, "DIRECT_CARE", "withdraw-consent", body{"consent": made(granted, "consent")})
	}
}

// decision is the record of one decision to tell something.
type decision struct {
	from, to                                string
	sides                                   [2]string
	role, person                            string
	purpose                                 string // left out: DIRECT_CARE
	categories                              []string
	rule, article6, article9, schedule1     string
	confidence, consent, gateway, agreement string
	why                                     string
}

// decides records a decision and returns its ref.
func (v *visit) decides(actor, purpose string, d decision) string {
	if d.purpose == "" {
		d.purpose = "DIRECT_CARE"
	}
	says := body{"fromOrg": "@org:" + d.from, "toOrg": "@org:" + d.to, "direction": body{"from": d.sides[0], "to": d.sides[1]},
		"purpose": d.purpose, "categories": d.categories, "detailLevel": "SUMMARY", "rule": d.rule, "ruleVersion": 1, "art6": d.article6,
		"gateway": d.gateway, "necessityNote": d.why, "personInformed": "YES", "validUntil": v.at.AddDate(0, 1, 0).Format(time.DateOnly)}
	for name, value := range map[string]string{"toRole": d.role, "art9": d.article9, "sch1": d.schedule1, "confidenceBasis": d.confidence} {
		if value != "" {
			says[name] = value
		}
	}
	if d.person != "" {
		says["toPerson"] = "@actor:" + d.person
	}
	if d.consent != "" {
		says["consent"], says["consentVersion"] = made(d.consent, "consent"), 1
	}
	if d.agreement != "" {
		says["dsa"], says["dsaVersion"] = "@agreement:"+d.agreement, 1
	}
	return v.say(actor, purpose, "decide-disclosure", says)
}

// tells records a decision and what was told under it.
func (v *visit) tells(actor, purpose string, d decision) {
	decided := v.decides(actor, purpose, d)
	v.say(actor, purpose, "make-disclosure", body{"decision": made(decided, "decision"), "method": "SYSTEM"})
}
