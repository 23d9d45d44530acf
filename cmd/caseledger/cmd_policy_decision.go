package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/eventstore/codec"
)

func (p *program) rejudgeCommand() *cobra.Command {
	var at string
	c := &cobra.Command{
		Use: "rejudge DECISION", Short: "Judge a past decision again: as known then, in hindsight, and now", Args: cobra.ExactArgs(1),
		Example: "  caseledger policy rejudge 5eed0000-0000-8000-8000-000000000001 --data /tmp/alpha\n" +
			"  caseledger policy rejudge 5eed0000-0000-8000-8000-000000000001 --at 2026-06-30 --json",
		Long: "Judges a decision on the record by the facts and rules as known then; by the facts as later corrected, and the rules of then; and by the " +
			"facts and rules of now, as if it were asked again. Each difference is explained by the entries that made it. What was decided stays as it is.\n\n" +
			"It opens the record with every key of the data folder: whoever can run it can read everybody, and it leaves no trace in the ledger.",
		RunE: func(cmd *cobra.Command, args []string) error { return p.policyRejudge(cmd.Context(), args[0], at) },
	}
	c.Flags().StringVar(&at, "at", "", "the moment that counts as now: an RFC 3339 time, or a day, which counts to its end")
	return c
}

// rejudgedDecision is a decision with whose it is.
type rejudgedDecision struct {
	Person event.UUID `json:"person"`
	lawfulness.Rejudged
	Stored storedDecision `json:"stored"`
}

// storedDecision is what a decision said of itself when it was recorded.
type storedDecision struct {
	By      event.Actor        `json:"by"`
	Flow    disclosure.Flow    `json:"flow"`
	Basis   disclosure.Basis   `json:"basis"`
	Reason  disclosure.Reason  `json:"reason,omitempty"`
	RuleSet disclosure.RuleSet `json:"ruleSet,omitempty"` // empty where nothing judged it
	Hash    string             `json:"ruleSetHash,omitempty"`
}

// rejudge judges a decision again, as asked at a moment.
func (p *program) rejudge(ctx context.Context, id event.UUID, at time.Time) (out rejudgedDecision, err error) {
	r, err := p.open(ctx, reading)
	if err != nil {
		return out, err
	}
	defer func() { _ = r.close() }()
	who, decided, err := r.decision(ctx, id)
	if err != nil {
		return out, err
	}
	shared, err := r.shared(ctx)
	if err != nil {
		return out, err
	}
	history, err := r.joined(ctx, who, at)
	if err != nil {
		return out, err
	}
	again, ok := lawfulness.Rejudge(lawfulness.NewHistory(who, history, nil, shared), id, at)
	if !ok {
		return out, fmt.Errorf("the decision was entered in error: %w", errNotFound)
	}
	d, _ := decided.Data.(disclosure.DisclosureDecided)
	out = rejudgedDecision{who, again, storedDecision{By: decided.Actor, Flow: d.Flow, Basis: d.Basis, Reason: d.Reason, RuleSet: d.RuleSet}}
	if d.RuleSet != "" {
		out.Stored.Hash = hex.EncodeToString(d.RuleSetHash[:])
	}
	return out, nil
}

// decision finds a decision in the ledger, and whose it is. It looks through
// the ledger, and opens the decisions alone.
func (r *record) decision(ctx context.Context, id event.UUID) (person event.UUID, found event.Recorded, err error) {
	for s, err := range r.store.ReadAll(ctx, 0) {
		if err != nil {
			return person, found, err
		}
		if s.Stream.Kind != event.CaseStream {
			continue
		}
		if meta, err := codec.Peek(s.Body); err != nil || meta.Type != "disclosure.decided" {
			continue
		}
		e, err := r.codec.Decode(ctx, s)
		if err != nil {
			return person, found, err
		}
		if d, ok := e.Data.(disclosure.DisclosureDecided); ok && e.Operational == event.Open && d.Decision == id {
			person, found = s.Stream.Of, e // a correction of it is the later one
		}
	}
	if person.IsZero() {
		return person, found, fmt.Errorf("the record holds no such decision: %w", errNotFound)
	}
	return person, found, nil
}

func (p *program) explainDecision(ctx context.Context, id event.UUID) error {
	out, err := p.rejudge(ctx, id, p.now())
	if err != nil {
		return err
	}
	if p.json() {
		return p.object(p.out, struct {
			Person    event.UUID         `json:"person"`
			Decision  event.UUID         `json:"decision"`
			Event     event.ID           `json:"event"`
			At        event.When         `json:"at"`
			Outcome   disclosure.Outcome `json:"outcome"`
			Failed    []disclosure.Gate  `json:"failedGates"`
			Stored    storedDecision     `json:"stored"`
			AsKnown   lawfulness.Verdict `json:"asKnown"`
			Hindsight lawfulness.Verdict `json:"hindsight"`
		}{out.Person, out.Decision, out.Event, out.At, out.Outcome, out.Failed, out.Stored, out.AsKnown, out.Hindsight})
	}
	var b strings.Builder
	out.head(&b)
	verdictTo(&b, "With what was known then", out.AsKnown)
	verdictTo(&b, "With what is known now", out.Hindsight)
	return p.printf("%s", b.String())
}

func (p *program) policyRejudge(ctx context.Context, which, at string) error {
	id, err := event.ParseUUID(which)
	if err != nil {
		return usage("DECISION is the identifier of a decision; `caseledger replay` has them")
	}
	now, err := p.moment("at", at)
	if err != nil {
		return err
	}
	out, err := p.rejudge(ctx, id, now)
	if err != nil {
		return err
	}
	if p.json() {
		return p.object(p.out, out)
	}
	var b strings.Builder
	out.head(&b)
	for _, v := range []struct {
		name    string
		verdict lawfulness.Verdict
		shifts  []lawfulness.Shift
	}{{"Facts and rules as known then", out.AsKnown, nil}, {"Facts as known now, rules of then", out.Hindsight, out.Corrected}, {"Facts and rules of now", out.Now, out.Changed}} {
		fmt.Fprintf(&b, "\n%-34s %s\n", v.name, verdictLine(v.verdict))
		for _, s := range v.shifts {
			shiftTo(&b, s)
		}
	}
	return p.printf("%s", b.String())
}

// head says what was decided.
func (d rejudgedDecision) head(b *strings.Builder) {
	fmt.Fprintf(b, "Decision %s, at %s, by a %s of %s: %s", d.Decision, d.At, d.Stored.By.Role, organisationName(d.Stored.By.Org), d.Outcome)
	if d.Stored.Reason != "" {
		fmt.Fprintf(b, ", %s", d.Stored.Reason)
	}
	fmt.Fprintf(b, "\n%s\n", flowLine(d.Stored.Flow))
	rules := "nothing judged it when it was recorded"
	if d.Stored.RuleSet != "" {
		rules = "rule set " + string(d.Stored.RuleSet)
	}
	fmt.Fprintf(b, "Stored with it: rule %s, %s, failed gates %s\n", orNone(string(d.Stored.Basis.Rule)), rules, orNone(codes(d.Failed)))
}

// flowLine is who would tell whom what, and what for.
func flowLine(f disclosure.Flow) string {
	to := organisationName(f.ToOrg)
	if f.ToOrg.IsZero() {
		to = string(f.Direction.To)
	}
	return fmt.Sprintf("%s to %s, for %s: %s", organisationName(f.FromOrg), to, orNone(string(f.Purpose)), orNone(codes(f.Categories)))
}

func organisationName(id event.UUID) string {
	if o, ok := theRegister.ByID(id); ok {
		return o.Label
	}
	if id.IsZero() {
		return "nobody named"
	}
	return id.String()
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// verdictLine is a verdict on one line.
func verdictLine(v lawfulness.Verdict) string {
	if v.Permit {
		return fmt.Sprintf("PERMIT under %s, rule set %s", v.Rule, v.RuleSet)
	}
	if v.Rule == "" {
		return fmt.Sprintf("REFUSE, no rule is about it, rule set %s", v.RuleSet)
	}
	return fmt.Sprintf("REFUSE under %s, gates %s, rule set %s", v.Rule, codes(v.Gates()), v.RuleSet)
}

// verdictTo prints a verdict with every rule that is about the flow.
func verdictTo(b *strings.Builder, name string, v lawfulness.Verdict) {
	fmt.Fprintf(b, "\n%s: %s\n", name, verdictLine(v))
	for _, c := range v.Candidates {
		if len(c.Failed) == 0 {
			fmt.Fprintf(b, "  %s  %s: nothing stands against it\n", c.Rule, c.Text)
			continue
		}
		fmt.Fprintf(b, "  %s  %s\n", orNone(string(c.Rule)), c.Text)
		for _, f := range c.Failed {
			failureTo(b, f)
		}
	}
	for _, w := range v.Warnings {
		fmt.Fprintf(b, "  beside it, %s: %s\n", w.Monitor, w.Message)
	}
}

func failureTo(b *strings.Builder, f lawfulness.Failure) {
	fmt.Fprintf(b, "    %-4s %-34s %s (%s)\n", f.Gate, f.Code, f.Message, f.Source)
}

// shiftTo prints what came or went, and which entries made it so.
func shiftTo(b *strings.Builder, s lawfulness.Shift) {
	verb := "passes again:"
	if s.Fails {
		verb = "fails:"
	}
	fmt.Fprintf(b, "    %-4s %s %s\n", s.Gate, verb, s.Failure.Message)
	switch {
	case len(s.Events) == 0 && s.RuleSet:
		fmt.Fprintf(b, "         because the rules are others\n")
	case len(s.Events) == 0:
		fmt.Fprintf(b, "         because time passed\n")
	default:
		fmt.Fprintf(b, "         because of %s\n", ids(s.Events))
	}
}

func ids(events []event.ID) string {
	var all []string
	for _, e := range events {
		all = append(all, e.String())
	}
	return strings.Join(all, ", ")
}
