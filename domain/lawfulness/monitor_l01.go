package lawfulness

import "caseledger/domain/finding"

var l01 = Monitor{ID: "L01", Version: 1, Severity: finding.Critical,
	Title:  "Disclosure after withdrawal",
	Source: "CLDC, Caldicott 6/8",
}
