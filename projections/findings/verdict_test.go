package findings_test

import (
	"testing"

	"caseledger/domain/finding"
	"caseledger/projections/findings"
)

func TestVerdicts(t *testing.T) {
	t.Parallel()
	row := func(severity finding.Severity, status finding.Status, asKnown, hindsight, indeterminate bool) findings.Row {
		return findings.Row{Severity: severity, Status: status,
			Judged: finding.Judged{AsKnown: asKnown, Hindsight: hindsight, Indeterminate: indeterminate}}
	}
	no := row(finding.Critical, finding.Resolved, true, true, false)
	no.Outcome = "NOT_A_BREACH"
	incident := no
	incident.Outcome = "INCIDENT_RAISED"
	for name, c := range map[string]struct {
		rows               []findings.Row
		asKnown, hindsight findings.Verdict
	}{
		"nothing found":           {nil, findings.Lawful, findings.Lawful},
		"grave":                   {[]findings.Row{row(finding.High, finding.Open, true, true, false)}, findings.Unlawful, findings.Unlawful},
		"grave, known later only": {[]findings.Row{row(finding.Critical, finding.Open, false, true, false)}, findings.Lawful, findings.Unlawful},
		"grave, disproved since":  {[]findings.Row{row(finding.Critical, finding.Open, true, false, false)}, findings.Unlawful, findings.Lawful},
		"grave, not certain":      {[]findings.Row{row(finding.Critical, finding.Open, true, true, true)}, findings.NeedsReview, findings.NeedsReview},
		"not grave":               {[]findings.Row{row(finding.Medium, finding.Acknowledged, true, true, false)}, findings.NeedsReview, findings.NeedsReview},
		"superseded":              {[]findings.Row{row(finding.Critical, finding.Superseded, true, true, false)}, findings.Lawful, findings.Lawful},
		"no breach":               {[]findings.Row{no}, findings.Lawful, findings.Lawful},
		"incident":                {[]findings.Row{incident}, findings.Unlawful, findings.Unlawful},
		"risk accepted":           {[]findings.Row{row(finding.High, finding.Waived, true, true, false)}, findings.Unlawful, findings.Unlawful},
		"grave, then not grave": {[]findings.Row{row(finding.High, finding.Open, true, true, false), row(finding.Low, finding.Open, true, true, false)},
			findings.Unlawful, findings.Unlawful},
	} {
		asKnown, hindsight := findings.Verdicts(c.rows)
		if asKnown != c.asKnown || hindsight != c.hindsight {
			t.Errorf("%s: %s and %s, want %s and %s", name, asKnown, hindsight, c.asKnown, c.hindsight)
		}
	}
}
