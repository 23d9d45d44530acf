package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"caseledger/api/recording"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/rights"
	"caseledger/eventstore/erasure"
)

// shredding is what `keys shred` was asked for.
type shredding struct {
	request, period string
	data            []string
	actor, role     string
	org, reason     string
	yes, resume     bool
}

func (p *program) keysShredCommand() *cobra.Command {
	var with shredding
	c := &cobra.Command{
		Use: "shred PERSON", Short: "Decide that a part of a person's record is erased, and destroy its keys", Args: cobra.MaximumNArgs(1),
		Long: "Decides, as `erase-record` or `dispose-record` over the API would, that data classes of a person's record are erased: on a request for erasure that was granted (--request), " +
			"or because a retention period is over and was reviewed (--period). It is refused while a legal hold stands, within a minimum, and while another controller of the side keeps what the same keys seal. " +
			"Then it carries the decision out and prints the receipt: what is gone, what is kept and why, and until when a backup may still hold a key.\n\n" +
			"What was sealed by the destroyed keys is unreadable for ever. Unless --yes is given, the person's identifier must be typed to go on.\n\n" +
			"The decision is --actor's, with a role at an organisation that may take it: a label of the cast in a folder of invented people, otherwise an identifier with --role and --org. " +
			"Where a process serves a record on servers, that one carries the decision out; a data folder that is being served is refused, and the API is the way in.\n\n" +
			"With --resume, and no person, it decides nothing and carries out what was decided and is not finished, also what the restoration of an older keystore brought back.",
		Example: "  caseledger keys shred A --request 5eed0000-0000-8000-8000-000000000001 --classes health --actor SIR1 --reason 'Asked for in person.'\n" +
			"  caseledger keys shred A --period 5eed0000-0000-8000-8000-000000000002 --classes health,identity --actor SIR1 --yes --json\n" +
			"  caseledger keys shred --resume",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case with.resume && len(args) == 0:
				return p.keysResume(cmd.Context())
			case with.resume || len(args) == 0:
				return usage("name a person, or give --resume alone")
			}
			return p.keysShred(cmd.Context(), args[0], with)
		},
	}
	c.Flags().StringVar(&with.request, "request", "", "the person's request for erasure, which was granted")
	c.Flags().StringVar(&with.period, "period", "", "the retention period that is over, and was reviewed to be disposed of")
	c.Flags().StringSliceVar(&with.data, "classes", nil, "which data classes: identity, health, offence")
	c.Flags().StringVar(&with.actor, "actor", "", "who decides: an identifier, or a label of the cast")
	c.Flags().StringVar(&with.role, "role", "", "in which role")
	c.Flags().StringVar(&with.org, "org", "", "at which organisation, by its code")
	c.Flags().StringVar(&with.reason, "reason", "", "why, in words; kept with the decision, of a request")
	c.Flags().BoolVar(&with.yes, "yes", false, "do not ask to type the person's identifier")
	c.Flags().BoolVar(&with.resume, "resume", false, "finish what was decided and not carried out")
	return c
}

func (p *program) keysReceiptsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "receipts PERSON", Short: "Show what was erased of a person's record, and what waits to be", Args: cobra.ExactArgs(1),
		Long:    "Shows each disposal and each erasure of a person's record with its receipt, and those that were decided and are not carried out. PERSON is an identifier, or a label of a journal. It changes nothing and may run beside a server.",
		Example: "  caseledger keys receipts A\n  caseledger keys receipts A --json",
		RunE:    func(cmd *cobra.Command, args []string) error { return p.keysReceipts(cmd.Context(), args[0]) },
	}
}

// decision is the command that decides what was asked for.
func (s shredding) decision() (name string, body any, err error) {
	var data []event.Class
	for _, d := range s.data {
		data = append(data, event.Class(d))
	}
	id := func(flag, text string) event.UUID {
		u, bad := event.ParseUUID(text)
		if bad != nil {
			err = usage("--%s wants an identifier", flag)
		}
		return u
	}
	switch {
	case (s.request == "") == (s.period == ""):
		return "", nil, usage("give --request or --period")
	case len(data) == 0:
		return "", nil, usage("--classes says which data classes")
	case s.request != "":
		if strings.TrimSpace(s.reason) == "" {
			return "", nil, usage("--reason says why, in words")
		}
		b := casefile.EraseRecord{EraseRecord: rights.EraseRecord{Request: id("request", s.request), Data: data, Reason: s.reason}}
		return "erase-record", b, err
	case s.reason != "":
		return "", nil, usage("--reason is of a request; why a period is over, its review says")
	}
	b := casefile.DisposeRecord{DisposeRecord: rights.DisposeRecord{Period: id("period", s.period), Data: data}}
	return "dispose-record", b, err
}

// by is who decides.
func (s shredding) by(synthetic bool, t trusted) (event.Actor, error) {
	var a event.Actor
	if m, ok := memberNamed(s.actor); ok && synthetic {
		o, known := t.register.ByCode(m.org)
		if s.role != "" || s.org != "" {
			o, known = t.register.ByCode(reference.OrganisationCode(s.org))
			m.role = event.Role(s.role)
		}
		a = event.Actor{ID: actorID(s.actor), Role: m.role, Side: o.Side, Org: o.ID}
		if !known {
			return a, usage("--org names no organisation that is known")
		}
		return a, nil
	}
	id, err := event.ParseUUID(s.actor)
	o, known := t.register.ByCode(reference.OrganisationCode(s.org))
	switch {
	case err != nil || id.IsZero():
		return a, usage("--actor says who decides, by their identifier")
	case !known:
		return a, usage("--org says at which organisation, by its code")
	case !reference.HeldOn(event.Role(s.role), o.Side):
		return a, usage("--role says in which role, of those that the organisation's side has")
	}
	return event.Actor{ID: id, Role: event.Role(s.role), Side: o.Side, Org: o.ID}, nil
}

func (p *program) keysShred(ctx context.Context, label string, with shredding) error {
	name, body, err := with.decision()
	if err != nil {
		return err
	}
	return p.erase(ctx, func(r *record, t trusted, now func() time.Time) (event.UUID, error) {
		who := personOf(label)
		actor, err := with.by(r.synthetic, t)
		if err != nil {
			return who, err
		}
		if err := p.confirmed(who, with); err != nil {
			return who, err
		}
		id, err := r.vault.Attempt()
		if err != nil {
			return who, err
		}
		out, err := r.recorder(now, t).Record(ctx, recording.Request{Command: name, Body: body, Person: who, Stream: event.Case(who), ID: id,
			Actor: actor, Purpose: "AUDIT", Origin: event.Live, IfAny: true})
		if err == nil {
			p.say("decided: event %s", out.Events[0])
		}
		return who, err
	})
}

// errUnconfirmed: what was typed is not what had to be.
var errUnconfirmed = errors.New("not confirmed: nothing was decided")

// confirmed asks to type the person's identifier.
func (p *program) confirmed(who event.UUID, with shredding) error {
	if with.yes {
		return nil
	}
	p.say("What the %s keys of this person seal will be unreadable for ever, for everybody. Type the person's identifier, %s, to go on:", strings.Join(with.data, " and "), who)
	line, _ := bufio.NewReader(p.in).ReadString('\n')
	if strings.TrimSpace(line) != who.String() {
		return fmt.Errorf("%w; --yes asks nothing", errUnconfirmed)
	}
	return nil
}

// keysResume carries out what waits.
func (p *program) keysResume(ctx context.Context) error {
	return p.erase(ctx, func(*record, trusted, func() time.Time) (event.UUID, error) { return event.UUID{}, nil })
}

// erase decides something and carries out what waits, that among it; where another
// process serves the record, that one does. Then it prints what was carried out, or
// that it was left to somebody.
func (p *program) erase(ctx context.Context, decide func(*record, trusted, func() time.Time) (event.UUID, error)) error {
	settings, err := p.config.erasing()
	if err != nil {
		return err
	}
	o, r, _, err := p.openInTime(ctx, "")
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	now := o.now
	t, err := known(r.dir)
	if err != nil {
		return err
	}
	who, err := decide(r, t, now)
	if err != nil {
		return err
	}
	var done []erasure.Receipt
	led := true
	if r.at.views.server == "" {
		done, err = r.eraseAlone(ctx, t, settings, now)
	} else {
		led, err = once(ctx, r.at.views.url, func(ctx context.Context) (err error) {
			if _, err = r.recognise(ctx); err == nil {
				done, err = r.eraseAlone(ctx, t, settings, now)
			}
			return err
		})
	}
	if led {
		p.sealRecorded(ctx, o, r)
	}
	return errors.Join(p.printErased(done, who, led), err)
}

// eraseAlone carries out what waits, as the only process that follows the record.
func (r *record) eraseAlone(ctx context.Context, t trusted, with erasing, now func() time.Time) (done []erasure.Receipt, err error) {
	var left unjudged
	if _, err := r.judgeAlone(ctx, t, now, false, nil); err != nil && !errors.As(err, &left) {
		return nil, err
	}
	m, err := r.monitors(ctx, t, now, nil, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	views, err := r.views(ctx, t, viewOptions)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, views.close()) }()
	following, stop := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err := views.each(func(one *side) error {
			err := one.runner.Run(following)
			if following.Err() == nil {
				stop(err) // what waits for the read models waits in vain
			}
			return err
		})
		stop(err)
	}()
	done, err = r.eraser(with, m, views, now, nil).CatchUp(following)
	if err != nil && ctx.Err() == nil && following.Err() != nil {
		err = errors.Join(context.Cause(following), err)
	}
	stop(nil)
	<-ended
	return done, err
}

// printErased prints receipts, or what became of a decision that has none yet.
func (p *program) printErased(done []erasure.Receipt, who event.UUID, led bool) error {
	for _, r := range done {
		if err := p.printReceipt(r); err != nil {
			return err
		}
	}
	if !led && !who.IsZero() {
		p.say("decided; the process that serves the record carries it out: `caseledger keys receipts %s` shows the receipt", who)
	}
	if len(done) == 0 && led {
		p.say("nothing was left to carry out, or a legal hold stands")
	}
	return nil
}

func (p *program) printReceipt(r erasure.Receipt) error {
	if p.json() {
		return p.object(p.out, r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "receipt %s\n", r.Event)
	fmt.Fprintf(&b, "  erased   %s of %s, kept by %s, on %s: %d keys destroyed, %d events concerned\n", classesOf(r.Data), event.Case(r.Person), r.Side,
		event.DayOf(r.At), r.Keys, r.Events)
	for _, k := range r.Kept {
		fmt.Fprintf(&b, "  kept     %s, %d keys: %s", k.Class, k.Keys, k.Why)
		if !k.Hold.IsZero() {
			fmt.Fprintf(&b, " %s", k.Hold)
		}
		switch {
		case k.Until != 0:
			fmt.Fprintf(&b, " until the end of %s", k.Until)
		case !k.Period.IsZero():
			b.WriteString(" without an end")
		}
		b.WriteString("\n")
	}
	for _, w := range r.Purged {
		fmt.Fprintf(&b, "  purged   %s: %d\n", w.By, w.Items)
	}
	switch {
	case r.Rewrapped:
		b.WriteString("  wrapped  the keys that are left, by another key-encryption key\n")
	case r.RewrapBy != 0:
		fmt.Fprintf(&b, "  wrapped  by the end of %s the keys that are left will be, by another key-encryption key\n", r.RewrapBy)
	default:
		b.WriteString("  wrapped  not by itself: `caseledger keys rewrap` makes copies of the keystore from before useless\n")
	}
	fmt.Fprintf(&b, "  copies   a backup of the keystore may hold a destroyed key until the end of %s; it opens only with a copy of the key-encryption key of its time\n", r.CopiesUntil)
	return p.printf("%s", b.String())
}

func classesOf(all []event.Class) string {
	var names []string
	for _, c := range all {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}

// decidedErasure is a disposal or an erasure of a person's record.
type decidedErasure struct {
	Erasure  event.UUID       `json:"erasure"`
	Request  event.UUID       `json:"request,omitzero"`
	Period   event.UUID       `json:"period,omitzero"`
	Side     event.Side       `json:"side"`
	Data     []event.Class    `json:"data"`
	Decided  event.When       `json:"decidedAt"`
	Decision event.ID         `json:"decision"`
	Receipt  *erasure.Receipt `json:"receipt,omitempty"` // absent while it waits
}

func (p *program) keysReceipts(ctx context.Context, label string) error {
	r, err := p.open(ctx, reading)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	who := personOf(label)
	history, err := r.history(ctx, r.codec.Reader, who)
	if err != nil {
		return err
	}
	if len(history) == 0 {
		return fmt.Errorf("the ledger holds nothing about such a person: %w", errNotFound)
	}
	receipts := erasure.Receipts(history)
	for _, d := range rights.Fold(event.Standing(history)).Disposed {
		one := decidedErasure{d.ID, d.Request, d.Period, d.Side, d.Data, d.At, d.Source, nil}
		if i := slices.IndexFunc(receipts, func(r erasure.Receipt) bool { return r.Decision == d.Source }); i >= 0 {
			one.Receipt = &receipts[i]
		}
		switch {
		case p.json():
			err = p.object(p.out, one)
		case one.Receipt != nil:
			err = p.printReceipt(*one.Receipt)
		default:
			err = p.printf("waiting   %s of %s, kept by %s, decided on %s\n", classesOf(d.Data), event.Case(who), d.Side, event.DayOf(d.At.Earliest()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
