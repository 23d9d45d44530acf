package lawfulness

import "caseledger/domain/finding"

var l40 = Monitor{ID: "L40", Version: 1, Severity: finding.Medium,
	Title:  "Actor's data-security training older than 12 months (policy)",
	Source: "Caldicott 5",
}
