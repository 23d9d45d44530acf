package lawfulness

import "caseledger/domain/finding"

var l45 = Monitor{ID: "L45", Version: 1, Severity: finding.High,
	Title:  "Failure to share",
	Source: "Caldicott 7; s.251B",
}
