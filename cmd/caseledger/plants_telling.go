package main

import "time"

// Plants of what is told: of the consent it rests on, and of the record of its
// decision.

// plantAfterWithdrawal: told by letter two days after the person took the
// consent back.
func plantAfterWithdrawal(v *visit) {
	nurse := v.site.nurse
	granted := v.consenting(nil, "H.ATTENDANCE", "H.REFERRAL")
	decided, _ := v.tells(nurse, "DIRECT_CARE", v.agreed(granted, "H.ATTENDANCE"))
	v.later(1, 11)
	withdrawn := v.say(nurse, "DIRECT_CARE", "withdraw-consent", body{"consent": made(granted, "consent")})
	v.later(2, 16)
	v.finds("L01", v.told(v.earlier(4), nurse, "DIRECT_CARE", decided, nil), withdrawn, granted)
}

// plantWithdrawnRecordedLate: told in the hours between the person's saying no
// and its being written down.
func plantWithdrawnRecordedLate(v *visit) {
	nurse := v.site.nurse
	granted := v.consenting(nil, "H.ATTENDANCE", "H.REFERRAL")
	v.later(1, 11)
	said := v.at
	v.at = v.at.Add(2 * time.Hour)
	_, told := v.tells(nurse, "DIRECT_CARE", v.agreed(granted, "H.REFERRAL"))
	v.at = v.at.Add(2 * time.Hour)
	withdrawn := v.write(body{"command": "withdraw-consent", "person": v.who.label, "actor": nurse, "purpose": "DIRECT_CARE", "effectiveAt": stamp(said),
		"body": body{"consent": made(granted, "consent"), "communicatedTo": "NAVIGATOR"}})
	v.finds("L02", told, withdrawn, granted).known = false
}

// plantAgainstObjection: a practice is told although the person objected.
func plantAgainstObjection(v *visit) {
	objected := v.say(v.site.nurse, "DIRECT_CARE", "record-objection", body{"scope": body{"from": "NHS", "recipients": []body{{"side": "NHS", "org": "@org:GP2"}}}})
	v.later(1, 15)
	d := v.care("GP2", "GP", "ID.DEMOG", "H.SCREEN_BAND")
	d.imported = v.earlier(3)
	decided, told := v.tells(v.site.nurse, "DIRECT_CARE", d)
	v.finds("L03", told, objected, decided)
	v.later(1, 11)
	v.say(v.site.nurse, "DIRECT_CARE", "lift-objection", body{"objection": made(objected, "objection")})
}

// plantBeforeDecision: told first, and decided half an hour after.
func plantBeforeDecision(v *visit) {
	before := v.at
	v.at = v.at.Add(30 * time.Minute)
	decided := v.decides(v.site.nurse, "DIRECT_CARE", v.care("GP1", "GP", "ID.DEMOG", "H.SCREEN_BAND"))
	v.finds("L04", v.told(before, v.site.nurse, "DIRECT_CARE", decided, nil), decided)
}

// plantTooMuch: the letter carried the scores beside what was decided.
func plantTooMuch(v *visit) {
	decided, _ := v.tells(v.site.nurse, "DIRECT_CARE", v.care("GP1", "GP", "ID.DEMOG", "H.SCREEN_BAND"))
	v.at = v.at.Add(3 * time.Hour)
	v.finds("L05", v.say(v.site.nurse, "DIRECT_CARE", "report-unplanned-disclosure", body{"fromOrg": "@org:" + v.site.hub, "toOrg": "@org:GP1",
		"direction": body{"from": "NHS", "to": "NHS"}, "purpose": "DIRECT_CARE", "categories": []string{"ID.DEMOG", "H.SCREEN_BAND", "H.SCREEN_SCORE"},
		"detailLevel": "SUMMARY", "toRole": "GP", "decision": made(decided, "decision"), "mishap": "TOO_MUCH", "how": "The letter carried the scores too."}), decided)
}

// plantConsentExpired: told again after the consent had ended.
func plantConsentExpired(v *visit) {
	granted := v.consenting(body{"expiresAt": v.day(10)}, "H.ATTENDANCE")
	decided, _ := v.tells(v.site.nurse, "DIRECT_CARE", v.agreed(granted, "H.ATTENDANCE"))
	v.later(12, 16)
	v.finds("L06", v.told(v.earlier(4), v.site.nurse, "DIRECT_CARE", decided, nil), granted)
}

// plantNoCapacity: a paper consent of a day on which the person lacked
// capacity.
func plantNoCapacity(v *visit) {
	clinician := v.site.clinician
	v.look(clinician, "DIRECT_CARE", "person.timeline")
	lacks := v.say(clinician, "DIRECT_CARE", "record-capacity", body{"decision": "DISCLOSURE", "outcome": "LACKS", "supportTried": []string{"MORE_TIME"}, "reviewOn": v.day(3)})
	signed := v.at.Add(time.Hour)
	v.later(3, 10)
	v.finds("L07", v.imports(signed, v.site.nurse, "DIRECT_CARE", "grant-consent", body{"kind": "DISCLOSURE", "form": "EXPLICIT_WRITTEN", "infoVersion": "v1",
		"voluntariness": freely, "scope": v.toProbation("REHAB_SUPPORT", "H.ATTENDANCE")}), lacks)
	v.say(clinician, "DIRECT_CARE", "record-capacity", body{"decision": "DISCLOSURE", "outcome": "HAS"})
}

// imported is a decision that another system holds, with what was told by it.
func (v *visit) imported(actor any, purpose string, d decision) (decided, told string) {
	d.imported = v.at
	v.at = v.at.Add(3 * time.Hour)
	return v.tells(actor, purpose, d)
}

// plantNoArticle9: the decision names no condition of Article 9.
func plantNoArticle9(v *visit) {
	d := v.care("GP1", "GP", "ID.DEMOG", "H.SCREEN_BAND")
	d.article9 = ""
	decided, told := v.imported(v.site.nurse, "DIRECT_CARE", d)
	v.finds("L08", told, decided)
}

// plantNoSchedule1: a drug test result, and no condition of Schedule 1.
func plantNoSchedule1(v *visit) {
	d := v.care("TRUST", "TX_PROV", "ID.DEMOG", "H.DRUGTEST")
	d.schedule1 = ""
	decided, told := v.imported(v.site.nurse, "DIRECT_CARE", d)
	v.finds("L09", told, decided)
}

// support is a decision under R24: volunteers are told of a referral, with
// agreement.
func (v *visit) support(agreement string) decision {
	agreed := v.say(v.site.nurse, "DIRECT_CARE", "grant-consent", body{"kind": "DISCLOSURE", "form": "EXPLICIT_ORAL", "infoVersion": "v1", "voluntariness": freely,
		"scope": body{"from": "NHS", "recipients": []body{{"side": "VCSE", "org": "@org:VOL1"}}, "purposes": []string{"REHAB_SUPPORT"},
			"categories": []string{"ID.DEMOG", "H.REFERRAL"}}})
	return decision{from: v.site.hub, to: "VOL1", sides: [2]string{"NHS", "VCSE"}, role: "NAVIGATOR", purpose: "REHAB_SUPPORT",
		categories: []string{"ID.DEMOG", "H.REFERRAL"}, rule: "R24", article6: "A6E", article9: "A9G", schedule1: "p6", confidence: "C-EXP", consent: agreed,
		gateway: "G-GENFUNC", agreement: agreement, why: "The volunteers go along."}
}

// plantNoParty: the volunteers are no party to the agreement that is named.
func plantNoParty(v *visit) {
	decided, told := v.imported(v.site.nurse, "DIRECT_CARE", v.support(v.pact("REPORTING")))
	v.finds("L10", told, decided)
}

// plantAgreementOver: the agreement that is named ended before.
func plantAgreementOver(v *visit) {
	decided, told := v.imported(v.site.nurse, "DIRECT_CARE", v.support(lapsedPact))
	v.finds("L11", told, decided)
}

// plantWrongGateway: section 251B does not lead to probation.
func plantWrongGateway(v *visit) {
	d := v.agreed(v.consenting(nil, "H.ATTENDANCE"), "H.ATTENDANCE")
	d.gateway = "G-251B"
	decided, told := v.imported(v.site.nurse, "DIRECT_CARE", d)
	v.finds("L12", told, decided)
}

// plantConsentAsBasis: consent as the basis of Article 6.
func plantConsentAsBasis(v *visit) {
	granted := v.consenting(nil, "H.ATTENDANCE")
	d := v.agreed(granted, "H.ATTENDANCE")
	d.article6 = "A6A"
	decided, told := v.imported(v.site.nurse, "DIRECT_CARE", d)
	v.finds("L13", told, decided, granted)
}

// plantNoConfidence: nothing is named that lifts the duty of confidence.
func plantNoConfidence(v *visit) {
	d := v.care("GP1", "GP", "ID.DEMOG", "H.SCREEN_BAND")
	d.confidence = ""
	decided, told := v.imported(v.site.nurse, "DIRECT_CARE", d)
	v.finds("L14", told, decided)
}

// protection is a decision under R04: probation is told of a risk, without
// agreement.
func (v *visit) protection(from string) decision {
	return decision{from: from, to: v.site.probation, sides: [2]string{"NHS", "PROBATION"}, person: "@actor:" + v.site.practitioner,
		purpose: "PUBLIC_PROTECTION", categories: []string{"H.RISK_SELF"}, rule: "R04", article6: "A6E", article9: "A9G", schedule1: "p10",
		confidence: "C-PI", gateway: "G-CDA115", why: "To keep somebody from serious harm."}
}

// plantNoReasoning: told in the public interest, and nobody wrote down why.
func plantNoReasoning(v *visit) {
	decided, _ := v.imported("CG1", "PUBLIC_PROTECTION", v.protection(v.site.hub))
	v.finds("L16", decided)
}

// plantNoDecider: a navigator decided.
func plantNoDecider(v *visit) {
	d := v.care("GP1", "GP", "ID.DEMOG", "H.SCREEN_BAND")
	d.imported = v.at
	v.at = v.at.Add(3 * time.Hour)
	decided := v.decides("NAV1", "DIRECT_CARE", d)
	v.told(d.imported.Add(10*time.Minute), v.site.nurse, "DIRECT_CARE", decided, nil)
	v.finds("L17", decided)
}

// plantNoReason: decided not to tell, and no reason.
func plantNoReason(v *visit) {
	asked := v.at
	v.at = v.at.Add(3 * time.Hour)
	v.finds("L18", v.imports(asked, v.site.nurse, "DIRECT_CARE", "decide-disclosure", body{"fromOrg": "@org:" + v.site.hub, "toOrg": "@org:" + v.site.probation,
		"direction": body{"from": "NHS", "to": "PROBATION"}, "purpose": "REHAB_SUPPORT", "categories": []string{"H.DIAGNOSIS"}, "outcome": "REFUSE"}))
}

// plantStaleConsent: a consent of fourteen months before.
func plantStaleConsent(v *visit) {
	signed := v.at.AddDate(0, -14, 0)
	granted := v.imports(signed, v.site.nurse, "DIRECT_CARE", "grant-consent", body{"kind": "DISCLOSURE", "form": "EXPLICIT_WRITTEN", "infoVersion": "v1",
		"voluntariness": freely, "scope": v.toProbation("REHAB_SUPPORT", "H.ATTENDANCE"), "expiresAt": v.day(300)})
	decided, told := v.imported(v.site.nurse, "DIRECT_CARE", v.agreed(granted, "H.ATTENDANCE"))
	v.finds("L24", told, granted)
	_ = decided
}

// plantToldOn: probation tells housing what it learnt from the hub.
func plantToldOn(v *visit) {
	_, learnt := v.tells(v.site.nurse, "DIRECT_CARE", v.agreed(v.consenting(nil, "H.ATTENDANCE"), "H.ATTENDANCE"))
	v.later(1, 11)
	d := decision{from: v.site.probation, to: "HOUSE-MID", sides: [2]string{"PROBATION", "LOCAL_AUTHORITY"}, role: "HOUSING",
		purpose: "HOUSING_SUPPORT", categories: []string{"J.SUPERVISION"}, rule: "R09", article6: "A6E", gateway: "G-HRA213B",
		agreement: v.pact("HOUSING"), why: "The authority finds the person somewhere to stay.", imported: v.at}
	v.at = v.at.Add(3 * time.Hour)
	decided := v.decides(v.site.practitioner, "HOUSING_SUPPORT", d)
	told := v.told(d.imported.Add(10*time.Minute), v.site.practitioner, "HOUSING_SUPPORT", decided, body{"items": []body{
		{"category": "J.SUPERVISION", "source": v.eventOf(learnt, 0), "facts": []body{{"name": "note", "value": "Sees the hub."}}}}})
	v.finds("L25", told, learnt, decided)
}

// plantVictim: a report to the court speaks of the victim.
func plantVictim(v *visit) {
	decided, told := v.imported(v.site.senior, "COURT", decision{from: v.site.probation, to: "COURT1", sides: [2]string{"PROBATION", "COURT"}, role: "COURT",
		purpose: "COURT", categories: []string{"J.SUPERVISION", "J.VICTIM"}, rule: "R16", article6: "A6C", confidence: "C-STAT", gateway: "G-COURT",
		why: "The court ordered it."})
	v.finds("L26", told, decided)
}

// plantNoRequirement: a report under a requirement that the person does not
// have.
func plantNoRequirement(v *visit) {
	_, told := v.imported("TX2", "REQ_MGMT", v.report("TRUST", "H.ATTENDANCE"))
	v.finds("L28", told)
}

// plantTherapyContent: a report carries what was said in therapy. No agreement
// covers that either.
func plantTherapyContent(v *visit) {
	requirement := v.imposed("MHTR")
	v.later(2, 11)
	decided, told := v.imported("TX2", "REQ_MGMT", v.report("TRUST", "H.ATTENDANCE", "H.NOTE"))
	v.finds("L29", told, requirement, decided)
	v.finds("L10", told, decided)
}

// plantWrongPerson: told about whoever has a number that was somebody else's.
func plantWrongPerson(v *visit) {
	nurse := v.site.nurse
	link := v.say(nurse, "CARE_ADMIN", "link-identifier", body{"type": "NHS_NUMBER", "value": v.spare, "source": "TRACE", "status": "01"})
	decided := v.decides(nurse, "DIRECT_CARE", v.care("GP1", "GP", "ID.DEMOG", "ID.NHSNO", "H.SCREEN_BAND"))
	told := v.makes(nurse, "DIRECT_CARE", decided, body{"identifier": made(link, "link")})
	v.later(2, 11)
	unlinked := v.say(nurse, "CARE_ADMIN", "unlink-identifier", body{"type": "NHS_NUMBER", "link": made(link, "link"), "reason": "WRONG_PERSON"})
	v.finds("L31", told, link, unlinked).known = false
}

// plantUntraced: told about whoever has a number that nobody had traced.
func plantUntraced(v *visit) {
	nurse := v.site.nurse
	link := v.say(nurse, "CARE_ADMIN", "link-identifier", body{"type": "NHS_NUMBER", "value": v.spare, "source": "PERSON", "confidence": "POSSIBLE", "status": "02"})
	d := v.care("GP1", "GP", "ID.DEMOG", "ID.NHSNO", "H.SCREEN_BAND")
	d.imported = v.at
	v.at = v.at.Add(3 * time.Hour)
	decided := v.decides(nurse, "DIRECT_CARE", d)
	v.finds("L32", v.told(d.imported.Add(10*time.Minute), nurse, "DIRECT_CARE", decided, body{"identifier": made(link, "link")}), link)
}

// plantOptOutUnasked: told for research, and nobody asked whether the person
// had opted out.
func plantOptOutUnasked(v *visit) {
	decided, told := v.imported("CG1", "RESEARCH", decision{from: v.site.hub, to: "RESEARCH1", sides: [2]string{"NHS", "RESEARCH"}, role: "AUDITOR",
		purpose: "RESEARCH", categories: []string{"H.SCREEN_BAND"}, rule: "R17", article6: "A6E", article9: "A9J", schedule1: "p4", confidence: "C-251",
		gateway: "G-251", agreement: v.pact("RESEARCH"), why: "An approved study."})
	v.finds("L41", told, decided)
}

// plantNotCarriedOut: permitted, and neither told nor closed.
func plantNotCarriedOut(v *visit) {
	d := v.care("GP1", "GP", "ID.DEMOG", "H.SCREEN_BAND")
	d.until = 10
	v.finds("L44", v.decides(v.site.nurse, "DIRECT_CARE", d))
}

// plantOtherPurpose: the consent relied on is for another purpose.
func plantOtherPurpose(v *visit) {
	granted := v.consenting(body{"scope": v.toProbation("HOUSING_SUPPORT", "H.ATTENDANCE")})
	decided, told := v.imported(v.site.nurse, "DIRECT_CARE", v.agreed(granted, "H.ATTENDANCE"))
	v.finds("L48", told, granted, decided)
}

// plantNeverAgreed: the person was asked, and had not answered.
func plantNeverAgreed(v *visit) {
	offered := v.say(v.site.nurse, "DIRECT_CARE", "offer-consent", body{"kind": "DISCLOSURE", "scope": v.toProbation("REHAB_SUPPORT", "H.ATTENDANCE")})
	decided, told := v.imported(v.site.nurse, "DIRECT_CARE", v.agreed(offered, "H.ATTENDANCE"))
	v.finds("L49", told, decided)
}
