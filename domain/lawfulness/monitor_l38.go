package lawfulness

import "caseledger/domain/finding"

var l38 = Monitor{ID: "L38", Version: 1, Severity: finding.Low,
	Title:  "Flow absent from record of processing",
	Source: "Art 30",
}
