package lawfulness

import "caseledger/domain/finding"

// l02: something was told on a consent that the person had taken back by then,
// which nobody had put on the record yet: lawful as known, not in hindsight
// (common law duty of confidentiality; UK GDPR Article 5(1)(d)).
var l02 = Monitor{ID: "L02", Version: 1, Severity: finding.High,
	Title:  "Disclosure after withdrawal, recorded late",
	Source: "CLDC; accuracy",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		if len(withdrawals(v, d, true)) > 0 {
			return nil // finding L01
		}
		return afterWithdrawal(v, d, withdrawals(v, d, false))
	},
}
