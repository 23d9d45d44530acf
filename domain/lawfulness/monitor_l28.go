package lawfulness

import "caseledger/domain/finding"

var l28 = Monitor{ID: "L28", Version: 1, Severity: finding.High,
	Title:  "Drug test or requirement report outside order period, or no live requirement",
	Source: "Sch 9",
}
