package referral

import (
	"slices"

	"caseledger/domain/event"
)

// Evolve folds one standing event; events of other areas, and events whose
// plain content cannot be read, change nothing. It takes history as it is:
// a move that no command would make still leads where it leads.
func Evolve(s State, e event.Recorded) State {
	own, ok := e.Data.(Event)
	if !ok || e.Operational != event.Open {
		return s
	}
	switch d := own.(type) {
	case ReferralDrafted:
		s = s.change(d.Referral, func(r *Referral) { r.Details = d.Details })
		return s.move(d.Referral, draft, e)
	case ReferralSent:
		s = s.change(d.Referral, func(r *Referral) {
			r.Details = d.Details
			if r.SentAt.IsZero() {
				r.SentAt = e.Effective
			}
		})
		return s.move(d.Referral, send, e)
	case ReferralAcknowledged:
		return s.move(d.Referral, acknowledge, e)
	case ReferralAccepted:
		return s.move(d.Referral, accept, e)
	case ReferralRejected:
		return s.move(d.Referral, reject, e)
	case ReferralReturned:
		return s.move(d.Referral, giveBack, e)
	case ReferralPutOnHold:
		return s.move(d.Referral, hold, e)
	case ReferralResumed:
		return s.move(d.Referral, resume, e)
	case ReferralWaitStarted:
		return s.move(d.Referral, wait, e)
	case FirstContactMade:
		return s.move(d.Referral, firstContact, e)
	case TreatmentStarted:
		return s.move(d.Referral, treat, e)
	case OutcomeRecorded:
		return s.move(d.Referral, complete, e)
	case ReferralWithdrawn:
		return s.move(d.Referral, withdraw, e)
	case ReferralCancelled:
		return s.move(d.Referral, cancel, e)
	case ReferralClosed:
		return s.move(d.Referral, closeNotEngaged, e)
	case GPRegistrationRefused:
		s = s.move(d.Referral, registerRefused, e)
		return s.change(d.Referral, func(r *Referral) {
			r.RefusedAt, r.Letter, r.LetterAt = e.Effective, !d.LetterAt.IsZero(), d.LetterAt
		})
	case GPRegistrationAccepted:
		return s.move(d.Referral, register, e)
	case GPRefusalLetterRecorded:
		return s.change(d.Referral, func(r *Referral) { r.Letter, r.LetterAt = true, e.Effective })
	case WaitThresholdCrossed:
		return s.change(d.Referral, func(r *Referral) { r.Crossed = append(slices.Clip(r.Crossed), d.Timer) })
	case EscalationOpened:
	}
	return s
}

// change changes a copy of one referral, which comes into being if it is not
// there yet.
func (s State) change(id event.UUID, change func(*Referral)) State {
	if id.IsZero() {
		return s
	}
	s.Referrals = slices.Clone(s.Referrals)
	i := slices.IndexFunc(s.Referrals, func(r Referral) bool { return r.ID == id })
	if i < 0 {
		i = len(s.Referrals)
		s.Referrals = append(s.Referrals, Referral{ID: id})
	}
	change(&s.Referrals[i])
	return s
}

func (s State) move(id event.UUID, m move, e event.Recorded) State {
	return s.change(id, func(r *Referral) {
		if r.Side == "" {
			r.Side, r.Org = e.Actor.Side, e.Actor.Org
		}
		to := moves[m].to
		switch m {
		case hold:
			if r.Stage != OnHold {
				r.Held = r.Stage
			}
		case resume:
			if to = r.Held; to == NoStage {
				to = Sent
			}
			r.Held = NoStage
		default: // ends where the table says
		}
		r.Stage, r.At, r.source = to, e.Effective, e.ID
		r.Steps = append(slices.Clip(r.Steps), StepTaken{to, e.Effective})
	})
}
