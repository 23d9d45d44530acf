package lawfulness

import "caseledger/domain/finding"

var l18 = Monitor{ID: "L18", Version: 1, Severity: finding.Medium,
	Title:  "Refusal without reason",
	Source: "duty to share; s.251B",
}
