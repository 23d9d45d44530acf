package lawfulness

import "caseledger/domain/finding"

var l06 = Monitor{ID: "L06", Version: 1, Severity: finding.High,
	Title:  "Reliance on expired consent",
	Source: "CLDC",
}
