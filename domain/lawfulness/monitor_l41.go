package lawfulness

import "caseledger/domain/finding"

var l41 = Monitor{ID: "L41", Version: 1, Severity: finding.High,
	Title:  "NDO ignored in evaluation/research extract",
	Source: "NDO",
}
