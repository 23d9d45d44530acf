package main

import (
	"slices"
	"time"
)

// live makes up one person's way through a hub, lawful throughout, and what is
// planted in it, if anything.
func (v *visit) live(p *plant) {
	v.later(0, 9)
	if !v.plain {
		v.order = []string{"", "", "", "", "", "MHTR", "DRR"}[v.random.IntN(7)]
	}
	v.placed()
	v.aside().supervised()
	v.later(1+v.random.IntN(3), 9)
	if p != nil && p.monitor == "L30" {
		p.plant(v)
		return
	}
	link := v.welcomed()
	if !v.plain && v.chance(5) {
		return // did not come again
	}
	v.later(1+v.random.IntN(7), 9)
	if !v.screened() {
		return
	}
	v.aside().referred(link)
	v.aside().seen()
	if v.plain {
		v.later(v.patience+v.random.IntN(v.patience), 11)
		p.plant(v)
		return
	}
	v.aside().sharing()
	v.aside().treated()
	if v.chance(10) {
		v.aside().asked()
	}
	if v.chance(4) {
		v.aside().urgent()
	}
	if v.chance(40) {
		v.aside().housed()
	}
}

// placed is what probation records, and tells the hub under R06.
func (v *visit) placed() {
	pp, day := v.site.practitioner, v.day(0)
	v.say(pp, "CARE_ADMIN", "register-person", body{
		"name":        body{"given": v.who.givenName, "family": v.who.familyName},
		"dateOfBirth": v.who.birthDate, "sex": v.who.sex, "site": v.site.name, "region": v.site.region})
	categories := []string{"ID.DEMOG", "J.SUPERVISION"}
	if v.who.crn != "" {
		v.say(pp, "CARE_ADMIN", "link-identifier", body{"type": "CRN", "value": v.who.crn, "source": "SYSTEM"})
		categories = append(categories, "ID.CRN")
	}
	v.say(pp, "REQ_MGMT", "start-supervision", body{"type": one(v, "COMMUNITY_ORDER", "SUSPENDED_SENTENCE_ORDER"),
		"from": day, "to": v.day(364), "practitioner": "@actor:" + pp})
	v.say(pp, "REQ_MGMT", "allocate-practitioner", body{"practitioner": "@actor:" + pp})
	if v.order != "" {
		v.imposed(v.order)
	}
	v.tells(pp, "DIRECT_CARE", decision{from: v.site.probation, to: v.site.hub, sides: [2]string{"PROBATION", "NHS"}, role: "HUB_NURSE",
		categories: categories, rule: "R06", article6: "P3X", gateway: "G-HMPPSFUNC", agreement: v.pact("REPORTING"),
		why: "The hub must know who is coming."})
}

// imposed is a treatment requirement, and that it was said what is reported
// under it.
func (v *visit) imposed(kind string) (requirement string) {
	pp := v.site.practitioner
	v.say(pp, "REQ_MGMT", "record-requirement-willingness", body{"kind": kind, "toCourt": true})
	says := body{"kind": kind, "from": v.day(0), "to": v.day(180), "provider": "@org:TRUST"}
	if kind == "DRR" {
		says["provider"], says["testing"] = "@org:DRUG1", true
	}
	requirement = v.say(pp, "REQ_MGMT", "impose-requirement", says)
	v.say(pp, "REQ_MGMT", "explain-reporting", body{"requirement": made(requirement, "requirement")})
	return requirement
}

// welcomed is a first visit to the hub. It returns what linked the NHS number.
func (v *visit) welcomed() (link string) {
	nurse := v.site.nurse
	v.look(nurse, "DIRECT_CARE", "person.summary")
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

// clinic is an appointment at the hub within the hour; false if the person does
// not come.
func (v *visit) clinic() (booked string, came bool) {
	nurse := v.site.nurse
	slot := v.at.Add(20 * time.Minute)
	v.look(nurse, "DIRECT_CARE", "person.timeline")
	booked = v.say(nurse, "DIRECT_CARE", "schedule-appointment", body{"kind": "HUB_CLINIC", "site": v.site.name,
		"slot": body{"from": stamp(slot), "minutes": 45}, "with": []string{"@actor:" + nurse}})
	v.at = slot.Add(time.Minute)
	outcome := one(v, "5", "5", "6")
	if !v.plain && v.chance(12) {
		outcome = "3"
	}
	v.say(nurse, "DIRECT_CARE", "record-attendance", body{"appointment": made(booked, "appointment"), "outcome": outcome})
	return booked, outcome != "3"
}

// screened is a first clinic with one to three screenings, if the person
// agrees.
func (v *visit) screened() bool {
	nurse := v.site.nurse
	booked, came := v.clinic()
	if !came {
		v.later(2, 9) // offered another slot
		if booked, came = v.clinic(); !came {
			return false
		}
	}
	if !v.plain && v.chance(8) {
		v.say(nurse, "DIRECT_CARE", "refuse-consent", body{"kind": "SCREENING", "reason": one(v, "NOT_GIVEN", "MISTRUST", "PRIVACY")})
		return false
	}
	v.say(nurse, "DIRECT_CARE", "grant-consent", body{"kind": "SCREENING", "form": one(v, "EXPLICIT_ORAL", "EXPLICIT_WRITTEN"),
		"infoVersion": "v1", "voluntariness": freely})
	v.scores(booked, "PHQ-9")
	if v.chance(70) {
		v.scores(booked, "GAD-7")
	}
	if v.chance(50) {
		v.scores(booked, "AUDIT-C")
	}
	return true
}

// scores is one screening whose items add up. Thoughts of self-harm raise a
// flag, in few, and the crisis team is told at once.
func (v *visit) scores(booked, instrument string) {
	form := map[string]struct{ items, most int }{"PHQ-9": {9, 3}, "GAD-7": {7, 3}, "AUDIT-C": {3, 4}}[instrument]
	list, total := make([]int, form.items), 0
	risk := instrument == "PHQ-9" && !v.plain && v.chance(5)
	for i := range list {
		list[i] = v.random.IntN(form.most + 1)
		if instrument == "PHQ-9" && i == 8 {
			list[i] = 0
			if risk {
				list[i] = 1 + v.random.IntN(3)
			}
		}
		total += list[i]
	}
	done := v.say(v.site.nurse, "DIRECT_CARE", "complete-screening", body{"instrument": instrument, "items": list, "total": total,
		"appointment": made(booked, "appointment")})
	if risk {
		v.atRisk(done)
	}
}

// care is a decision under R01: another part of the NHS is told what it needs
// to care for the person.
func (v *visit) care(to, role string, categories ...string) decision {
	return decision{from: v.site.hub, to: to, sides: [2]string{"NHS", "NHS"}, role: role, categories: categories, rule: "R01",
		article6: "A6E", article9: "A9H", schedule1: "p2", confidence: "C-IMP", gateway: "G-251B", why: "The recipient cares for the person."}
}

// atRisk is what follows a risk that was seen.
func (v *visit) atRisk(flagged string) {
	v.tells(v.site.nurse, "DIRECT_CARE", v.care("CRISIS", "HUB_CLIN", "ID.DEMOG", "H.RISK_SELF"))
	w := v.aside()
	if w.later(2+w.random.IntN(5), 11); !w.fits(1) {
		return
	}
	flag := made(flagged, "risk-flag")
	w.look(w.site.clinician, "DIRECT_CARE", "person.screenings")
	w.say(w.site.clinician, "DIRECT_CARE", "review-risk-flag", body{"flag": flag, "level": "NONE", "plan": "Safe at present; knows whom to ring."})
	w.say(w.site.clinician, "DIRECT_CARE", "close-risk-flag", body{"flag": flag, "reason": "Reviewed with the person."})
}

// referred is a referral to another part of the NHS, under R01, and what came
// of it.
func (v *visit) referred(link string) {
	nurse := v.site.nurse
	if v.later(v.random.IntN(3), 12); !v.fits(30) {
		return
	}
	type destination struct{ kind, org, role, who string }
	to := one(v, destination{"GP_REGISTRATION", "GP1", "GP", "GPR1"}, destination{"GP_REGISTRATION", "GP2", "GP", "GPR2"},
		destination{"TALKING_THERAPIES", "TRUST", "TX_PROV", "TX2"}, destination{"CMHT", "TRUST", "TX_PROV", "TX2"})
	if v.plain {
		to = destination{"GP_REGISTRATION", "GP1", "GP", "GPR1"}
	}
	decided := v.decides(nurse, "DIRECT_CARE", v.care(to.org, to.role, "ID.DEMOG", "ID.NHSNO", "H.REFERRAL"))
	sent := v.say(nurse, "DIRECT_CARE", "send-referral", body{"destination": to.kind, "priority": one(v, "ROUTINE", "SOON"),
		"toOrg": "@org:" + to.org, "decision": made(decided, "decision")})
	v.makes(nurse, "DIRECT_CARE", decided, body{"identifier": made(link, "link")})
	referral := body{"referral": made(sent, "referral")}
	v.later(1+v.random.IntN(2), 13)
	v.look(to.who, "DIRECT_CARE", "person.referrals")
	if to.kind == "GP_REGISTRATION" {
		if !v.plain && v.chance(12) {
			says := body{"referral": made(sent, "referral"), "reason": one(v, "LIST_CLOSED", "OUT_OF_AREA", "NO_ADDRESS")}
			v.say(to.who, "DIRECT_CARE", "refuse-gp-registration", says)
			v.later(3+v.random.IntN(8), 13)
			v.say(to.who, "DIRECT_CARE", "record-gp-refusal-letter", referral)
			return
		}
		v.say(to.who, "DIRECT_CARE", "accept-gp-registration", referral)
		v.say(nurse, "SCREENING_INVITE", "assess-screening-eligibility", body{"programme": "BOWEL", "asked": body{"registeredWithGP": true}})
		return
	}
	v.say(to.who, "DIRECT_CARE", "acknowledge-referral", referral)
	v.say(to.who, "DIRECT_CARE", "accept-referral", referral)
	v.later(5+v.random.IntN(20), 13)
	if !v.fits(40) {
		return
	}
	v.look(to.who, "DIRECT_CARE", "person.timeline")
	v.say(to.who, "DIRECT_CARE", "record-first-contact", referral)
	v.say(to.who, "DIRECT_CARE", "start-referral-treatment", referral)
	if v.later(30, 13); v.fits(60) && v.chance(60) {
		v.look(to.who, "DIRECT_CARE", "person.timeline")
		v.say(to.who, "DIRECT_CARE", "record-referral-outcome", body{"referral": made(sent, "referral"), "outcome": one(v, "TREATMENT_COMPLETED", "ADVICE_GIVEN")})
	}
}

// supervised is an appointment with the practitioner each month, some with the
// nurse in the room for the beginning.
func (v *visit) supervised() {
	pp, warned := v.site.practitioner, false
	for month := 1; ; month++ {
		if v.later(28, 15); !v.fits(2) {
			return
		}
		kind, with := "SUPERVISION", []string{"@actor:" + pp}
		if month%4 == 0 {
			kind, with = "CO_LOCATED", []string{"@actor:" + pp, "@actor:" + v.site.nurse}
		}
		v.look(pp, "REQ_MGMT", "person.summary")
		slot := v.at.Add(10 * time.Minute)
		booked := v.say(pp, "REQ_MGMT", "schedule-appointment", body{"kind": kind, "site": v.site.name,
			"slot": body{"from": stamp(slot), "minutes": 30}, "with": with})
		v.at = slot
		if kind == "CO_LOCATED" {
			agreed := v.say(v.site.nurse, "DIRECT_CARE", "agree-co-presence", body{"appointment": made(booked, "appointment"), "persons": []string{"@actor:" + pp},
				"topics": []string{"INTRO"}, "slot": body{"from": stamp(slot), "minutes": 10}, "privateOffered": true})
			v.say(pp, "REQ_MGMT", "record-attendance", body{"appointment": made(booked, "appointment"), "outcome": "ATTC"})
			v.at = slot.Add(10 * time.Minute)
			v.say(v.site.nurse, "DIRECT_CARE", "end-co-presence", body{"presence": made(agreed, "presence")})
			continue
		}
		outcome := one(v, "ATTC", "ATTC", "ATTC", "ATTC", "AAME", "AAFC")
		if !v.plain && !warned && v.chance(6) {
			outcome = "UAAB"
		}
		v.say(pp, "REQ_MGMT", "record-attendance", body{"appointment": made(booked, "appointment"), "outcome": outcome})
		if outcome == "UAAB" {
			warned = true
			v.say(pp, "REQ_MGMT", "issue-breach-warning", body{"appointments": []string{made(booked, "appointment")}, "circumstances": "Did not come, and gave no reason."})
		}
	}
}

// seen is a clinic every few weeks, with a screening again now and then.
func (v *visit) seen() {
	for {
		if v.later(21+v.random.IntN(28), 9); !v.fits(2) {
			return
		}
		if booked, came := v.clinic(); came && v.chance(35) {
			v.scores(booked, one(v, "PHQ-9", "GAD-7"))
		}
	}
}

// consenting is a consent to tell probation something, and its ref.
func (v *visit) consenting(more body, categories ...string) string {
	says := body{"kind": "DISCLOSURE", "scope": v.toProbation("REHAB_SUPPORT", categories...), "form": "EXPLICIT_WRITTEN", "infoVersion": "v1", "voluntariness": freely}
	for k, x := range more {
		says[k] = x
	}
	return v.say(v.site.nurse, "DIRECT_CARE", "grant-consent", says)
}

// toProbation is what may be told, or not, to the probation region.
func (v *visit) toProbation(purpose string, categories ...string) body {
	return body{"from": "NHS", "recipients": []body{{"side": "PROBATION", "org": "@org:" + v.site.probation}},
		"purposes": []string{purpose}, "categories": categories}
}

// agreed is a decision under R03: the practitioner is told what the person
// agreed to.
func (v *visit) agreed(consent string, categories ...string) decision {
	return decision{from: v.site.hub, to: v.site.probation, sides: [2]string{"NHS", "PROBATION"}, person: "@actor:" + v.site.practitioner,
		purpose: "REHAB_SUPPORT", categories: categories, rule: "R03", article6: "A6E", article9: "A9G", schedule1: "p6",
		confidence: "C-EXP", consent: consent, gateway: "G-GENFUNC", agreement: v.pact("REPORTING"),
		why: "The practitioner plans support around health appointments."}
}

// sharing is what the person says about telling probation, and, where they
// agree, what is told each month until they take it back.
func (v *visit) sharing() {
	nurse := v.site.nurse
	if v.later(1+v.random.IntN(4), 11); !v.fits(2) {
		return
	}
	if v.chance(25) {
		v.say(nurse, "DIRECT_CARE", "refuse-consent", body{"kind": "DISCLOSURE", "scope": v.toProbation("REHAB_SUPPORT", "H.ATTENDANCE", "H.REFERRAL"),
			"reason": one(v, "PRIVACY", "MISTRUST", "NOT_GIVEN")})
		return
	}
	granted := v.consenting(nil, "H.ATTENDANCE", "H.REFERRAL")
	for {
		v.tells(nurse, "DIRECT_CARE", v.agreed(granted, one(v, "H.ATTENDANCE", "H.ATTENDANCE", "H.REFERRAL")))
		if v.later(28, 11); !v.fits(2) {
			return
		}
		if v.chance(4) {
			v.say(nurse, "DIRECT_CARE", "withdraw-consent", body{"consent": made(granted, "consent")})
			return
		}
	}
}

// treated is treatment under a requirement, and what is reported of it each
// month.
func (v *visit) treated() {
	if v.order == "" {
		return
	}
	if v.later(2, 12); !v.fits(40) {
		return
	}
	org, who := "TRUST", "TX2"
	if v.order == "DRR" {
		org, who = "DRUG1", "TX1"
		v.tells(v.site.nurse, "DIRECT_CARE", decision{from: v.site.hub, to: org, sides: [2]string{"NHS", "VCSE"}, role: "TX_PROV",
			categories: []string{"ID.DEMOG", "H.SUBSTANCE"}, rule: "R02", article6: "A6E", article9: "A9H", schedule1: "p2",
			confidence: "C-IMP", gateway: "G-251B", agreement: v.pact("TREATING"), why: "The service treats the person."})
	} else {
		v.tells(v.site.nurse, "DIRECT_CARE", v.care(org, "TX_PROV", "ID.DEMOG", "H.SCREEN_BAND"))
	}
	for range 5 {
		if v.later(25, 13); !v.fits(2) {
			return
		}
		v.look(who, "REQ_MGMT", "person.timeline")
		slot := v.at.Add(10 * time.Minute)
		booked := v.say(who, "REQ_MGMT", "schedule-appointment", body{"kind": "REQ_TREATMENT", "slot": body{"from": stamp(slot), "minutes": 50},
			"with": []string{"@actor:" + who}})
		v.at = slot.Add(time.Minute)
		v.say(who, "REQ_MGMT", "record-attendance", body{"appointment": made(booked, "appointment"), "outcome": "ATTC"})
		categories := []string{"H.ATTENDANCE"}
		if v.order == "DRR" {
			v.say(who, "REQ_MGMT", "record-test-result", body{"kind": "DRUG", "result": "NEGATIVE"})
			categories = append(categories, "H.DRUGTEST")
		}
		v.tells(who, "REQ_MGMT", v.report(org, categories...))
	}
}

// report is a decision under R05: the responsible officer is told how a
// requirement goes.
func (v *visit) report(org string, categories ...string) decision {
	side := "NHS"
	if org == "DRUG1" {
		side = "VCSE"
	}
	return decision{from: org, to: v.site.probation, sides: [2]string{side, "PROBATION"}, person: "@actor:" + v.site.practitioner,
		purpose: "REQ_MGMT", categories: slices.Clone(categories), rule: "R05", article6: "A6E", article9: "A9G", schedule1: "p7",
		confidence: "C-STAT", gateway: "G-SA19", agreement: v.pact("REPORTING"), why: "The requirement provides for reports."}
}

// asked is a request for a copy, answered in good time.
func (v *visit) asked() {
	if v.later(20+v.random.IntN(120), 10); !v.fits(40) {
		return
	}
	request := v.say(v.site.nurse, "SUBJECT_RIGHTS", "receive-rights-request", body{"kind": "ACCESS", "identityConfirmed": true, "wording": "A copy of what the hub holds."})
	v.later(5+v.random.IntN(15), 10)
	v.look("IGL1", "SUBJECT_RIGHTS", "person.timeline")
	v.tells("DPO1", "SUBJECT_RIGHTS", decision{from: v.site.hub, sides: [2]string{"NHS", "PERSON"}, person: "@person:" + v.who.label,
		purpose: "SUBJECT_RIGHTS", categories: []string{"ID.DEMOG", "H.ATTENDANCE", "H.SCREEN_SCORE"}, rule: "R15", article6: "A6C",
		article9: "A9H", schedule1: "p2", gateway: "G-DPA15", why: "The person asked for a copy."})
	v.say("IGL1", "SUBJECT_RIGHTS", "respond-to-rights-request", body{"request": made(request, "request"), "outcome": "GRANTED", "answer": "A copy was given."})
}

// urgent is a break-glass by a clinician on call for another hub, reviewed in
// time.
func (v *visit) urgent() {
	if v.later(30+v.random.IntN(150), 20); !v.fits(10) {
		return
	}
	broke := v.brokeGlass()
	v.later(1, 10)
	if v.at.Sub(v.steps[len(v.steps)-1].at) > 60*time.Hour {
		v.at = v.steps[len(v.steps)-1].at.Add(40 * time.Hour) // somebody works at weekends
	}
	v.say("IGL1", "AUDIT", "review-break-glass", body{"breakGlass": made(broke, "break-glass"), "verdict": "APPROPRIATE", "reason": "It could not wait."})
}

// brokeGlass is a look by the clinician on call, past the usual rules.
func (v *visit) brokeGlass() string {
	broke := v.say(v.site.onCall, "BREAK_GLASS", "invoke-break-glass", body{"reasonCode": "URGENT_CARE", "reason": "Rang the line out of hours, unwell and alone; on call."})
	v.look(v.site.onCall, "BREAK_GLASS", "person.timeline")
	v.say(v.site.onCall, "BREAK_GLASS", "end-break-glass", body{"breakGlass": made(broke, "break-glass")})
	return broke
}

// housed is a duty to refer, where the person agrees to which authority is
// told.
func (v *visit) housed() {
	office := map[string]string{"HUB-MID": "HOUSE-MID", "HUB-HAM": "HOUSE-HAM"}[v.site.hub]
	if v.later(10+v.random.IntN(40), 12); office == "" || !v.fits(2) {
		return
	}
	agreed := v.say(v.site.nurse, "DIRECT_CARE", "grant-consent", body{"kind": "DISCLOSURE", "form": "EXPLICIT_WRITTEN", "infoVersion": "v1", "voluntariness": freely,
		"scope": body{"from": "NHS", "recipients": []body{{"side": "LOCAL_AUTHORITY", "org": "@org:" + office}}, "purposes": []string{"HOUSING_SUPPORT"},
			"categories": []string{"ID.DEMOG", "W.HOUSING"}}})
	v.tells(v.site.nurse, "HOUSING_SUPPORT", decision{from: v.site.hub, to: office, sides: [2]string{"NHS", "LOCAL_AUTHORITY"}, role: "HOUSING",
		purpose: "HOUSING_SUPPORT", categories: []string{"ID.DEMOG", "W.HOUSING"}, rule: "R08", article6: "A6E", confidence: "C-EXP", consent: agreed,
		gateway: "G-GENFUNC", agreement: v.pact("HOUSING"), why: "The authority finds the person somewhere to stay."})
}
