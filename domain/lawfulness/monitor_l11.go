package lawfulness

import "caseledger/domain/finding"

var l11 = Monitor{ID: "L11", Version: 1, Severity: finding.High,
	Title:  "Agreement expired/not yet in force/suspended at d.at",
	Source: "Art 5(2)",
}
