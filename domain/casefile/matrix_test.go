package casefile_test

import (
	"testing"

	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// matrix is what may be told to an organisation, by purpose and category.
func (g *story) matrix(to reference.OrganisationCode) map[event.Purpose]map[event.Category]casefile.Cell {
	o, _ := orgs.ByCode(to)
	all := map[event.Purpose]map[event.Category]casefile.Cell{}
	for _, c := range casefile.Matrix(g.state(), o, g.ctx) {
		if all[c.Purpose] == nil {
			all[c.Purpose] = map[event.Category]casefile.Cell{}
		}
		all[c.Purpose][c.Category] = c
	}
	return all
}

func TestAMatrixSaysWhatMayBeTold(t *testing.T) {
	t.Parallel()
	g := told(t)
	if got := g.matrix("PROB-N56")["REHAB_SUPPORT"]["H.ATTENDANCE"]; got.Answer != casefile.NotAsked || !got.Consent.IsZero() || len(got.Events) != 0 {
		t.Errorf("before anything was said: %s, %v", got.Answer, got.Verdict.Candidates)
	}
	id := g.consents("PROB-N56")
	granted := g.last().ID
	m := g.matrix("PROB-N56")
	if got := m["REHAB_SUPPORT"]["H.ATTENDANCE"]; got.Answer != casefile.CanShare || got.Verdict.Rule != "R03" || got.Consent != id || len(got.Events) == 0 || got.Events[len(got.Events)-1] != granted {
		t.Errorf("what was agreed to: %s by %s, %v", got.Answer, got.Verdict.Rule, got.Verdict.Candidates)
	}
	for category, want := range map[event.Category]casefile.Sharing{"H.SCREEN_SCORE": casefile.Never, "H.BBV_SEXUAL": casefile.Never} {
		if got := m["REHAB_SUPPORT"][category]; got.Answer != want && got.Answer != casefile.NotAsked {
			t.Errorf("%s: %s, want %s", category, got.Answer, want)
		}
	}
	if _, about := m["SCREENING_INVITE"]; about {
		t.Error("no rule is about inviting by way of probation, and there is a row for it")
	}
	for purpose, row := range m {
		for category, cell := range row {
			e, _ := reference.Categories.Latest(category)
			if cell.Answer == "" || (cell.Answer == casefile.CanShare) != cell.Verdict.Permit || len(cell.Verdict.Candidates) == 0 || len(e.Holder) == 0 {
				t.Errorf("%s for %s: %s, permit %t", category, purpose, cell.Answer, cell.Verdict.Permit)
			}
			if cell.Category[0] == 'J' {
				t.Errorf("the hub is asked about %s, which it does not hold", category)
			}
		}
	}
	g.at("2026-02-05 10:00").given("withdraw-consent", naming(id, ""))
	if got := g.matrix("PROB-N56")["REHAB_SUPPORT"]["H.ATTENDANCE"]; got.Answer != casefile.TakenBack || got.Consent != id || got.Events[len(got.Events)-1] != g.last().ID {
		t.Errorf("once it was taken back: %s", got.Answer)
	}
	g.given("refuse-consent", `{"kind":"DISCLOSURE","reason":"PRIVACY","scope":{"from":"NHS","recipients":[{"side":"PROBATION"}],"categories":["H.ATTENDANCE"]}}`)
	if got := g.matrix("PROB-N56")["REHAB_SUPPORT"]["H.ATTENDANCE"]; got.Answer != casefile.WasRefused || got.Events[len(got.Events)-1] != g.last().ID {
		t.Errorf("refused: %s", got.Answer)
	}
}
