package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/domain/policy"
	"caseledger/domain/reference"
)

func (p *program) policyCommand() *cobra.Command {
	explain := &cobra.Command{
		Use: "explain RULE | DECISION", Short: "Say in words what a rule permits, or why a decision came out as it did", Args: cobra.ExactArgs(1),
		Example: "  caseledger policy explain R03\n  caseledger policy explain R03 --rules rules.json --json\n" +
			"  caseledger policy explain 5eed0000-0000-8000-8000-000000000001 --data /tmp/alpha",
		Long: "RULE is one of the rule table, such as R03: who may tell whom, on what it rests, how far it goes, who decides, and every gate that can " +
			"stand in its way, each with its source. It is read from the rule set in force on the record, or from this program where there is no record.\n\n" +
			"DECISION is the identifier of a decision on the record: every rule that is about it and the gates that fail it, by the rules of then, " +
			"as far as was known then and as far as is known now. It opens the record with every key of the data folder.",
	}
	files := ruleFiles(explain)
	explain.RunE = func(cmd *cobra.Command, args []string) error { return p.policyExplain(cmd.Context(), args[0], *files) }

	diff := &cobra.Command{
		Use: "diff V1 V2", Short: "Say what one rule set has otherwise than another", Args: cobra.ExactArgs(2),
		Example: "  caseledger policy diff 2026-01 ./proposed\n  caseledger policy diff 2026-01 2026-02 --data /tmp/alpha --json",
		Long: "V1 and V2 each are the version of a rule set that was published on the record, or that this program brings; or a folder that holds " +
			"rules.json and gates.cedar; or one such file, the other then being this program's own. A path holds a stroke, or ends in .json or .cedar.\n\n" +
			"What differs is said field by field. The order of codes counts, since the first is the usual one; the order of rules and gates does not.",
		RunE: func(cmd *cobra.Command, args []string) error { return p.policyDiff(cmd.Context(), args[0], args[1]) },
	}
	return group("policy", "Read, test and change the rules by which disclosures are judged",
		"  caseledger policy explain R03\n  caseledger policy test --rules rules.json --gates gates.cedar", explain, p.policyTestCommand(), diff, p.rejudgeCommand(),
		p.policySimulateCommand(), p.publishCommand())
}

// documents are the files of a rule set; an empty path stands for the program's
// own document.
type documents struct{ rules, gates string }

func (d documents) given() bool { return d != documents{} }

// ruleFiles gives a command the flags that name a rule set by its files.
func ruleFiles(c *cobra.Command) *documents {
	d := &documents{}
	c.Flags().StringVar(&d.rules, "rules", "", "a file of rules, in place of those in force; gates are then this program's, unless --gates")
	c.Flags().StringVar(&d.gates, "gates", "", "a file of gates, in place of those in force; rules are then this program's, unless --rules")
	return d
}

// largestDocument is the most that a document of a rule set may hold: no more
// can be published.
const largestDocument = 128 << 10

// texts reads the documents.
func (d documents) texts() (rules, gates []byte, err error) {
	rules, gates = lawfulness.DefaultDocuments()
	for path, text := range map[string]*[]byte{d.rules: &rules, d.gates: &gates} {
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, nil, fmt.Errorf("read the rule set: %w", err)
		}
		if info.Size() > largestDocument {
			return nil, nil, usage("%s is longer than a document of a rule set can be", path)
		}
		if *text, err = os.ReadFile(path); err != nil {
			return nil, nil, fmt.Errorf("read the rule set: %w", err)
		}
	}
	return rules, gates, nil
}

// parse reads a rule set strictly; its error names the file and the line.
func (d documents) parse() (*lawfulness.RuleSet, error) {
	rules, gates, err := d.texts()
	if err != nil {
		return nil, err
	}
	set, err := lawfulness.Parse(rules, gates)
	if err != nil {
		text := err.Error()
		for name, path := range map[policy.Name]string{policy.Rules: d.rules, policy.Gates: d.gates} {
			if after, ours := strings.CutPrefix(text, string(name)); ours && path != "" {
				text = path + after
			}
		}
		return nil, usage("%s", text)
	}
	return set, nil
}

// ruleSet is the rule set of the files that are named; or else the one in force
// on the record; or else this program's.
func (p *program) ruleSet(ctx context.Context, d documents) (*lawfulness.RuleSet, error) {
	if d.given() {
		return d.parse()
	}
	around, err := p.known(ctx)
	return around.Rules(p.now()), err
}

// known is what stands around the cases of the record, as it is now; nothing
// where there is no record.
func (p *program) known(ctx context.Context) (lawfulness.Known, error) {
	o, err := p.opening(reading)
	if err != nil {
		return lawfulness.Known{}, err
	}
	if err := o.there(); errors.Is(err, errNotFound) {
		return lawfulness.Known{}, nil
	}
	r, err := o.open(ctx)
	if err != nil {
		return lawfulness.Known{}, err
	}
	defer func() { _ = r.close() }()
	shared, err := r.shared(ctx)
	if err != nil {
		return lawfulness.Known{}, err
	}
	return shared.Now(), nil
}

// shared is what stands around the cases of the record.
func (r *record) shared(ctx context.Context) (*lawfulness.Shared, error) {
	t, err := known(r.dir)
	if err != nil {
		return nil, err
	}
	return r.surroundings(t).Shared(ctx)
}

// versioned is a rule set by its version, on the record or in this program, or
// by where its files are.
func (p *program) versioned(ctx context.Context, which string) (*lawfulness.RuleSet, error) {
	if d, ok, err := documentsAt(which); err != nil || ok {
		if err != nil {
			return nil, err
		}
		return d.parse()
	}
	around, err := p.known(ctx)
	if err != nil {
		return nil, err
	}
	for _, set := range append(around.RuleSets(), lawfulness.Default()) {
		if string(set.Version()) == which {
			return set, nil
		}
	}
	return nil, fmt.Errorf("no rule set %q was published here: %w", which, errNotFound)
}

// documentsAt are the files of a rule set under a path; false if it is none.
func documentsAt(path string) (documents, bool, error) {
	switch {
	case strings.HasSuffix(path, ".json"):
		return documents{rules: path}, true, nil
	case strings.HasSuffix(path, ".cedar"):
		return documents{gates: path}, true, nil
	case !strings.ContainsRune(path, '/') && !strings.ContainsRune(path, filepath.Separator):
		return documents{}, false, nil
	}
	d := documents{filepath.Join(path, string(policy.Rules)), filepath.Join(path, string(policy.Gates))}
	for _, file := range []*string{&d.rules, &d.gates} {
		if _, err := os.Stat(*file); errors.Is(err, fs.ErrNotExist) {
			*file = ""
		}
	}
	if !d.given() {
		return d, false, fmt.Errorf("there is no %s and no %s in %s: %w", policy.Rules, policy.Gates, path, errNotFound)
	}
	return d, true, nil
}

// explainedRule is a rule with everything that can stand in its way.
type explainedRule struct {
	RuleSet policy.Version      `json:"ruleSet"`
	Hash    event.Commitment    `json:"ruleSetHash"`
	Rule    lawfulness.Rule     `json:"rule"`
	Gates   []lawfulness.Policy `json:"gates"`
}

func (p *program) policyExplain(ctx context.Context, what string, files documents) error {
	if id, err := event.ParseUUID(what); err == nil {
		if files.given() {
			return usage("a decision is explained by the rules of then; `caseledger policy simulate` asks what others would make of it")
		}
		return p.explainDecision(ctx, id)
	}
	if !slices.Contains(disclosure.Rules, disclosure.Rule(what)) {
		return usage("this is neither a rule, such as R03, nor the identifier of a decision")
	}
	set, err := p.ruleSet(ctx, files)
	if err != nil {
		return err
	}
	r, ok := set.RuleAt(disclosure.Rule(what), event.DayOf(p.now()))
	if !ok {
		r, ok = set.Rule(disclosure.Rule(what))
	}
	if !ok {
		return fmt.Errorf("rule set %s has no rule %s: %w", set.Version(), what, errNotFound)
	}
	out := explainedRule{RuleSet: set.Version(), Hash: set.Hash(), Rule: r}
	if r.Of == lawfulness.Telling {
		out.Gates = set.PoliciesOf(r)
	}
	if p.json() {
		return p.object(p.out, out)
	}
	return p.printRule(out)
}

// acts say what a rule that is not about telling is about.
var acts = map[lawfulness.Act]string{lawfulness.Presence: "It is about somebody of another controller who is in the room. Nobody proposes that: it is judged when it happened.",
	lawfulness.Access: "It is about somebody who reads what their own controller holds. Nobody proposes that: it is judged when it happened.",
	lawfulness.Onward: "It is about telling on what was told by another controller. The rule about the new flow decides it."}

func (p *program) printRule(out explainedRule) error {
	r := out.Rule
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\nVersion %d in rule set %s, in force from %s", r.ID, r.Text, r.Version, out.RuleSet, r.From)
	if r.Until != 0 {
		fmt.Fprintf(&b, " until %s", r.Until)
	}
	fmt.Fprintf(&b, "\nSource: %s\n", r.Source)
	if r.Note != "" {
		fmt.Fprintf(&b, "In doubt: %s\n", r.Note)
	}
	if text := acts[r.Of]; text != "" {
		fmt.Fprintf(&b, "%s\n", text)
	}
	row := func(name string, said ...string) {
		said = slices.DeleteFunc(said, func(s string) bool { return s == "" })
		if len(said) > 0 {
			fmt.Fprintf(&b, "%-22s %s\n", name, strings.Join(said, "; "))
		}
	}
	b.WriteByte('\n')
	row("Who tells", codes(r.FromSides), headed("of kind", codes(r.FromKinds)))
	row("Who is told", codes(r.ToSides), headed("of kind", codes(r.ToKinds)))
	var purposes []string
	for _, c := range r.Purposes {
		e, _ := reference.Purposes.Latest(c)
		purposes = append(purposes, fmt.Sprintf("%s (%s)", c, e.Text))
	}
	row("What for", strings.Join(purposes, ", "))
	row("Basis", codes(r.Article6))
	row("Special categories on", codes(r.Article9))
	row("Schedule 1 condition", codes(r.Schedule1))
	row("Confidence lifted by", codes(r.Confidence))
	row("Power to tell", codes(r.Gateways))
	row("Goes as far as", codes(r.Ceiling), headed("with consent also", codes(r.Consented)))
	row("Decided by", codes(r.Deciders), headed("if marked as senior also", codes(r.Seniors)))
	if r.Agreement {
		row("Agreement", "one that is in force is needed")
	} else {
		row("Agreement", "none is needed")
	}
	if len(r.Overrides) > 0 {
		row("Despite the person's no", codes(r.Overrides), headed("where confidence is lifted by", codes(r.OverridesOn)))
	} else if r.Of == lawfulness.Telling {
		row("Despite the person's no", "nothing")
	}
	row("Of several that fit", fmt.Sprintf("the highest rank goes ahead; this is %d", r.Rank))
	if len(out.Gates) > 0 {
		b.WriteString("\nIt does not stand where\n")
	}
	for _, g := range disclosure.Gates {
		for _, one := range out.Gates {
			if one.Gate == g {
				fmt.Fprintf(&b, "%-4s %-34s %s\n%5s%s\n", one.Gate, one.Code, one.Message, "", one.Source)
			}
		}
	}
	return p.printf("%s", b.String())
}

func codes[C ~string](of []C) string {
	var all []string
	for _, c := range of {
		all = append(all, string(c))
	}
	return strings.Join(all, ", ")
}

// headed is a text under a heading; empty if there is none.
func headed(heading, text string) string {
	if text == "" {
		return ""
	}
	return heading + " " + text
}

// compared is what one rule set has otherwise than another.
type compared struct {
	Before      policy.Version          `json:"before"`
	BeforeHash  event.Commitment        `json:"beforeHash"`
	After       policy.Version          `json:"after"`
	AfterHash   event.Commitment        `json:"afterHash"`
	Differences []lawfulness.Difference `json:"differences"`
}

func (p *program) policyDiff(ctx context.Context, before, after string) error {
	a, err := p.versioned(ctx, before)
	if err != nil {
		return err
	}
	b, err := p.versioned(ctx, after)
	if err != nil {
		return err
	}
	out := compared{a.Version(), a.Hash(), b.Version(), b.Hash(), a.Compare(b)}
	if p.json() {
		return p.object(p.out, out)
	}
	if err := p.printf("%s to %s: %d differences\n", out.Before, out.After, len(out.Differences)); err != nil {
		return err
	}
	for _, d := range out.Differences {
		what := "rule " + string(d.Rule) + " from " + d.From.String()
		if d.Policy != "" {
			what = "gate " + string(d.Gate) + ", policy " + d.Policy
		}
		if err := p.printf("\n%s %s\n", map[lawfulness.DifferenceKind]string{lawfulness.Added: "+", lawfulness.Removed: "-", lawfulness.Changed: "~"}[d.Kind], what); err != nil {
			return err
		}
		for _, f := range d.Fields {
			if f.Before != nil {
				if err := p.printf("  - %s: %s\n", f.Name, f.Before); err != nil {
					return err
				}
			}
			if f.After != nil {
				if err := p.printf("  + %s: %s\n", f.Name, f.After); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
