package lawfulness

import "caseledger/domain/finding"

var l36 = Monitor{ID: "L36", Version: 1, Severity: finding.Critical,
	Title:  "Disposal during legal hold/inquiry or before minimum",
	Source: "RM Code",
}
