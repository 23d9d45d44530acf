package main

import "time"

// Plants of what people and organisations do or leave undone: who looks, who
// is asked and how, what is late, and what an organisation has not in place.

// plantNoPolicyDocument: an organisation relies on a substantial public
// interest, and has no policy document for it.
func plantNoPolicyDocument(v *visit) {
	board := moreGoverned[1]
	d := v.protection(board.org)
	d.imported = v.at
	v.at = v.at.Add(3 * time.Hour)
	decided := v.decides(board.actor(), "PUBLIC_PROTECTION", d)
	v.imports(d.imported.Add(-10*time.Minute), board.actor(), "PUBLIC_PROTECTION", "record-public-interest-decision", body{"decision": made(decided, "decision"),
		"harm": "Said that somebody would be hurt.", "seriousness": "SERIOUS", "likelihood": "LIKELY", "whyNoConsent": "Asking would have raised the risk.",
		"proportionality": "The least that averts it.", "alternatives": "None in time.", "personInformed": "YES", "reviewOn": v.day(7)})
	v.told(d.imported.Add(10*time.Minute), board.actor(), "PUBLIC_PROTECTION", decided, nil)
	v.finds("L15", decided).organisation = "ICB1"
}

// plantOverheard: screened in a shared appointment with the practitioner there.
func plantOverheard(v *visit) {
	pp := v.site.practitioner
	slot := v.at.Add(20 * time.Minute)
	booked := v.say(pp, "REQ_MGMT", "schedule-appointment", body{"kind": "CO_LOCATED", "site": v.site.name,
		"slot": body{"from": stamp(slot), "minutes": 45}, "with": []string{"@actor:" + pp, "@actor:" + v.site.nurse}})
	v.at = slot.Add(time.Minute)
	v.say(pp, "REQ_MGMT", "record-attendance", body{"appointment": made(booked, "appointment"), "outcome": "ATTC"})
	v.at = slot.Add(3 * time.Hour)
	v.finds("L19", v.imports(slot.Add(10*time.Minute), v.site.nurse, "DIRECT_CARE", "complete-screening",
		body{"instrument": "GAD-7", "items": []int{1, 1, 2, 1, 1, 0, 1}, "total": 7, "appointment": made(booked, "appointment")}), booked)
}

// plantReviewedLate: a break-glass reviewed on the fifth day.
func plantReviewedLate(v *visit) {
	broke := v.brokeGlass()
	v.at = v.at.Add(110 * time.Hour)
	reviewed := v.say("IGL1", "AUDIT", "review-break-glass", body{"breakGlass": made(broke, "break-glass"), "verdict": "APPROPRIATE", "reason": "It could not wait."})
	v.finds("L20", broke, reviewed)
}

// plantNoRelationship: a nurse of another hub looks.
func plantNoRelationship(v *visit) {
	v.finds("L21", v.look(v.site.elsewhere, "DIRECT_CARE", "person.timeline"))
}

// plantExcluded: a clinician looks whom limited access keeps out.
func plantExcluded(v *visit) {
	set := v.say(v.site.senior, "REQ_MGMT", "set-access-restriction", body{"mode": "EXCLUDED", "users": []string{"@actor:" + v.site.clinician}, "reason": "They know each other."})
	v.later(1, 11)
	v.finds("L22", v.look(v.site.clinician, "DIRECT_CARE", "person.timeline"), set)
	v.later(1, 11)
	v.say(v.site.senior, "REQ_MGMT", "lift-access-restriction", body{"restriction": made(set, "restriction"), "reason": "Moved to another hub."})
}

// plantAskedByPractitioner: the practitioner took the consent down.
func plantAskedByPractitioner(v *visit) {
	asked := v.at
	v.at = v.at.Add(3 * time.Hour)
	v.finds("L23", v.imports(asked, v.site.practitioner, "REQ_MGMT", "grant-consent", body{"kind": "DISCLOSURE", "form": "EXPLICIT_ORAL", "infoVersion": "v1",
		"voluntariness": freely, "scope": v.toProbation("REHAB_SUPPORT", "H.ATTENDANCE")}))
}

// plantClinicEnforced: a warning for not coming to the hub's clinic.
func plantClinicEnforced(v *visit) {
	slot := v.at.Add(20 * time.Minute)
	booked := v.say(v.site.nurse, "DIRECT_CARE", "schedule-appointment", body{"kind": "HUB_CLINIC", "site": v.site.name,
		"slot": body{"from": stamp(slot), "minutes": 30}, "with": []string{"@actor:" + v.site.nurse}})
	v.at = slot.Add(time.Hour)
	missed := v.say(v.site.nurse, "DIRECT_CARE", "record-attendance", body{"appointment": made(booked, "appointment"), "outcome": "3"})
	v.later(2, 16)
	v.finds("L27", v.imports(v.earlier(4), v.site.practitioner, "REQ_MGMT", "issue-breach-warning",
		body{"appointments": []string{made(booked, "appointment")}, "circumstances": "Did not come to the clinic."}), booked, missed)
}

// plantNoNotice: nobody tells the person what happens to information about
// them until the second month.
func plantNoNotice(v *visit) {
	v.finds("L30", v.steps[0].line["ref"].(string))
	if v.later(38, 9); v.fits(2) {
		v.welcomed()
	}
}

// plantRegulatorLate: the regulator is told of a breach on the fourth day, and
// no reason is given.
func plantRegulatorLate(v *visit) {
	detected := v.govern(v.site.hub, "detect-breach", "IGL1", body{"kind": "CONFIDENTIALITY", "subjects": []string{"@person:" + v.who.label},
		"description": "A list was left on the train."})
	v.at = v.at.Add(95 * time.Hour)
	notified := v.govern(v.site.hub, "notify-regulator", "IGL1", body{"breach": made(detected, "breach")})
	v.finds("L33", detected, notified)
}

// plantCopyLate: a copy that was asked for comes days after it was due.
func plantCopyLate(v *visit) {
	request := v.say(v.site.nurse, "SUBJECT_RIGHTS", "receive-rights-request", body{"kind": "ACCESS", "identityConfirmed": true, "wording": "A copy of what the hub holds."})
	v.later(40, 10)
	answered := v.say("IGL1", "SUBJECT_RIGHTS", "respond-to-rights-request", body{"request": made(request, "request"), "outcome": "GRANTED", "answer": "A copy was given."})
	v.finds("L34", request, answered)
}

// plantKeptTooLong: another system's record was to be disposed of, and nobody
// looked at it.
func plantKeptTooLong(v *visit) {
	v.finds("L35", v.imports(v.at, "IGL1", "AUDIT", "set-retention-period", body{"class": "ADULT_HEALTH", "from": v.day(-8 * 366),
		"keepUntil": v.day(3), "disposeOn": v.day(4)}))
}

// plantDisposedUnderHold: a record disposed of while an inquiry keeps it.
func plantDisposedUnderHold(v *visit) {
	v.imports(v.at, "IGL1", "AUDIT", "set-retention-period", body{"class": "ADULT_HEALTH", "from": v.day(-9 * 366), "keepUntil": v.day(-300), "disposeOn": v.day(300)})
	period := v.steps[len(v.steps)-1].line["ref"].(string)
	held := v.say("IGL1", "AUDIT", "place-legal-hold", body{"reason": "An inquiry asks for it."})
	v.later(2, 16)
	v.finds("L36", v.imports(v.earlier(4), "IGL1", "AUDIT", "dispose-record", body{"period": made(period, "retention-period"), "data": []string{"health"}}), held)
}

// plantNoAssessment: an organisation tells the hub, and never assessed what
// that means for people.
func plantNoAssessment(v *visit) {
	charity := moreGoverned[0]
	_, told := v.imported(charity.actor(), "DIRECT_CARE", decision{from: charity.org, to: v.site.hub, sides: [2]string{"VCSE", "NHS"}, role: "HUB_NURSE",
		categories: []string{"ID.DEMOG", "H.SUBSTANCE"}, rule: "R23", article6: "A6E", article9: "A9H", schedule1: "p2", confidence: "C-IMP",
		gateway: "G-GENFUNC", agreement: v.pact("CHARITY"), why: "The hub cares for the person."})
	v.finds("L37", told).organisation = "DRUG2"
}

// plantUnregisteredFlow: a regulator is told, which the record of processing
// does not say.
func plantUnregisteredFlow(v *visit) {
	_, told := v.imported("IGL1", "AUDIT", decision{from: v.site.hub, to: "REGULATOR1", sides: [2]string{"NHS", "REGULATOR"}, role: "AUDITOR",
		purpose: "AUDIT", categories: []string{"H.ATTENDANCE"}, rule: "R22", article6: "A6E", article9: "A9G", schedule1: "p6", confidence: "C-STAT",
		gateway: "G-GENFUNC", agreement: v.pact("AUDIT"), why: "The regulator asked."})
	v.finds("L38", told).organisation = v.site.hub
}

// plantBackDated: an address recorded days after it was so, and after something
// was told in between, with no reason.
func plantBackDated(v *visit) {
	so := v.at
	v.at = v.at.Add(time.Hour)
	_, told := v.tells(v.site.nurse, "DIRECT_CARE", v.care("GP1", "GP", "ID.DEMOG", "H.SCREEN_BAND"))
	v.later(3, 11)
	v.finds("L39", v.write(body{"command": "record-address", "person": v.who.label, "actor": v.site.nurse, "purpose": "CARE_ADMIN", "effectiveAt": stamp(so),
		"body": body{"variant": "NO_FIXED_ABODE", "postcode": "ZZ99 3VZ"}}), told)
}

// plantTrainingLapsed: a nurse from an agency looks whose training is fourteen
// months old.
func plantTrainingLapsed(v *visit) {
	label := "AGENCY-" + v.who.label
	v.govern(v.site.hub, "assign-staff-role", leadOf(v.site.hub), body{"staff": "@actor:" + label, "role": "HUB_NURSE"})
	trained := v.govern(v.site.hub, "record-training", leadOf(v.site.hub), body{"staff": "@actor:" + label, "course": "DATA_SECURITY", "effectiveAt": v.day(-425)})
	v.finds("L40", v.look(body{"label": label, "role": "HUB_NURSE", "org": v.site.hub}, "DIRECT_CARE", "person.timeline"), trained).organisation = v.site.hub
}

// plantFlagTakenOut: a screening shows thoughts of self-harm, and what flagged
// them is taken out of the record as a mistake.
func plantFlagTakenOut(v *visit) {
	booked, _ := v.clinic()
	screened := v.say(v.site.nurse, "DIRECT_CARE", "complete-screening", body{"instrument": "PHQ-9", "items": []int{1, 1, 1, 1, 1, 1, 1, 1, 2}, "total": 10,
		"appointment": made(booked, "appointment")})
	v.at = v.at.Add(time.Hour)
	v.say("IGL1", "AUDIT", "enter-in-error", body{"event": v.eventOf(screened, 1), "reason": "Said to be a slip of the pen."})
	v.finds("L42", screened)
}

// plantNoLetter: a practice refuses, and gives its reasons on the twentieth
// day.
func plantNoLetter(v *visit) {
	nurse := v.site.nurse
	decided := v.decides(nurse, "DIRECT_CARE", v.care("GP2", "GP", "ID.DEMOG", "H.REFERRAL"))
	sent := v.say(nurse, "DIRECT_CARE", "send-referral", body{"destination": "GP_REGISTRATION", "priority": "ROUTINE", "toOrg": "@org:GP2", "decision": made(decided, "decision")})
	v.makes(nurse, "DIRECT_CARE", decided, nil)
	v.later(1, 13)
	referral := body{"referral": made(sent, "referral")}
	refused := v.say("GPR2", "DIRECT_CARE", "refuse-gp-registration", body{"referral": made(sent, "referral"), "reason": "LIST_CLOSED"})
	v.later(20, 13)
	v.finds("L43", refused, v.say("GPR2", "DIRECT_CARE", "record-gp-refusal-letter", referral))
}

// plantRiskUntold: a risk is known for days while a referral is open, and who
// the person was referred to does not know.
func plantRiskUntold(v *visit) {
	nurse := v.site.nurse
	decided := v.decides(nurse, "DIRECT_CARE", v.care("TRUST", "TX_PROV", "ID.DEMOG", "H.REFERRAL"))
	sent := v.say(nurse, "DIRECT_CARE", "send-referral", body{"destination": "TALKING_THERAPIES", "priority": "SOON", "toOrg": "@org:TRUST", "decision": made(decided, "decision")})
	v.makes(nurse, "DIRECT_CARE", decided, nil)
	raised := v.say(nurse, "DIRECT_CARE", "raise-risk-flag", body{"level": "IDEATION", "plan": "Rings tomorrow."})
	v.later(3, 11)
	flag := made(raised, "risk-flag")
	v.say(v.site.clinician, "DIRECT_CARE", "review-risk-flag", body{"flag": flag, "level": "NONE", "plan": "Safe at present."})
	v.say(v.site.clinician, "DIRECT_CARE", "close-risk-flag", body{"flag": flag, "reason": "Reviewed with the person."})
	v.finds("L45", raised, sent)
}

// plantNoUndertaking: a volunteer looks who never undertook to keep what they
// see to themselves.
func plantNoUndertaking(v *visit) {
	slot := v.at.Add(24 * time.Hour)
	v.say(v.site.nurse, "DIRECT_CARE", "schedule-appointment", body{"kind": "HUB_CLINIC", "site": v.site.name,
		"slot": body{"from": stamp(slot), "minutes": 30}, "with": []string{"@actor:" + v.site.nurse, "@actor:NAV2"}})
	v.finds("L46", v.look("NAV2", "DIRECT_CARE", "person.timeline"))
}

// plantLogMisused: the ledger is read to see how well somebody works.
func plantLogMisused(v *visit) {
	v.finds("L47", v.write(body{"person": v.who.label, "actor": "AUD1", "purpose": "AUDIT",
		"access": body{"view": "ledger", "ledger": true, "purpose": "PERFORMANCE"}}))
}
