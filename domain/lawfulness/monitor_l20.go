package lawfulness

import "caseledger/domain/finding"

var l20 = Monitor{ID: "L20", Version: 1, Severity: finding.High,
	Title:  "Break-glass not reviewed within 72 h; or used after expiry; or reason too short",
	Source: "policy; Art 32",
}
