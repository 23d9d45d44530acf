// An election finds the one process of several that leads: seals, projects,
// judges. It never decides what was written: whoever was elected before is kept
// out by the checkpoint it writes, whose epoch its successor has raised.
package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"caseledger/eventstore/pgsql"
)

// A leader asks its server for a sign of life once in electionBeat. It stops
// leading when its last question that was answered is electionPatience old, and
// when it hears that its session has ended. The server ends a session that has
// asked nothing for electionIdle, and with it the lock: later than that,
// whatever became of the network. A candidate tries for the lock once in
// electionTry, and leads electionGrace after it got it: a leader whose session
// was ended hears of it meanwhile. Together: a leader that is lost without a
// word is replaced within electionIdle + electionTry + electionGrace.
const (
	electionBeat     = time.Second
	electionPatience = 2 * time.Second
	electionIdle     = 3 * time.Second
	electionTry      = 500 * time.Millisecond
	electionGrace    = 500 * time.Millisecond
	// electionRest is the longest pause after a lead that fails at once.
	electionRest = 30 * time.Second
)

// ErrLeadLost is why the context of a lead ended: its session with the server
// is lost, or the server has become a standby. Another process may lead any
// moment.
var ErrLeadLost = errors.New("postgres: the election is lost")

// ElectOptions say what is led, and where that is decided.
type ElectOptions struct {
	// URL is a connection string to the server itself, not to a pooler that
	// shares sessions. All candidates name the same database.
	URL string
	// Name is what is led, "sealer" for instance.
	Name string
	// Changed, if not nil, is told when this process begins to lead and when it
	// no longer may; the calls do not overlap.
	Changed func(leads bool)
	Log     *slog.Logger // must not be nil
	// After is time.After, or a test's.
	After func(time.Duration) <-chan time.Time
}

// Elect campaigns to lead until ctx ends, and calls lead each time it is
// elected. It holds a session-level advisory lock on a connection of its own.
//
// The context of a lead ends with ctx, and as soon as the session may be lost,
// then with the cause [ErrLeadLost]. Elect waits for lead to return and
// campaigns again, also when lead returns by itself, after a pause that grows
// while it fails at once; the lock is released first, so that another process
// may have more luck. When ctx ends, it waits for lead, releases the lock,
// which is held till then, and returns nil.
//
// A leader whose process or session ends is replaced within a second, one that
// falls silent within four. It has been told to stop half a second before, if
// its process runs at all. One that was suspended meanwhile may go on for a
// moment beside its successor: what a lead writes must be fenced, by an epoch
// that each lead raises when it begins.
//
// Errors: [pgsql.ErrConnectionString]. A server that cannot be reached is
// logged, and tried again.
func Elect(ctx context.Context, o ElectOptions, lead func(context.Context) error) error {
	config, err := electionConfig(o.URL)
	if err != nil {
		return err
	}
	c := &candidate{ElectOptions: o, config: config, lead: lead, key: electionKey(o.Name)}
	if c.After == nil {
		c.After = time.After
	}
	pause, said := electionBeat, ""
	for {
		beats, err := c.campaign(ctx)
		if ended(ctx) {
			return nil
		}
		switch {
		case err == nil || errors.Is(err, ErrLeadLost) || time.Duration(beats)*electionBeat > electionRest:
			pause = electionBeat // the lead itself had not failed, or not soon
		case beats > 0:
			pause = min(2*pause, electionRest)
		}
		if err != nil && (beats > 0 || err.Error() != said) { // not every second the same
			c.Log.Error("election", slog.String("of", o.Name), slog.Bool("led", beats > 0), slog.String("error", err.Error()))
			said = err.Error()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-c.After(pause):
		}
	}
}

func ended(ctx context.Context) bool { return ctx.Err() != nil }

// electionKey is the number of the lock.
func electionKey(name string) int64 {
	sum := sha256.Sum256([]byte("caseledger election of " + name))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// electionConfig reads a connection string. The server gives up on a session
// that falls silent: by itself, and where it can, by its network.
func electionConfig(url string) (*pgx.ConnConfig, error) {
	if strings.TrimSpace(url) == "" {
		return nil, pgsql.ErrConnectionString // the driver would look into its environment
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, pgsql.ErrConnectionString // the cause would quote it
	}
	config.ConnectTimeout = electionPatience
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // one round trip
	milliseconds := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	for name, value := range map[string]string{
		"application_name":     "caseledger-election",
		"idle_session_timeout": milliseconds(electionIdle), "tcp_user_timeout": milliseconds(electionIdle),
		"tcp_keepalives_idle": "1", "tcp_keepalives_interval": "1", "tcp_keepalives_count": "2",
		"statement_timeout": milliseconds(electionPatience),
	} {
		config.RuntimeParams[name] = value
	}
	return config, nil
}

// candidate is a process that campaigns.
type candidate struct {
	ElectOptions
	config *pgx.ConnConfig
	lead   func(context.Context) error
	key    int64
}

// campaign tries for the lock until it has it, then leads until that ends. It
// returns how many signs of life the lead saw; 0 if there was none.
func (c *candidate) campaign(ctx context.Context) (beats int, err error) {
	conn, err := pgx.ConnectConfig(ctx, c.config)
	if err != nil {
		return 0, fmt.Errorf("connect: %w", pgsql.Named(ctx, err))
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), electionBeat)
		defer cancel()
		_ = conn.Close(end) // the server frees the lock with the session, at the latest
	}()
	for {
		// From before the question: the server counts from after it.
		beat, again := c.After(electionBeat), c.After(electionTry)
		elected, err := c.ask(ctx, conn, `SELECT NOT pg_is_in_recovery() AND pg_try_advisory_lock($1)`, c.key)
		if err != nil {
			return 0, err
		}
		if elected {
			again = c.After(electionGrace)
		}
		select {
		case <-ctx.Done():
			return 0, nil
		case <-again:
		}
		if elected {
			return c.reign(ctx, conn, beat)
		}
	}
}

// ask puts a question that is answered within the patience of an election.
func (c *candidate) ask(ctx context.Context, conn *pgx.Conn, question string, args ...any) (yes bool, err error) {
	within, cancel := context.WithTimeout(ctx, electionPatience-electionBeat)
	defer cancel()
	if err := conn.QueryRow(within, question, args...).Scan(&yes); err != nil {
		return false, fmt.Errorf("ask the server: %w", pgsql.Named(ctx, err))
	}
	return yes, nil
}

// reign leads, and watches the session until the lead has returned. beat is
// when the next question is due.
func (c *candidate) reign(ctx context.Context, conn *pgx.Conn, beat <-chan time.Time) (beats int, _ error) {
	leading, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	c.changed(true)
	c.Log.Info("elected", slog.String("to", c.Name))
	result := make(chan error, 1)
	go func() { result <- c.lead(leading) }()
	// The session is watched also while a lead whose context has ended returns:
	// the lock is its till then.
	watch := context.WithoutCancel(ctx)
	for beats = 1; ; beats++ {
		returned, ended, lost := listen(watch, conn, result, beat)
		if returned && lost == nil {
			c.changed(false)
			_, unlocking := c.ask(watch, conn, `SELECT pg_advisory_unlock($1)`, c.key)
			return beats, errors.Join(ended, unlocking)
		}
		if lost == nil {
			beat = c.After(electionBeat)
			var primary bool
			if primary, lost = c.ask(watch, conn, `SELECT NOT pg_is_in_recovery()`); lost == nil && primary {
				continue
			}
		}
		stop(ErrLeadLost)
		c.changed(false)
		if !returned {
			ended = <-result
		}
		if errors.Is(ended, context.Canceled) || errors.Is(ended, ErrLeadLost) {
			ended = nil // that we know
		}
		return beats, errors.Join(ErrLeadLost, lost, ended)
	}
}

// listen waits for what a lead returns, for the next beat, or for the end of
// the session, of which it hears at once unless the network is silent.
func listen(ctx context.Context, conn *pgx.Conn, result <-chan error, beat <-chan time.Time) (returned bool, ended, lost error) {
	listening, stop := context.WithCancel(ctx)
	defer stop()
	heard := make(chan error, 1)
	go func() {
		for {
			if _, err := conn.WaitForNotification(listening); err != nil { // nobody notifies it
				heard <- err
				return
			}
		}
	}()
	select {
	case ended = <-result:
		returned = true
		stop()
		lost = <-heard
	case <-beat:
		stop()
		lost = <-heard
	case lost = <-heard:
	}
	if errors.Is(lost, context.Canceled) {
		lost = nil
	}
	if lost != nil {
		lost = fmt.Errorf("listen to the server: %w", pgsql.Named(ctx, lost))
	}
	return returned, ended, lost
}

func (c *candidate) changed(leads bool) {
	if c.Changed != nil {
		c.Changed(leads)
	}
}
