package lawfulness

import "caseledger/domain/finding"

var l31 = Monitor{ID: "L31", Version: 1, Severity: finding.Critical,
	Title:  "Wrong-person disclosure (identifier later unlinked as wrong)",
	Source: "Art 5(1)(d),(f)",
}
