package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"caseledger/api/recording"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/domain/policy"
	"caseledger/domain/reference"
)

func (p *program) policySimulateCommand() *cobra.Command {
	var w whatIf
	c := &cobra.Command{
		Use: "simulate", Short: "Say which past verdicts other rules, or the end of an agreement, would change", Args: cobra.NoArgs,
		Example: "  caseledger policy simulate --rules rules.json --gates gates.cedar --since 2026-01-01\n" +
			"  caseledger policy simulate --end-agreement DSA-1 --at 2026-03-01T00:00:00Z --json",
		Long: "Judges every decision and every act of telling on the record again, as known then: by the rules of then, and by those of the files; or had an " +
			"agreement been terminated at a moment. It lists those that come out differently, or for other reasons, one person after the other. Nothing is recorded.\n\n" +
			"It opens the record with every key of the data folder, holds one person's history at a time, and runs beside the process that writes.",
		RunE: func(cmd *cobra.Command, _ []string) error { return p.policySimulate(cmd.Context(), w) },
	}
	w.files = ruleFiles(c)
	c.Flags().StringVar(&w.since, "since", "", "only what was decided or told at this time or later: an RFC 3339 time, or a day")
	c.Flags().StringVar(&w.agreement, "end-agreement", "", "an agreement that would have ended: an identifier, or a label of a journal")
	c.Flags().StringVar(&w.at, "at", "", "when it would have ended: an RFC 3339 time, or a day")
	return c
}

// whatIf is what a simulation is asked.
type whatIf struct {
	files         *documents
	since         string
	agreement, at string
}

// changedVerdict is a decision, or an act of telling, that comes out otherwise.
type changedVerdict struct {
	Person event.UUID `json:"person"`
	Turned bool       `json:"turned"` // a permit becomes a refusal, or a refusal a permit
	lawfulness.Change
}

func (p *program) policySimulate(ctx context.Context, w whatIf) error {
	if w.files.given() == (w.agreement != "") {
		return usage("one of --end-agreement, and --rules or --gates, is needed")
	}
	if (w.agreement != "") != (w.at != "") || w.agreement != "" && w.since != "" {
		return usage("--end-agreement goes with --at, and --rules and --gates with --since")
	}
	proposed, err := w.files.parse()
	if err != nil {
		return err
	}
	r, err := p.open(ctx, reading)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	shared, err := r.shared(ctx)
	if err != nil {
		return err
	}
	ask, err := w.question(shared, proposed)
	if err != nil {
		return err
	}
	people, changed, turned := 0, 0, 0
	out := newLines(p.out)
	head, err := r.head(ctx)
	if err != nil {
		return err
	}
	bar := p.progressOf("judge", int64(head))
	var at event.Position
	for s, err := range r.store.ReadAll(ctx, 0) {
		if err != nil {
			return errors.Join(err, out.flush())
		}
		bar.add(int64(s.Position - at))
		at = s.Position
		if s.Stream.Kind != event.CaseStream || s.Revision != 1 {
			continue
		}
		history, err := r.history(ctx, r.codec.Reader, s.Stream.Of)
		if err != nil {
			return errors.Join(err, out.flush())
		}
		people++
		for _, c := range ask(lawfulness.NewHistory(s.Stream.Of, history, nil, shared)) {
			changed++
			one := changedVerdict{s.Stream.Of, c.Turned(), c}
			if one.Turned {
				turned++
			}
			if p.json() {
				err = p.object(out, one)
			} else {
				_, err = out.Write([]byte(one.text()))
			}
			if err != nil {
				return err
			}
		}
	}
	bar.end()
	if err := out.flush(); err != nil {
		return err
	}
	sum := fmt.Sprintf("%d people: %d verdicts differ, %d of them turn; nothing was recorded", people, changed, turned)
	if p.json() {
		p.say("%s", sum)
		return nil
	}
	return p.printf("%s\n", sum)
}

// question is what is asked of each person's history.
func (w whatIf) question(shared *lawfulness.Shared, proposed *lawfulness.RuleSet) (func(*lawfulness.History) []lawfulness.Change, error) {
	if w.agreement != "" {
		at, err := startOf("at", w.at)
		if err != nil {
			return nil, err
		}
		id := of(w.agreement, agreementID)
		if _, there := shared.Now().Agreement(id); !there {
			return nil, fmt.Errorf("the record holds no such agreement: %w", errNotFound)
		}
		return func(h *lawfulness.History) []lawfulness.Change { return lawfulness.WhatIfAgreementEnds(h, id, at) }, nil
	}
	since, err := startOf("since", w.since)
	if err != nil {
		return nil, err
	}
	return func(h *lawfulness.History) []lawfulness.Change { return lawfulness.WhatIfRules(h, proposed, since) }, nil
}

// startOf reads a time from which on something is asked, or from which on it
// is so; zero if none is said.
func startOf(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	when, err := event.ParseWhen(text)
	if err != nil {
		return time.Time{}, usage("--%s wants an RFC 3339 time with its offset, or a day", flag)
	}
	return when.Earliest(), nil
}

// text is a changed verdict in words.
func (c changedVerdict) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  %s\n  %s\n  then %s\n  else %s\n", c.Person, c.At, c.Event, flowLine(c.Flow), verdictLine(c.Before), verdictLine(c.After))
	for _, s := range c.Shifts {
		verb := "passes:"
		if s.Fails {
			verb = "fails:"
		}
		fmt.Fprintf(&b, "    %-4s %s %s\n", s.Gate, verb, s.Failure.Message)
	}
	return b.String()
}

func (p *program) publishCommand() *cobra.Command {
	var as, reason string
	c := &cobra.Command{
		Use: "publish", Short: "Put a rule set into force, on the record", Args: cobra.NoArgs,
		Example: "  caseledger policy publish --rules rules.json --gates gates.cedar --as DPO1/DPO/HUB-CAM --reason \"agreed on 1 March\"",
		Long: "Records the documents byte for byte, and that from now on disclosures are judged by them. What was decided stays under the rules of then. " +
			"A version is given once; what cannot be read, and what would be in force before a rule set that is published already, is refused. " +
			"Publishing what is in force records nothing. The record must not be open elsewhere.\n\n" +
			"See first what it changes: `caseledger policy test`, `policy diff` and `policy simulate`.",
		RunE: func(cmd *cobra.Command, _ []string) error { return nil },
	}
	files := ruleFiles(c)
	c.RunE = func(cmd *cobra.Command, _ []string) error { return p.policyPublish(cmd.Context(), *files, as, reason) }
	c.Flags().StringVar(&as, "as", "", "who publishes: a label or an identifier, a stroke, the role DPO or CALDICOTT, a stroke, and their organisation")
	c.Flags().StringVar(&reason, "reason", "", "why, in your own words")
	return c
}

// publishedSet is a rule set that was put into force.
type publishedSet struct {
	RuleSet policy.Version   `json:"ruleSet"`
	Hash    event.Commitment `json:"ruleSetHash"`
	Events  int              `json:"events"` // 0: it was in force already
}

// publisherNamed reads who publishes, as an actor of the record.
func publisherNamed(as string, t trusted) (event.Actor, error) {
	parts := strings.Split(as, "/")
	if len(parts) != 3 || !labelShape.MatchString(parts[0]) {
		return event.Actor{}, usage("--as wants a label, a stroke, a role, a stroke and an organisation, such as DPO1/DPO/HUB-CAM")
	}
	role := event.Role(parts[1])
	org, ok := t.register.ByCode(reference.OrganisationCode(parts[2]))
	if !ok || !reference.HeldOn(role, org.Side) {
		return event.Actor{}, usage("--as names no organisation that is known, or a role that its side does not have")
	}
	return event.Actor{ID: of(parts[0], actorID), Role: role, Side: org.Side, Org: org.ID}, nil
}

func (p *program) policyPublish(ctx context.Context, files documents, as, reason string) error {
	if !files.given() {
		return usage("--rules or --gates is needed")
	}
	set, err := files.parse() // says the file and the line, which the record does not
	if err != nil {
		return err
	}
	rules, gates, err := files.texts()
	if err != nil {
		return err
	}
	body := policy.PublishRuleSet{Version: set.Version(), Rules: string(rules), Gates: string(gates), Reason: reason}
	if wrong := body.Validate(); len(wrong) > 0 {
		return usage("--%s: %s", strings.TrimPrefix(wrong[0].Pointer, "/"), wrong[0].Message)
	}
	o, err := p.opening(writing)
	if err == nil {
		err = o.there()
	}
	if err != nil {
		return err
	}
	t, err := known(o.dir)
	if err != nil {
		return err
	}
	by, err := publisherNamed(as, t)
	if err != nil {
		return err
	}
	p.announce()
	r, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	// The position names the command: what was in force, replaced and comes back
	// is another one.
	head, err := r.head(ctx)
	if err != nil {
		return err
	}
	done, err := r.recorder(p.now, t).Record(ctx, recording.Request{Command: "publish-rule-set", Body: body, Stream: event.Policy,
		ID: event.DeriveUUID("policy-publish", fmt.Appendf(nil, "%d", head)), Actor: by, Origin: event.Live, IfAny: true})
	if err != nil {
		return err
	}
	out := publishedSet{RuleSet: set.Version(), Hash: set.Hash(), Events: len(done.Events)}
	if p.json() {
		return p.object(p.out, out)
	}
	if out.Events == 0 {
		return p.printf("rule set %s is in force already; nothing was recorded\n", out.RuleSet)
	}
	return p.printf("rule set %s is in force from now on: %d events\n", out.RuleSet, out.Events)
}
