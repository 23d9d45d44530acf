package lawfulness

import "caseledger/domain/finding"

var l29 = Monitor{ID: "L29", Version: 1, Severity: finding.High,
	Title:  "Therapy content reported under MHTR",
	Source: "minimisation",
}
