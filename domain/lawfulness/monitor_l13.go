package lawfulness

import "caseledger/domain/finding"

var l13 = Monitor{ID: "L13", Version: 1, Severity: finding.High,
	Title:  "UK GDPR consent used as Art 6 basis by public authority without DPO override",
	Source: "Art 7, recital 43",
}
