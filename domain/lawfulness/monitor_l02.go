package lawfulness

import "caseledger/domain/finding"

var l02 = Monitor{ID: "L02", Version: 1, Severity: finding.High,
	Title:  "Disclosure after withdrawal, recorded late",
	Source: "CLDC; accuracy",
}
