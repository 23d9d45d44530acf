package disclosure

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// ReportUnplannedDisclosure reports that something was told that nobody had
// decided to tell. It is always accepted.
type ReportUnplannedDisclosure struct {
	event.Timed
	// Decision is the one it went beyond, Consent the one it was thought to
	// rest on, if any.
	Decision event.UUID `json:"decision,omitzero"`
	Consent  event.UUID `json:"consent,omitzero"`
	Flow
	Mishap Mishap `json:"mishap"`
	Method Method `json:"method,omitempty"`
	How    string `json:"how,omitempty"`
	// Items is what was told, where the recipient keeps it. Without items
	// nothing of the report reaches the recipient's record.
	Items []event.Item `json:"items,omitempty"`
}

// Validate names what cannot be understood.
func (b ReportUnplannedDisclosure) Validate() []fault.Field {
	var f fault.Fields
	f.Under("", b.Flow.validate())
	f.If(len(b.Categories) == 0, "/categories", "required", "say what was told")
	fault.OneOf(&f, "/mishap", b.Mishap, Mishaps)
	code(&f, "/method", b.Method, Methods)
	f.Text("/how", b.How, 4000, true)
	f.Under("/items", validItems(b.Items))
	f.If(len(b.Items) > 0 && (b.ToOrg.IsZero() || b.Direction.To == ""), "/toOrg", "required", "say who keeps what was told")
	return f
}

// Check lets every report stand.
func (b ReportUnplannedDisclosure) Check(State, event.Context) error { return nil }

// Events records the report.
func (b ReportUnplannedDisclosure) Events(_ State, c event.Context) []event.Draft {
	d := UnplannedDisclosureReported{Disclosure: c.NewID("disclosure"), Decision: b.Decision, Consent: b.Consent,
		Flow: b.Flow, Mishap: b.Mishap, Method: b.Method}
	if b.How != "" {
		d.How = event.Own(b.How)
	}
	if len(b.Items) > 0 && b.Direction.To != "" {
		d.Snapshot = true
		d.Notice = event.Own(Notice{Disclosure: d.Disclosure, Flow: b.Flow, Method: b.Method})
		d.ToldIdentity, d.ToldHealth, d.ToldOffence = boxed(b.Items)
	}
	return []event.Draft{{Data: d}}
}
