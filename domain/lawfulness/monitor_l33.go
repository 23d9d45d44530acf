package lawfulness

import "caseledger/domain/finding"

var l33 = Monitor{ID: "L33", Version: 1, Severity: finding.High,
	Title:  "Notifiable breach not sent to regulator ≤72 h of awareness, no delay reason",
	Source: "Art 33",
}
