package lawfulness

import "caseledger/domain/finding"

var l26 = Monitor{ID: "L26", Version: 1, Severity: finding.Critical,
	Title:  "Victim/third-party data crossed the boundary",
	Source: "Art 6/10",
}
