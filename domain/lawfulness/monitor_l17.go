package lawfulness

import "caseledger/domain/finding"

var l17 = Monitor{ID: "L17", Version: 1, Severity: finding.High,
	Title:  "Decider lacks role for rule",
	Source: "policy; Caldicott 4",
}
