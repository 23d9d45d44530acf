package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// The codes of alarms that this package raises.
const (
	// AlarmRecovery: what is there is not what was signed, as far as the sealer
	// can see when it begins: see [Recover].
	AlarmRecovery = "recovery-required"
	// AlarmVerification: an entry, or a tile, is not what it was, or not what it
	// may be.
	AlarmVerification = "verification-failed"
	// AlarmRetired: the ledger has ended, and its successor is named. It is never
	// lifted.
	AlarmRetired = "retired"
)

var (
	// ErrAlarm: an alarm is raised, and nothing is sealed.
	ErrAlarm = errors.New("ledger: an alarm is raised")
	// ErrNoAlarm: there is no alarm to lift, or not the one that was meant.
	ErrNoAlarm = errors.New("ledger: no such alarm is raised")
	// ErrRetired: the ledger has ended.
	ErrRetired = errors.New("ledger: the ledger is retired")
	// ErrReason: a reason is missing, or longer than [MaxReasonBytes].
	ErrReason = errors.New("ledger: a reason is required")
)

// MaxReasonBytes bounds the reason for lifting an alarm. It must name nobody.
const MaxReasonBytes = 1000

// Lifting is an alarm that was lifted, and why.
type Lifting struct {
	Alarm    Alarm     `json:"alarm"`
	Reason   string    `json:"reason"`
	LiftedAt time.Time `json:"liftedAt"`
}

// RegisterLiftings holds the last [maxLiftings] alarms that were lifted, newest
// first: [Lifting]s as a JSON array.
const RegisterLiftings = "alarm-liftings"

const maxLiftings = 16

// ReadAlarm returns the alarm that is raised; nil if there is none.
func ReadAlarm(ctx context.Context, shelf Shelf) (*Alarm, error) {
	a, _, err := readAlarm(ctx, shelf)
	return a, err
}

func readAlarm(ctx context.Context, shelf Shelf) (*Alarm, []byte, error) {
	raw, err := shelf.Load(ctx, RegisterAlarm)
	if err != nil {
		return nil, nil, fmt.Errorf("ledger: read the alarm: %w", err)
	}
	if len(raw) == 0 {
		return nil, raw, nil
	}
	a := Alarm{Code: AlarmVerification, Detail: "the alarm itself cannot be read"} // whatever it says, it is there
	var is Alarm
	if json.Unmarshal(raw, &is, json.RejectUnknownMembers(true)) == nil && is.Code != "" {
		a = is
	}
	return &a, raw, nil
}

// RaiseAlarm raises an alarm durably. One that is raised already stays: the first
// is the cause.
func RaiseAlarm(ctx context.Context, shelf Shelf, a Alarm) error {
	value, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("ledger: raise an alarm: %w", err)
	}
	for {
		was, raw, err := readAlarm(ctx, shelf)
		if err != nil || was != nil {
			return err
		}
		if err := shelf.Swap(ctx, RegisterAlarm, raw, value); !errors.Is(err, ErrMoved) {
			if err != nil {
				return fmt.Errorf("ledger: raise an alarm: %w", err)
			}
			return nil
		}
	}
}

// LiftAlarm ends an alarm, iff it is the one that is raised, and keeps it with
// the reason. [ErrNoAlarm], [ErrRetired], [ErrReason]. If it ends in between,
// the alarm is still raised, and may be told twice among the liftings.
func LiftAlarm(ctx context.Context, shelf Shelf, a Alarm, reason string, at time.Time) error {
	if reason == "" || len(reason) > MaxReasonBytes {
		return fmt.Errorf("%w, of at most %d bytes", ErrReason, MaxReasonBytes)
	}
	is, raw, err := readAlarm(ctx, shelf)
	switch {
	case err != nil:
		return err
	case is == nil || is.Code != a.Code || is.Detail != a.Detail || !is.RaisedAt.Equal(a.RaisedAt):
		return ErrNoAlarm
	case is.Code == AlarmRetired:
		return ErrRetired
	}
	if err := keepLifting(ctx, shelf, Lifting{*is, reason, at.UTC()}); err != nil {
		return err
	}
	err = shelf.Swap(ctx, RegisterAlarm, raw, []byte{})
	if errors.Is(err, ErrMoved) {
		return ErrNoAlarm
	}
	if err != nil {
		return fmt.Errorf("ledger: lift the alarm: %w", err)
	}
	return nil
}

func keepLifting(ctx context.Context, shelf Shelf, l Lifting) error {
	was, raw, err := readLiftings(ctx, shelf)
	if err != nil {
		return err
	}
	all := append([]Lifting{l}, was...)
	value, err := json.Marshal(all[:min(len(all), maxLiftings)])
	if err == nil {
		err = shelf.Swap(ctx, RegisterLiftings, raw, value)
	}
	if err != nil {
		return fmt.Errorf("ledger: write down why the alarm is lifted: %w", err)
	}
	return nil
}

// ReadLiftings returns the last alarms that were lifted, newest first.
func ReadLiftings(ctx context.Context, shelf Shelf) ([]Lifting, error) {
	l, _, err := readLiftings(ctx, shelf)
	return l, err
}

func readLiftings(ctx context.Context, shelf Shelf) (l []Lifting, raw []byte, err error) {
	if raw, err = shelf.Load(ctx, RegisterLiftings); err != nil {
		return nil, nil, fmt.Errorf("ledger: read the alarms that were lifted: %w", err)
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, raw, nil
	}
	if err := json.Unmarshal(raw, &l, json.RejectUnknownMembers(true)); err != nil {
		return nil, nil, fmt.Errorf("ledger: read the alarms that were lifted: %w", err)
	}
	return l, raw, nil
}
