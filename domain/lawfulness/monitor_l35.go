package lawfulness

import "caseledger/domain/finding"

var l35 = Monitor{ID: "L35", Version: 1, Severity: finding.Medium,
	Title:  "Retention expired",
	Source: "Art 5(1)(e)",
}
