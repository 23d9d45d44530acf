package lawfulness

import "caseledger/domain/finding"

var l27 = Monitor{ID: "L27", Version: 1, Severity: finding.High,
	Title:  "Voluntary-health DNA used in enforcement",
	Source: "purpose limitation Art 5(1)(b)",
}
