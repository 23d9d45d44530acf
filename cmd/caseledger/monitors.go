package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"caseledger/api/recording"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/reactor"
)

// monitorsFile is where the monitors keep how far they are. It may be removed
// while nothing runs: it is made again from the ledger.
const monitorsFile = "monitors.db"

// monitors is what judges the record and writes down what it found, and what
// falls due by the clock, with its own memory. It needs a record that is open for writing.
type monitors struct {
	*reactor.Reactor
	keep *keep.Database
}

// monitors opens what judges the record. now is the moment up to which it does.
// recorder gives the commands that fall due; nil: they are left for a server.
func (r *record) monitors(ctx context.Context, t trusted, now func() time.Time, recorder *recording.Recorder, progress func(reactor.Sum)) (*monitors, error) {
	k, err := r.openMemo(ctx)
	if err != nil {
		return nil, err
	}
	config := reactor.Config{Store: r.follows, Codec: r.codec, Keep: k, Surroundings: r.surroundings(t),
		Judges: reactor.Monitors(), Broken: poisonous, Clock: now, After: time.After, Progress: progress}
	if recorder != nil {
		config.Do = givingWhatIsDue(recorder)
	}
	return &monitors{reactor.New(config), k}, nil
}

func (m *monitors) close() error { return m.keep.Close() }

// unjudged is the error of a run that could not judge everybody. The others
// were judged.
type unjudged []reactor.Parked

func (u unjudged) Error() string {
	return fmt.Sprintf("%d streams cannot be read and were not judged; the first is %s, at entry %d: %s", len(u), u[0].Stream, u[0].At, u[0].Reason)
}

// mostParked bounds how many streams that cannot be read are listed.
const mostParked = 100

// judge judges everybody the ledger says more of, or everybody, once. The
// error is [unjudged] where somebody could not be, and [errInUse] where a process
// that serves the record judges.
func (r *record) judge(ctx context.Context, t trusted, now func() time.Time, everybody bool, progress func(reactor.Sum)) (sum reactor.Sum, _ error) {
	if r.at.views.server == "" {
		return r.judgeAlone(ctx, t, now, everybody, progress)
	}
	led, err := once(ctx, r.at.views.url, func(ctx context.Context) (err error) {
		if _, err = r.recognise(ctx); err == nil {
			sum, err = r.judgeAlone(ctx, t, now, everybody, progress)
		}
		return err
	})
	if err == nil && !led {
		err = fmt.Errorf("%w: one that serves the record judges it", errInUse)
	}
	return sum, err
}

func (r *record) judgeAlone(ctx context.Context, t trusted, now func() time.Time, everybody bool, progress func(reactor.Sum)) (reactor.Sum, error) {
	m, err := r.monitors(ctx, t, now, nil, progress)
	if err != nil {
		return reactor.Sum{}, err
	}
	sum, err := m.CatchUp(ctx, everybody)
	if err == nil {
		var parked []reactor.Parked
		if parked, err = m.keep.Parked(ctx, mostParked); err == nil && len(parked) > 0 {
			err = unjudged(parked)
		}
	}
	return sum, errors.Join(err, m.close())
}

// follow judges what is recorded, and what becomes due, until ctx ends. What
// fails is tried again, later each time, up to a minute; where another process
// has taken over it is left to that one, unless this one was elected.
func (m *monitors) follow(ctx context.Context, elected bool, log *slog.Logger, after func(time.Duration) <-chan time.Time) {
	for wait := time.Second; ; wait = min(wait*2, time.Minute) {
		err := m.Run(ctx)
		if ctx.Err() != nil {
			return
		}
		log.ErrorContext(ctx, "monitors stopped", slog.String("error", err.Error()))
		if errors.Is(err, reactor.ErrFenced) && !elected {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-after(wait):
		}
	}
}
