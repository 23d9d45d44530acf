package lawfulness

import "caseledger/domain/finding"

var l47 = Monitor{ID: "L47", Version: 1, Severity: finding.Medium,
	Title:  "LE log used for a purpose other than s.62(4)",
	Source: "s.62(4) DPA 2018 section 62",
}
