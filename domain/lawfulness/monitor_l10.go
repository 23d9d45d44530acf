package lawfulness

import "caseledger/domain/finding"

var l10 = Monitor{ID: "L10", Version: 1, Severity: finding.High,
	Title:  "Recipient outside agreement",
	Source: "DSA; Art 5(1)(b)",
}
