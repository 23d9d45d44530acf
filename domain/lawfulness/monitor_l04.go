package lawfulness

import "caseledger/domain/finding"

var l04 = Monitor{ID: "L04", Version: 1, Severity: finding.Critical,
	Title:  "Disclosure before decision",
	Source: "accountability Art 5(2)",
}
