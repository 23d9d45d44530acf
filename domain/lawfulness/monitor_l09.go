package lawfulness

import "caseledger/domain/finding"

var l09 = Monitor{ID: "L09", Version: 1, Severity: finding.High,
	Title:  "Criminal data without Art 10/Sch 1 or official authority",
	Source: "Art 10, DPA s.10–11",
}
