package casefile

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
	"caseledger/domain/supervision"
)

// Who may say what about the supervision: probation staff, and for custody
// also prison healthcare.
var (
	practitioners = []event.Role{"PP", "SPO"}
	custodians    = []event.Role{"PP", "SPO", "PRISON_HC"}
	courtRecords  = []event.Role{"PP", "SPO", "COURT"}
	explainers    = []event.Role{"PP", "SPO", "COURT", "TX_PROV", "HUB_CLIN", "HUB_NURSE", "LD"}
	suspenders    = []event.Role{"PP", "SPO", "PRISON_HC", "HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "TX_PROV"}
)

func ofSupervision(s State) supervision.State { return s.Supervision }

var supervisionCommands = []Command{
	in[supervision.State, supervision.StartSupervision]("start-supervision",
		"Say that a court placed the person under supervision.", ofSupervision, courtRecords...),
	in[supervision.State, supervision.RecordWillingness]("record-requirement-willingness",
		"Say that the person expressed willingness to comply with a requirement.", ofSupervision, courtRecords...),
	in[supervision.State, supervision.ImposeRequirement]("impose-requirement",
		"Say that the court imposed a requirement.", ofSupervision, courtRecords...),
	in[supervision.State, supervision.EndRequirement]("end-requirement",
		"End a requirement.", ofSupervision, courtRecords...),
	in[supervision.State, supervision.AllocatePractitioner]("allocate-practitioner",
		"Say who supervises the person from now on.", ofSupervision, practitioners...),
	in[State, IssueBreachWarning]("issue-breach-warning",
		"Warn the person of a breach without reasonable excuse.", whole, practitioners...),
	in[State, ReferForEnforcement]("refer-for-enforcement",
		"Refer a breach without reasonable excuse to an enforcement officer.", whole, practitioners...),
	in[State, EnterCustody]("enter-custody",
		"Say that the person is in custody, and hold up what cannot go on.", whole, custodians...),
	in[State, SuspendForCustody]("suspend-for-custody",
		"Hold up what cannot go on while the person is in custody.", whole, suspenders...),
	in[supervision.State, supervision.RecallToCustody]("recall-to-custody",
		"Say that the person on licence was recalled.", ofSupervision, practitioners...),
	in[supervision.State, supervision.NoteRiskRegistration]("note-risk-registration",
		"Say which registration about risk the probation case system holds.", ofSupervision, practitioners...),
	in[supervision.State, supervision.ExplainReporting]("explain-reporting",
		"Say that the person was told what is reported under a requirement.", ofSupervision, explainers...),
	in[supervision.State, supervision.ReleaseOnLicence]("release-on-licence",
		"Say that the person left custody under a licence.", ofSupervision, custodians...),
	in[State, TransferCase]("transfer-case",
		"Pass the case to another probation region.", whole, practitioners...),
	in[supervision.State, supervision.EndSupervision]("end-supervision",
		"End an order or licence.", ofSupervision, courtRecords...),
}

// IssueBreachWarning warns the person of a breach without reasonable excuse.
// It rests on what came of appointments that may be enforced.
type IssueBreachWarning struct {
	event.Timed
	Appointments  []event.UUID `json:"appointments"`
	Circumstances string       `json:"circumstances"`
}

// longestText, of what people write about a case, is in characters.
const longestText = 4000

// Validate names the fields that cannot be accepted.
func (c IssueBreachWarning) Validate() []fault.Field {
	var f fault.Fields
	evidence(&f, c.Appointments)
	f.Text("/circumstances", c.Circumstances, longestText, false)
	return f
}

// Check refuses a warning that cites an appointment nobody had to keep, an
// outcome that is acceptable or not decided, and a second one within twelve
// months, which must be referred instead.
func (c IssueBreachWarning) Check(s State, ctx event.Context) error {
	at := ctx.When().Latest()
	if _, live := s.Supervision.LiveOrder(event.DayOf(at)); !live {
		return fault.Refuse("no-live-supervision", "nobody who is not under supervision can breach it")
	}
	if err := s.breach(c.Appointments); err != nil {
		return err
	}
	if s.Supervision.WarningActive(at) {
		return fault.Refuse("warning-active", "a warning of the last twelve months stands: refer the breach instead")
	}
	return nil
}

// Events records the warning.
func (c IssueBreachWarning) Events(_ State, ctx event.Context) []event.Draft {
	return []event.Draft{{Side: event.Probation, Data: supervision.BreachWarningIssued{
		Warning: ctx.NewID("warning"), Appointments: c.Appointments, Circumstances: event.Own(c.Circumstances)}}}
}

// TransferCase passes the case to another probation region.
type TransferCase struct {
	event.Timed
	To            reference.Region `json:"to"`
	HandoverUntil event.Day        `json:"handoverUntil"` // the last day of the handover
}

// Validate names the fields that cannot be accepted.
func (c TransferCase) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/to", c.To, reference.Regions.Listed)
	f.If(c.HandoverUntil == 0, "/handoverUntil", "required", "this must be given")
	return f
}

// Check refuses the region that has the case, one that is not in force, and a
// handover that ends before the transfer.
func (c TransferCase) Check(s State, ctx event.Context) error {
	day := event.DayOf(ctx.When().Earliest())
	switch {
	case c.To == s.region():
		return fault.Refuse("same-region", "the case is with this region already")
	case !reference.Regions.Known(c.To, day):
		return fault.Refuse("code-not-in-force", "the region does not exist on that day")
	case c.HandoverUntil < day:
		return fault.Refuse("handover-before-transfer", "the handover cannot end before the transfer")
	}
	return nil
}

// Events records the transfer.
func (c TransferCase) Events(s State, _ event.Context) []event.Draft {
	return []event.Draft{{Data: supervision.CaseTransferred{From: s.region(), To: c.To, HandoverUntil: c.HandoverUntil}}}
}

// region is the probation region that has the case.
func (s State) region() reference.Region {
	if s.Supervision.Region != "" {
		return s.Supervision.Region
	}
	return s.Person.Region
}
