package referral

import "caseledger/domain/event"

// Tellable lists what of this area could be told: of each referral that was
// sent, where to and how it stands. Why is never told with it.
func Tellable(s State) []event.Item {
	var items []event.Item
	for _, r := range s.Referrals {
		if r.SentAt.IsZero() || r.Details.Destination == "" || r.Stage == Cancelled {
			continue
		}
		items = append(items, event.Item{Category: category(r.Details.Destination), Source: r.source, Facts: []event.Fact{
			{Name: "destination", Value: string(r.Details.Destination)},
			{Name: "status", Value: string(r.Stage)},
			{Name: "sentAt", Value: r.SentAt.String()},
			{Name: "statusAt", Value: r.At.String()},
		}})
	}
	return items
}
