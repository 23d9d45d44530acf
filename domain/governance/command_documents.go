package governance

import (
	"slices"
	"strconv"
	"strings"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// ApproveDPIA says that an impact assessment was approved.
type ApproveDPIA struct {
	event.Timed
	// DPIA is the assessment of which this is the next version; left out, it is
	// a first one.
	DPIA       event.UUID `json:"dpia,omitzero"`
	Processing Processing `json:"processing"`
	Residual   Residual   `json:"residualRisk"`
	Consulted  bool       `json:"regulatorConsulted,omitempty"`
	ReviewDue  event.Day  `json:"reviewDue"`
	DPOAdvice  string     `json:"dpoAdvice"`
	Mitigation string     `json:"mitigation"`
}

// Validate names what cannot be understood.
func (b ApproveDPIA) Validate() []fault.Field {
	var f fault.Fields
	fault.OneOf(&f, "/processing", b.Processing, Processings)
	fault.OneOf(&f, "/residualRisk", b.Residual, Residuals)
	f.If(b.ReviewDue == 0, "/reviewDue", "required", "this must be given")
	if strings.TrimSpace(b.DPOAdvice) != "" {
		f.Text("/dpoAdvice", b.DPOAdvice, longestText, true)
	}
	f.Text("/mitigation", b.Mitigation, longestText, false)
	return f
}

// Check refuses an approval without the data protection officer's advice (UK
// GDPR Article 35(2)), one of a high risk that the regulator was not consulted
// about (Article 36(1)), and one that is due for review already.
func (b ApproveDPIA) Check(s State, c event.Context) error {
	if err := ours(c); err != nil {
		return err
	}
	i := slices.IndexFunc(s.DPIAs, func(d DPIA) bool { return d.DPIA == b.DPIA })
	switch {
	case strings.TrimSpace(b.DPOAdvice) == "":
		return fault.Refuse("no-dpo-advice", "an assessment is approved on the data protection officer's advice")
	case b.Residual == "HIGH" && !b.Consulted:
		return fault.Refuse("regulator-not-consulted", "where the risk stays high the regulator is consulted first")
	case b.ReviewDue <= day(c):
		return fault.Refuse("review-past", "the review is due after the approval")
	case !b.DPIA.IsZero() && i < 0:
		return fault.Refuse("no-such-dpia", "the organisation has approved no such assessment")
	case !b.DPIA.IsZero() && s.DPIAs[i].Processing != b.Processing:
		return fault.Refuse("dpia-of-another-processing", "the assessment is of another processing")
	}
	return nil
}

// Events records the approval.
func (b ApproveDPIA) Events(s State, c event.Context) []event.Draft {
	id, version := b.DPIA, 1
	if id.IsZero() {
		id = c.NewID("dpia")
	}
	for _, d := range s.DPIAs {
		if d.DPIA == id {
			version = max(version, d.Version+1)
		}
	}
	return []event.Draft{{Data: DPIAApproved{DPIA: id, Version: version, Processing: b.Processing, Residual: b.Residual, Consulted: b.Consulted,
		ReviewDue: b.ReviewDue, DPOAdvice: event.Own(b.DPOAdvice), Mitigation: event.Own(b.Mitigation)}}}
}

// RecordProcessingChange says that a processing is no longer what was
// assessed.
type RecordProcessingChange struct {
	event.Timed
	Processing Processing `json:"processing"`
	Change     string     `json:"change"`
}

// Validate names what cannot be understood.
func (b RecordProcessingChange) Validate() []fault.Field {
	var f fault.Fields
	fault.OneOf(&f, "/processing", b.Processing, Processings)
	f.Text("/change", b.Change, longestText, false)
	return f
}

// Check refuses another controller's organisation.
func (b RecordProcessingChange) Check(_ State, c event.Context) error { return ours(c) }

// Events records the change.
func (b RecordProcessingChange) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: ProcessingChanged{Processing: b.Processing, Change: event.Own(b.Change)}}}
}

// PublishPolicyDocument puts an appropriate policy document into force.
type PublishPolicyDocument struct {
	event.Timed
	// Document is the one of which this is the next version; left out, it is a
	// first one.
	Document  event.UUID `json:"document,omitzero"`
	Condition Condition  `json:"condition"`
	From      event.Day  `json:"from"`
	ReviewDue event.Day  `json:"reviewDue"`
}

// Validate names what cannot be understood.
func (b PublishPolicyDocument) Validate() []fault.Field {
	var f fault.Fields
	fault.OneOf(&f, "/condition", b.Condition, Conditions)
	f.If(b.From == 0, "/from", "required", "this must be given")
	f.If(b.ReviewDue == 0, "/reviewDue", "required", "this must be given")
	return f
}

// Check refuses a document that would never be in review, and a version of one
// that is not there.
func (b PublishPolicyDocument) Check(s State, c event.Context) error {
	if err := ours(c); err != nil {
		return err
	}
	i := slices.IndexFunc(s.Documents, func(d Document) bool { return d.Document == b.Document })
	switch {
	case b.ReviewDue <= b.From:
		return fault.Refuse("review-past", "the review is due after the document begins")
	case !b.Document.IsZero() && i < 0:
		return fault.Refuse("no-such-document", "the organisation has published no such document")
	case !b.Document.IsZero() && s.Documents[i].Condition != b.Condition:
		return fault.Refuse("document-for-another-condition", "the document is for another condition")
	}
	return nil
}

// Events records the document.
func (b PublishPolicyDocument) Events(s State, c event.Context) []event.Draft {
	id, version := b.Document, 1
	if id.IsZero() {
		id = c.NewID("document")
	}
	for _, d := range s.Documents {
		if d.Document == id {
			version = max(version, d.Version+1)
		}
	}
	return []event.Draft{{Data: PolicyDocumentPublished{Document: id, Version: version, Condition: b.Condition, From: b.From, ReviewDue: b.ReviewDue}}}
}

// RecordRopaEntry records one entry of the record of processing.
type RecordRopaEntry struct {
	event.Timed
	// Entry is the one that this replaces; left out, it is another one.
	Entry         event.UUID       `json:"entry,omitzero"`
	Purpose       event.Purpose    `json:"purpose"`
	RecipientSide event.Side       `json:"recipientSide"`
	Categories    []event.Category `json:"categories"`
	From          event.Day        `json:"from"`
}

// Validate names what cannot be understood.
func (b RecordRopaEntry) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/purpose", b.Purpose, reference.Purposes.Listed)
	fault.OneOf(&f, "/recipientSide", b.RecipientSide, event.Sides)
	f.If(len(b.Categories) == 0, "/categories", "required", "this must be given")
	for i, c := range b.Categories {
		at := "/categories/" + strconv.Itoa(i)
		fault.Listed(&f, at, c, reference.ValidScope)
		f.If(slices.Contains(b.Categories[:i], c), at, "duplicate", "this is given twice")
	}
	f.If(b.From == 0, "/from", "required", "this must be given")
	return f
}

// Check refuses to replace an entry that is not there.
func (b RecordRopaEntry) Check(s State, c event.Context) error {
	if err := ours(c); err != nil {
		return err
	}
	if !b.Entry.IsZero() && !slices.ContainsFunc(s.Ropa, func(e Entry) bool { return e.Entry == b.Entry }) {
		return fault.Refuse("no-such-entry", "the record of processing holds no such entry")
	}
	return nil
}

// Events records the entry.
func (b RecordRopaEntry) Events(_ State, c event.Context) []event.Draft {
	id := b.Entry
	if id.IsZero() {
		id = c.NewID("entry")
	}
	return []event.Draft{{Data: RopaEntryRecorded{Entry: id, Purpose: b.Purpose, RecipientSide: b.RecipientSide, Categories: b.Categories, From: b.From}}}
}
