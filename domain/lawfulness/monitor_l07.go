package lawfulness

import "caseledger/domain/finding"

var l07 = Monitor{ID: "L07", Version: 1, Severity: finding.Critical,
	Title:  "Consent by person lacking capacity for that decision",
	Source: "MCA 2005",
}
