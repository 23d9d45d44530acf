package lawfulness

import "caseledger/domain/finding"

var l19 = Monitor{ID: "L19", Version: 1, Severity: finding.High,
	Title:  "Clinical topic with PP present, no CoPresenceAgreed covering topic",
	Source: "CLDC",
}
