package lawfulness

import "caseledger/domain/finding"

var l32 = Monitor{ID: "L32", Version: 1, Severity: finding.High,
	Title:  "Disclosure keyed on untraced NHS number (status ≠ 01)",
	Source: "accuracy",
}
