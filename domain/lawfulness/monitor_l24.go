package lawfulness

import "caseledger/domain/finding"

var l24 = Monitor{ID: "L24", Version: 1, Severity: finding.Medium,
	Title:  "Relied-on consent stale",
	Source: "policy; fairness",
}
