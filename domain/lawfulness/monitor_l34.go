package lawfulness

import "caseledger/domain/finding"

var l34 = Monitor{ID: "L34", Version: 1, Severity: finding.Medium,
	Title:  "SAR late",
	Source: "Art 12(3), 15",
}
