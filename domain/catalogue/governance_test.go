package catalogue_test

import (
	"testing"

	"caseledger/domain/event"
	"caseledger/domain/governance"
)

func hub(t *testing.T) *story { return newStory(t, event.Organisation(org("HUB-CAM"))) }

// governed is what the hub's governance has come to.
func (g *story) governed() governance.State { return governance.Fold(g.standing()) }

const (
	dpia     = `{"processing":"HEALTH_HUB","residualRisk":"MEDIUM","reviewDue":"2027-01-05","dpoAdvice":"Go ahead.","mitigation":"Less is shared."}`
	document = `{"condition":"A9G","from":"2026-01-05","reviewDue":"2027-01-05"}`
	ropa     = `{"purpose":"REHAB_SUPPORT","recipientSide":"PROBATION","categories":["H.ATTENDANCE","ID.*"],"from":"2026-01-05"}`
	breach   = `{"kind":"CONFIDENTIALITY","description":"A letter went to the wrong house."}`
)

func TestAnotherControllersGovernanceIsNotYours(t *testing.T) {
	t.Parallel()
	who := `"staff":"` + staff("HUB_NURSE", "HUB-CAM").String() + `"`
	id := event.DeriveUUID("x").String()
	for command, body := range map[string]string{
		"approve-dpia": dpia, "record-processing-change": `{"processing":"HEALTH_HUB","change":"More."}`, "publish-policy-document": document,
		"record-ropa-entry": ropa, "assign-staff-role": `{` + who + `,"role":"HUB_NURSE"}`, "end-staff-role": `{"assignment":"` + id + `"}`,
		"record-training": `{` + who + `,"course":"DATA_SECURITY"}`, "sign-undertaking": `{}`, "detect-breach": breach,
		"assess-breach":    `{"breach":"` + id + `","likelihood":"LIKELY","containment":"Fetched back."}`,
		"notify-regulator": `{"breach":"` + id + `"}`, "inform-subjects": `{"breach":"` + id + `"}`,
	} {
		g := hub(t).as("SIRO", "PROB-N56")
		if command == "publish-policy-document" || command == "record-ropa-entry" {
			g.as("IG_LEAD", "PROB-N56")
		}
		g.when(command, body).refused("not-your-organisation")
		hub(t).as("SYSTEM", "HUB-CAM").when(command, body).refused("role-may-not")
		hub(t).as("SIRO", "PROB-N56").given(command, body)
	}
	hub(t).as("IG_LEAD", "HUB-MID").when("approve-dpia", dpia).then("governance.dpia-approved")
}

func TestAnAssessmentIsApprovedOnAdvice(t *testing.T) {
	t.Parallel()
	g := hub(t).as("SIRO", "HUB-CAM")
	g.when("approve-dpia", with(dpia, "dpoAdvice", "")).refused("no-dpo-advice")
	g.when("approve-dpia", with(dpia, "dpoAdvice", nil)).refused("no-dpo-advice")
	g.when("approve-dpia", with(dpia, "residualRisk", "HIGH")).refused("regulator-not-consulted")
	g.when("approve-dpia", with(dpia, "reviewDue", "2026-01-05")).refused("review-past")
	g.when("approve-dpia", with(dpia, "dpia", event.DeriveUUID("x").String())).refused("no-such-dpia")
	g.as("DPO", "HUB-CAM").when("approve-dpia", dpia).refused("role-may-not") // who advises does not decide
	first := g.as("SIRO", "HUB-CAM").when("approve-dpia", dpia).then("governance.dpia-approved")[0].Data.(governance.DPIAApproved)
	g.when("approve-dpia", with(with(with(dpia, "residualRisk", "HIGH"), "regulatorConsulted", true), "processing", "EVALUATION")).then()
	g.when("approve-dpia", with(with(dpia, "dpia", first.DPIA.String()), "processing", "EVALUATION")).refused("dpia-of-another-processing")
	g.when("approve-dpia", with(dpia, "dpia", first.DPIA.String())).then()
	if d, ok := g.governed().DPIACovers(governance.HealthHub, g.ctx.Now); !ok || d.DPIA != first.DPIA || d.Version != 2 {
		t.Errorf("covered by %+v, %v, want the second version", d, ok)
	}
	g.at("2026-02-01 09:00").when("record-processing-change", `{"processing":"HEALTH_HUB","change":"A new supplier."}`).then("governance.processing-changed")
	if _, ok := g.governed().DPIACovers(governance.HealthHub, g.ctx.Now); ok {
		t.Error("covered after the processing changed")
	}
	for pointer, body := range map[string]string{"/processing": with(dpia, "processing", "X"), "/residualRisk": with(dpia, "residualRisk", nil),
		"/reviewDue": with(dpia, "reviewDue", nil), "/dpoAdvice": with(dpia, "dpoAdvice", "a\u0000"), "/mitigation": with(dpia, "mitigation", " ")} {
		g.when("approve-dpia", body).invalid(pointer)
	}
	g.when("record-processing-change", `{"processing":"X"}`).invalid("/processing")
	g.when("record-processing-change", `{"processing":"X"}`).invalid("/change")
}

func TestPolicyDocumentsAndTheRecordOfProcessing(t *testing.T) {
	t.Parallel()
	g := hub(t)
	g.when("publish-policy-document", with(document, "reviewDue", "2026-01-05")).refused("review-past")
	g.when("publish-policy-document", with(document, "document", event.DeriveUUID("x").String())).refused("no-such-document")
	first := g.when("publish-policy-document", document).then("governance.policy-document-published")[0].Data.(governance.PolicyDocumentPublished)
	g.when("publish-policy-document", with(with(document, "document", first.Document.String()), "condition", "S42")).refused("document-for-another-condition")
	g.when("publish-policy-document", with(document, "document", first.Document.String())).then()
	if d, ok := g.governed().PolicyDocument("A9G", g.ctx.Now); !ok || d.Version != 2 {
		t.Errorf("in force: %+v, %v", d, ok)
	}
	for pointer, body := range map[string]string{"/condition": with(document, "condition", "X"), "/from": with(document, "from", nil), "/reviewDue": with(document, "reviewDue", nil)} {
		g.when("publish-policy-document", body).invalid(pointer)
	}

	g.when("record-ropa-entry", with(ropa, "entry", event.DeriveUUID("x").String())).refused("no-such-entry")
	entry := g.when("record-ropa-entry", ropa).then("governance.ropa-entry-recorded")[0].Data.(governance.RopaEntryRecorded)
	g.when("record-ropa-entry", with(with(ropa, "entry", entry.Entry.String()), "purpose", "REQ_MGMT")).then()
	if _, ok := g.governed().RopaCovers("REHAB_SUPPORT", event.Probation, g.ctx.Now); ok {
		t.Error("an entry that was replaced still covers")
	}
	for pointer, body := range map[string]string{"/purpose": with(ropa, "purpose", "X"), "/recipientSide": with(ropa, "recipientSide", "SHARED"),
		"/categories": with(ropa, "categories", []string{}), "/categories/0": with(ropa, "categories", []string{"X"}),
		"/categories/1": with(ropa, "categories", []string{"ID.*", "ID.*"}), "/from": with(ropa, "from", nil)} {
		g.when("record-ropa-entry", body).invalid(pointer)
	}
}

func TestTheStaffRegister(t *testing.T) {
	t.Parallel()
	who := staff("HUB_CLIN", "HUB-CAM")
	assign := func(role string) string { return `{"staff":"` + who.String() + `","role":"` + role + `"}` }
	g := hub(t)
	g.when("assign-staff-role", assign("PP")).refused("role-of-another-side")
	g.when("assign-staff-role", with(assign("HUB_NURSE"), "senior", true)).refused("senior-is-for-clinicians")
	for _, role := range []string{"SYSTEM", "PERSON", "X"} {
		g.when("assign-staff-role", assign(role)).invalid("/role")
	}
	g.when("assign-staff-role", `{"role":"HUB_CLIN"}`).invalid("/staff")
	held := g.when("assign-staff-role", with(assign("HUB_CLIN"), "senior", true)).then("governance.staff-role-assigned")[0].Data.(governance.StaffRoleAssigned)
	g.when("assign-staff-role", assign("HUB_CLIN")).refused("role-already-held")
	if !g.governed().SeniorAt(who, g.ctx.Now) {
		t.Error("not senior")
	}
	end := `{"assignment":"` + held.Assignment.String() + `"}`
	g.when("end-staff-role", with(end, "assignment", event.DeriveUUID("x").String())).refused("no-such-assignment")
	g.when("end-staff-role", with(end, "effectiveAt", "2026-01-04")).refused("ended-before-it-began")
	g.when("end-staff-role", `{}`).invalid("/assignment")
	g.at("2026-02-01 09:00").when("end-staff-role", end).then("governance.staff-role-ended")
	g.when("end-staff-role", end).refused("assignment-ended")
	g.when("assign-staff-role", assign("HUB_CLIN")).then()

	g.when("record-training", `{"staff":"`+who.String()+`","course":"DATA_SECURITY","effectiveAt":"2026-01-20"}`).then("governance.training-recorded")
	if !g.governed().TrainedAt(who, governance.DataSecurity, g.ctx.Now) {
		t.Error("not trained")
	}
	g.when("record-training", `{"course":"X"}`).invalid("/staff")
	g.when("record-training", `{"course":"X"}`).invalid("/course")
	g.as("NAVIGATOR", "HUB-CAM").when("record-training", `{"staff":"`+who.String()+`","course":"DATA_SECURITY"}`).refused("role-may-not")

	g.when("sign-undertaking", `{"staff":"`+who.String()+`"}`).refused("signed-for-another")
	g.when("sign-undertaking", `{"until":"2026-01-31"}`).refused("over-before-it-begins")
	g.when("sign-undertaking", `{"until":"2026-12-31"}`).then("governance.undertaking-signed")
	g.as("IG_LEAD", "HUB-CAM").when("sign-undertaking", `{"staff":"`+who.String()+`"}`).then()
	if s := g.governed(); !s.UndertakenAt(staff("NAVIGATOR", "HUB-CAM"), g.ctx.Now) || !s.UndertakenAt(who, g.ctx.Now) {
		t.Error("not bound")
	}
}

func TestABreachIsReportedAssessedAndNotified(t *testing.T) {
	t.Parallel()
	subject := event.DeriveUUID("test-person").String()
	g := hub(t).at("2026-03-02 10:00").as("HUB_NURSE", "HUB-CAM")
	b := g.when("detect-breach", with(breach, "subjects", []string{subject})).then("governance.breach-detected")[0].Data.(governance.BreachDetected)
	if !b.Notifiable || b.AwareAt != event.At(g.ctx.Now) {
		t.Errorf("notifiable %v, aware at %s, want both from the report itself", b.Notifiable, b.AwareAt)
	}
	id := `{"breach":"` + b.Breach.String() + `"}`
	g.as("IG_LEAD", "HUB-CAM")
	for _, c := range []string{"assess-breach", "notify-regulator", "inform-subjects"} {
		body := with(id, "breach", event.DeriveUUID("x").String())
		if c == "assess-breach" {
			body = with(with(body, "likelihood", "LIKELY"), "containment", "Fetched back.")
		}
		g.when(c, body).refused("no-such-breach")
	}
	assess := with(with(id, "likelihood", "HIGH"), "containment", "Fetched back.")
	g.when("assess-breach", with(assess, "notifiable", false)).refused("likely-is-notifiable")
	g.when("assess-breach", assess).then("governance.breach-assessed")
	if got := g.governed().Breaches[0]; !got.Notifiable || got.Likelihood != "HIGH" {
		t.Errorf("assessed as %+v", got)
	}
	g.when("assess-breach", with(assess, "likelihood", "UNLIKELY")).then()
	if g.governed().Breaches[0].Notifiable {
		t.Error("an unlikely breach is notifiable")
	}
	g.when("assess-breach", assess).then()

	g.at("2026-03-06 09:00").when("notify-regulator", with(id, "effectiveAt", "2026-03-02T09:59:00Z")).refused("notified-before-aware")
	g.when("notify-regulator", with(id, "effectiveAt", "2026-03-01")).refused("notified-before-aware")
	g.when("notify-regulator", id).then("governance.regulator-notified") // late without a reason: it is found, not refused
	if !g.governed().Breaches[0].LateAt(g.ctx.Now) {
		t.Error("not late after 95 hours")
	}
	g.when("notify-regulator", id).refused("already-notified")

	g.when("inform-subjects", with(id, "subjects", []string{event.DeriveUUID("x").String()})).refused("not-a-subject")
	g.when("inform-subjects", with(id, "subjects", []string{subject})).then("governance.subjects-informed")
	if g.governed().Breaches[0].Informed.IsZero() {
		t.Error("not informed")
	}

	for pointer, body := range map[string]string{"/kind": with(breach, "kind", "X"), "/subjects/0": with(breach, "subjects", []string{""}),
		"/subjects/1": with(breach, "subjects", []string{subject, subject}), "/subjects": with(breach, "subjects", make([]string, 201)),
		"/description": with(breach, "description", ""), "/awareAt": with(breach, "awareAt", "2026-03-07")} {
		g.when("detect-breach", body).invalid(pointer)
	}
	g.when("assess-breach", `{}`).invalid("/breach")
	g.when("assess-breach", `{}`).invalid("/likelihood")
	g.when("assess-breach", `{}`).invalid("/containment")
	g.when("notify-regulator", `{"delayReason":"X"}`).invalid("/breach")
	g.when("notify-regulator", `{"delayReason":"X"}`).invalid("/delayReason")
	g.when("inform-subjects", `{}`).invalid("/breach")
}
