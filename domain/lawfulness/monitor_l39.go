package lawfulness

import "caseledger/domain/finding"

var l39 = Monitor{ID: "L39", Version: 1, Severity: finding.Critical,
	Title:  "Ledger gap, hash break, or event after disclosure back-dated > 24 h (policy) without CorrectionReason",
	Source: "Art 5(1)(f), s.62",
}
