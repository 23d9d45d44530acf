package lawfulness

import "caseledger/domain/finding"

var l25 = Monitor{ID: "L25", Version: 1, Severity: finding.High,
	Title:  "Onward disclosure of other side's data without own decision",
	Source: "Art 5(1)(b); CLDC",
}
