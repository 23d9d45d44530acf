package consent

import (
	"strconv"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// RecordAuthority says that a document was seen that lets an attorney or a
// deputy decide for the person.
type RecordAuthority struct {
	event.Timed
	Kind      Giver      `json:"kind"` // ATTORNEY or DEPUTY
	Reference Reference  `json:"reference"`
	Holder    event.UUID `json:"holder"` // who may act, by an identifier of our own
	// Decisions are the kinds of decision it extends to; none means all.
	Decisions []Kind    `json:"decisions,omitempty"`
	From      event.Day `json:"from"`
	To        event.Day `json:"to,omitzero"` // the last day; left out, no end
	Document  string    `json:"document,omitempty"`
}

// Validate reports fields that cannot be understood.
func (b RecordAuthority) Validate() []fault.Field {
	var f fault.Fields
	fault.OneOf(&f, "/kind", b.Kind, []Giver{Attorney, Deputy})
	f.If(!b.Reference.wellFormed(), "/reference", "malformed-reference", "not the form of a reference")
	f.If(b.Holder.IsZero(), "/holder", "required", "say who may act")
	f.If(len(b.Decisions) > len(Kinds), "/decisions", "too-many", "too many kinds of decision")
	for i, k := range b.Decisions {
		fault.OneOf(&f, "/decisions/"+strconv.Itoa(i), k, []Kind{Treatment, Screening, Disclosure, GDPR})
	}
	f.If(b.From == 0, "/from", "required", "say from when")
	f.If(b.To != 0 && b.To < b.From, "/to", "ends-before-it-begins", "the authority ends before it begins")
	f.Text("/document", b.Document, 500, true)
	return f
}

// Check lets every authority stand: that a document was seen is a fact.
func (b RecordAuthority) Check(State, event.Context) error { return nil }

// Events records the authority.
func (b RecordAuthority) Events(_ State, c event.Context) []event.Draft {
	d := AuthorityToActRecorded{Authority: c.NewID("authority"), Kind: b.Kind, Reference: b.Reference, Holder: b.Holder,
		Decisions: b.Decisions, From: b.From, To: b.To}
	if b.Document != "" {
		d.Document = event.Own(b.Document)
	}
	return []event.Draft{{Data: d}}
}
