package lawfulness

import "caseledger/domain/finding"

var l16 = Monitor{ID: "L16", Version: 1, Severity: finding.High,
	Title:  "Public-interest decision incomplete (any R04 field blank)",
	Source: "CLDC; GMC",
}
