package lawfulness

import "caseledger/domain/finding"

var l43 = Monitor{ID: "L43", Version: 1, Severity: finding.Medium,
	Title:  "GP refusal",
	Source: "NHS England, registering with a GP",
}
