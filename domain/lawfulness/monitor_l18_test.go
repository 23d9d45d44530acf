package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

func refuses(r disclosure.Reason) func(*story) {
	return func(s *story) {
		s.record("k", disclosure.DisclosureDecided{Decision: id("k"), Outcome: disclosure.Refuse, Reason: r})
	}
}

var _ = check("L18",
	monitorCase{"a decision without a reason", refuses(""), []want{both("k")}},
	monitorCase{"a decision with one, journey B11", refuses("EXCESS"), nil},
	monitorCase{"a permit without a reason", func(s *story) {
		s.record("k", disclosure.DisclosureDecided{Decision: id("k"), Outcome: disclosure.Permit})
	}, nil},
	monitorCase{"a refusal by the person without a code", func(s *story) { s.record("no", consent.ConsentRefused{Consent: id("c")}) }, []want{both("no")}},
	monitorCase{"a refusal for no reason given", func(s *story) { s.record("no", consent.ConsentRefused{Consent: id("c"), Reason: "NOT_GIVEN"}) }, nil},
	monitorCase{"a reason that was erased", func(s *story) {
		s.record("no", consent.ConsentRefused{})
		s.events[0].Operational = event.Erased
	}, nil},
)
