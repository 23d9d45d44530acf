package lawfulness

import "caseledger/domain/finding"

var l15 = Monitor{ID: "L15", Version: 1, Severity: finding.Medium,
	Title:  "Appropriate policy document missing/out of review when A9G, Sch 1 Pt 2 or s.42 relied on",
	Source: "Sch 1 para 39; s.42",
}
