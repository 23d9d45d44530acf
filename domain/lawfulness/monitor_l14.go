package lawfulness

import "caseledger/domain/finding"

var l14 = Monitor{ID: "L14", Version: 1, Severity: finding.Critical,
	Title:  "Confidence basis missing for K category",
	Source: "CLDC",
}
