package lawfulness

import "caseledger/domain/finding"

var l37 = Monitor{ID: "L37", Version: 1, Severity: finding.Medium,
	Title:  "No DPIA approved, or processing changed since",
	Source: "Art 35",
}
