package lawfulness

import "caseledger/domain/finding"

var l23 = Monitor{ID: "L23", Version: 1, Severity: finding.Medium,
	Title:  "Consent captured by supervising PP for NHS→PROBATION, or no voluntariness statement",
	Source: "freely given",
}
