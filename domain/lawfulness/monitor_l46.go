package lawfulness

import "caseledger/domain/finding"

var l46 = Monitor{ID: "L46", Version: 1, Severity: finding.High,
	Title:  "Navigator/VCSE actor on NHS data without confidentiality undertaking",
	Source: "DPA s.11(1)",
}
