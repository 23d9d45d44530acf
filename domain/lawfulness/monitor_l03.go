package lawfulness

import "caseledger/domain/finding"

var l03 = Monitor{ID: "L03", Version: 1, Severity: finding.Critical,
	Title:  "Contrary to live refusal/objection and no overriding rule",
	Source: "s.251B(4); CLDC",
}
