package lawfulness

import "caseledger/domain/finding"

var l12 = Monitor{ID: "L12", Version: 1, Severity: finding.High,
	Title:  "Wrong gateway",
	Source: "statute",
}
