package lawfulness

import "caseledger/domain/finding"

var l21 = Monitor{ID: "L21", Version: 1, Severity: finding.High,
	Title:  "Access with no relationship and no break-glass",
	Source: "Caldicott 4; Art 5(1)(f)",
}
