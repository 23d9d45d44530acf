package lawfulness

import "caseledger/domain/finding"

var l48 = Monitor{ID: "L48", Version: 1, Severity: finding.High,
	Title:  "Relied-on consent does not cover recipient or purpose",
	Source: "CLDC",
}
