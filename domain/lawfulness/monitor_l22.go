package lawfulness

import "caseledger/domain/finding"

var l22 = Monitor{ID: "L22", Version: 1, Severity: finding.Critical,
	Title:  "Access to LAO case by excluded/not-listed user without break-glass",
	Source: "HMPPS policy; Art 32",
}
