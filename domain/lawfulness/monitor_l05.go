package lawfulness

import "caseledger/domain/finding"

var l05 = Monitor{ID: "L05", Version: 1, Severity: finding.High,
	Title:  "Excess categories",
	Source: "Art 5(1)(c); Caldicott 3",
}
