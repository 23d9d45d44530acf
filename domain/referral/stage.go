package referral

import "slices"

// Stage is where a referral stands (domain reference section 6.2).
type Stage string

// The stages.
const (
	NoStage          Stage = "" // not there yet
	Draft            Stage = "DRAFT"
	Sent             Stage = "SENT"
	Acknowledged     Stage = "ACKNOWLEDGED"
	Accepted         Stage = "ACCEPTED"
	Waiting          Stage = "WAITING"
	FirstContact     Stage = "FIRST_CONTACT"
	InTreatment      Stage = "IN_TREATMENT"
	Completed        Stage = "COMPLETED"
	Rejected         Stage = "REJECTED"
	Returned         Stage = "RETURNED"
	OnHold           Stage = "ON_HOLD"
	Withdrawn        Stage = "WITHDRAWN"
	Cancelled        Stage = "CANCELLED"
	ClosedNotEngaged Stage = "CLOSED_NOT_ENGAGED"
)

// Stages lists the stages of a referral that is there.
var Stages = []Stage{Draft, Sent, Acknowledged, Accepted, Waiting, FirstContact, InTreatment, Completed,
	Rejected, Returned, OnHold, Withdrawn, Cancelled, ClosedNotEngaged}

// move is a step that a command takes a referral.
type move string

// The moves, named as their commands.
const (
	draft           move = "draft-referral"
	send            move = "send-referral"
	acknowledge     move = "acknowledge-referral"
	accept          move = "accept-referral"
	reject          move = "reject-referral"
	giveBack        move = "return-referral"
	hold            move = "hold-referral"
	resume          move = "resume-referral"
	wait            move = "start-referral-wait"
	firstContact    move = "record-first-contact"
	treat           move = "start-referral-treatment"
	complete        move = "record-referral-outcome"
	withdraw        move = "withdraw-referral"
	cancel          move = "cancel-referral"
	closeNotEngaged move = "close-referral-not-engaged"
	registerRefused move = "refuse-gp-registration"
	register        move = "accept-gp-registration"
	letter          move = "record-gp-refusal-letter"
)

var (
	// delivered are the stages between being sent and being seen. A recipient
	// that skips a message has still done what it stands for.
	delivered = []Stage{Sent, Acknowledged, Accepted, Waiting}
	open      = []Stage{Sent, Acknowledged, Accepted, Waiting, FirstContact, InTreatment, Returned}
	unended   = append([]Stage{Draft, OnHold}, open...)
)

// moves says from which stages each move may be made, and where it leads; an
// empty stage leads where the referral stood before it was put on hold.
var moves = map[move]struct {
	from []Stage
	to   Stage
}{
	draft:           {[]Stage{NoStage}, Draft},
	send:            {[]Stage{NoStage, Draft, Returned}, Sent},
	acknowledge:     {[]Stage{Sent}, Acknowledged},
	accept:          {[]Stage{Sent, Acknowledged}, Accepted},
	reject:          {[]Stage{Sent, Acknowledged}, Rejected},
	giveBack:        {[]Stage{Sent, Acknowledged}, Returned},
	hold:            {open, OnHold},
	resume:          {[]Stage{OnHold}, NoStage},
	wait:            {[]Stage{Accepted}, Waiting},
	firstContact:    {delivered, FirstContact},
	treat:           {[]Stage{FirstContact}, InTreatment},
	complete:        {[]Stage{FirstContact, InTreatment}, Completed},
	withdraw:        {unended, Withdrawn},
	cancel:          {unended, Cancelled},
	closeNotEngaged: {unended, ClosedNotEngaged},
	registerRefused: {delivered, Rejected},
	register:        {delivered, Completed},
	letter:          {[]Stage{Rejected}, Rejected},
}

// Ended reports whether nothing more can come of a referral at this stage.
func (s Stage) Ended() bool {
	return slices.Contains([]Stage{Completed, Rejected, Withdrawn, Cancelled, ClosedNotEngaged}, s)
}

// Open reports whether a recipient has, or may still take up, the referral.
func (s Stage) Open() bool { return slices.Contains(open, s) || s == OnHold }
