package lawfulness

import "caseledger/domain/finding"

var l30 = Monitor{ID: "L30", Version: 1, Severity: finding.Medium,
	Title:  "No privacy information by the first health collection, or > 1 month after registration",
	Source: "Arts 13–14; Caldicott 8",
}
