package appointment

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// Tellable lists what of this area could be told to somebody, each with the
// event it came from: that a health contact happened or was missed. Plain
// supervision is no health contact.
func Tellable(s State) []event.Item {
	var items []event.Item
	for _, a := range s.Appointments {
		if a.Kind == reference.SupervisionAppointment || a.Kind == "" || a.Delius == "" && a.NHS == "" {
			continue
		}
		facts := []event.Fact{{Name: "kind", Value: string(a.Kind)}, {Name: "on", Value: event.DayOf(a.Slot.Start()).String()}}
		var attended reference.Answer
		if a.NHS != "" {
			n, _ := reference.NHSAttendances.Latest(a.NHS)
			attended = n.Attended
			facts = append(facts, event.Fact{Name: "nhsCode", Value: string(a.NHS)})
		} else {
			d, _ := reference.DeliusOutcomes.Latest(a.Delius)
			attended = d.Attended
			facts = append(facts, event.Fact{Name: "outcome", Value: string(a.Delius)})
		}
		facts = append(facts, event.Fact{Name: "attended", Value: string(attended)})
		items = append(items, event.Item{Category: "H.ATTENDANCE", Source: a.source, Facts: facts})
	}
	return items
}
