package lawfulness

import "caseledger/domain/finding"

var l44 = Monitor{ID: "L44", Version: 1, Severity: finding.Low,
	Title:  "Decision permitted but never executed/closed by valid_until",
	Source: "data quality",
}
