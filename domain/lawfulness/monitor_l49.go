package lawfulness

import "caseledger/domain/finding"

var l49 = Monitor{ID: "L49", Version: 1, Severity: finding.Critical,
	Title:  "Relied-on consent was INVALID or never ACTIVE",
	Source: "CLDC",
}
