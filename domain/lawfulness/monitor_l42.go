package lawfulness

import "caseledger/domain/finding"

var l42 = Monitor{ID: "L42", Version: 1, Severity: finding.Medium,
	Title:  "Self-harm trigger without RiskFlagRaised/assessment in same day",
	Source: "clinical safety",
}
