package main

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// refusal is what a command on a case is refused with: its code, and those of
// everything else that stands against it. The case is read first.
func (s *staff) refusal(person event.UUID, name string, says any) (codes []string) {
	s.r.t.Helper()
	read := s.get("/api/v1/people/"+person.String(), nil)
	a, err := s.try(http.MethodPost, "/api/v1/people/"+person.String()+"/commands/"+name,
		map[string]string{"Idempotency-Key": newKey().String(), "If-Match": read.header.Get("ETag")}, says)
	if err != nil {
		s.r.t.Fatal(err)
	}
	var problem struct {
		Code   string `json:"errorCode"`
		Errors []struct {
			Code string `json:"code"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(a.body, &problem); err != nil || problem.Code == "" {
		s.r.t.Fatalf("%s: %s: status %d, want a refusal (%v)\n%s", s.label, name, a.status, err, a.body)
	}
	codes = append(codes, problem.Code)
	for _, e := range problem.Errors {
		codes = append(codes, e.Code)
	}
	return codes
}

// refusedAs checks what a command on a case is refused with.
func (s *staff) refusedAs(person event.UUID, name, code string, says any) {
	s.r.t.Helper()
	if got := s.refusal(person, name, says); got[0] != code {
		s.r.t.Errorf("%s: %s: refused with %v, want %s", s.label, name, got, code)
	}
}

// TestBlackBoxMerge registers somebody twice, merges the two records over REST,
// decides in the survivor's with what the other knows, and takes it back.
func TestBlackBoxMerge(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	mustCommand(t, "simulate", "--quiet", "--data", data, "--journal", "alpha") // with its agreements
	r := serveData(t, data)
	nurse, clinician := r.as("NUR1"), r.as("CLI2")
	registers := func(family string) event.UUID {
		return nurse.registers(body{"name": body{"given": "TEST", "family": family}, "dateOfBirth": "1990-01-02", "sex": "F", "site": "CAMBRIDGE", "region": "N56"})
	}
	survivor, loser := registers("VICTOR"), registers("WHISKEY")
	clinician.consistency = nurse.consistency
	number := body{"type": "NHS_NUMBER", "value": "999 012 3454", "source": "TRACE", "status": "01"}
	nurse.does(loser, "link-identifier", "link", number)
	nurse.refusedAs(survivor, "link-identifier", "identifier-in-use", number) // so they may be one person

	org := func(code string) string {
		o, _ := theRegister.ByCode(reference.OrganisationCode(code))
		return o.ID.String()
	}
	scope := func(categories ...string) body {
		return body{"from": "NHS", "recipients": []body{{"side": "PROBATION", "org": org("PROB-N56")}}, "purposes": []string{"REHAB_SUPPORT"}, "categories": categories}
	}
	nurse.does(survivor, "give-privacy-notice", "", body{"notice": "v1", "format": "STANDARD"})
	own := nurse.does(survivor, "grant-consent", "consent", body{"kind": "DISCLOSURE", "form": "EXPLICIT_WRITTEN", "scope": scope("H.ATTENDANCE")})
	nurse.does(loser, "give-privacy-notice", "", body{"notice": "v1", "format": "STANDARD"})
	given := nurse.does(loser, "grant-consent", "consent", body{"kind": "DISCLOSURE", "form": "EXPLICIT_WRITTEN", "scope": scope("H.REFERRAL", "H.ATTENDANCE")})
	nurse.does(loser, "refuse-consent", "consent", body{"kind": "DISCLOSURE", "scope": scope("H.ATTENDANCE"), "reason": "PRIVACY"})
	clinician.consistency = nurse.consistency

	// stands checks whether something stands against telling the practitioner. No
	// agreement is named, so something always does.
	stands := func(when, code string, want bool, consent event.UUID, category string) {
		t.Helper()
		got := nurse.refusal(survivor, "decide-disclosure", body{"fromOrg": org("HUB-CAM"), "toOrg": org("PROB-N56"), "toRole": "PP",
			"direction": body{"from": "NHS", "to": "PROBATION"}, "purpose": "REHAB_SUPPORT", "categories": []string{category}, "detailLevel": "SUMMARY",
			"rule": "R03", "ruleVersion": 1, "art6": "A6E", "art9": "A9G", "sch1": "p6", "confidenceBasis": "C-EXP", "gateway": "G-GENFUNC",
			"consent": consent, "consentVersion": 1, "necessityNote": "The practitioner is to support attendance.", "personInformed": "YES",
			"validUntil": time.Now().AddDate(0, 1, 0).Format(time.DateOnly)})
		if slices.Contains(got, code) != want {
			t.Errorf("%s: %v stands against it; %s among them: want %t", when, got, code, want)
		}
	}
	apart := func(when string) {
		t.Helper()
		stands(when, "live-refusal", false, own, "H.ATTENDANCE")
		stands(when, "consent-not-active", true, given, "H.REFERRAL")
	}
	apart("two records")

	merge := clinician.does(loser, "fence-merge", "merge", body{"survivor": survivor})
	nurse.consistency = clinician.consistency
	apart("fenced, not merged")
	nurse.refusedAs(loser, "withdraw-consent", "merged-elsewhere", body{"consent": given, "communicatedTo": "NAVIGATOR"})
	clinician.does(survivor, "merge-persons", "", body{"merged": loser, "evidence": "The same NHS number."})
	nurse.consistency = clinician.consistency
	stands("merged", "live-refusal", true, own, "H.ATTENDANCE")
	stands("merged", "consent-not-active", true, given, "H.REFERRAL")
	nurse.does(survivor, "reconfirm-consent", "", body{"consent": given})
	stands("reconfirmed", "consent-not-active", false, given, "H.REFERRAL")
	nurse.refusedAs(loser, "link-identifier", "merged-elsewhere", body{"type": "NHS_NUMBER", "value": "999 000 1014", "source": "TRACE", "status": "01"})
	r.as("PP2").refused("/api/v1/people/"+survivor.String(), http.StatusNotFound)

	replayed := func(when string, both bool) {
		t.Helper()
		text := mustCommand(t, "replay", survivor.String(), "--data", data)
		if strings.Contains(text, "consent.refused") != both || strings.Contains(text, "merged record "+loser.String()) != both {
			t.Errorf("%s: the replay shows both records: want %t\n%s", when, both, text)
		}
	}
	replayed("merged", true)
	clinician.consistency = nurse.consistency
	clinician.does(survivor, "unmerge-persons", "", body{"merge": merge, "reason": "Two sisters."})
	clinician.does(loser, "unmerge-persons", "", body{"merge": merge, "reason": "Two sisters."})
	nurse.consistency = clinician.consistency
	apart("two again")
	nurse.does(loser, "withdraw-consent", "", body{"consent": given, "communicatedTo": "NAVIGATOR"})
	replayed("two again", false)
}
