package lawfulness

import "caseledger/domain/finding"

var l08 = Monitor{ID: "L08", Version: 1, Severity: finding.Critical,
	Title:  "Special category without Art 9 condition",
	Source: "Art 9",
}
