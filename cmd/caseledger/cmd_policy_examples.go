package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"caseledger/domain/disclosure"
	"caseledger/domain/lawfulness"
)

// errExamples: worked examples do not come out as they should.
var errExamples = errors.New("worked examples do not come out as they should")

func (p *program) policyTestCommand() *cobra.Command {
	var folder string
	c := &cobra.Command{
		Use: "test", Short: "Judge the worked examples, and say which do not come out as they should", Args: cobra.NoArgs,
		Example: "  caseledger policy test\n  caseledger policy test --rules rules.json --gates gates.cedar --cases ./cases\n  caseledger policy test --json",
		Long: "Judges every worked example of the rules, which are written for those who approve them, by the rule set in force on the record, by this " +
			"program's where there is no record, or by that of the files. Each one that does not come out as it should is named, and then it ends with exit code 4.\n\n" +
			"--cases is a folder of files such as R03.json, in place of the examples of this program.",
	}
	files := ruleFiles(c)
	c.Flags().StringVar(&folder, "cases", "", "a folder of worked examples, in place of this program's own")
	c.RunE = func(cmd *cobra.Command, _ []string) error { return p.policyTest(cmd.Context(), *files, folder) }
	return c
}

// judgedExample is what came of a worked example.
type judgedExample struct {
	Rule   disclosure.Rule    `json:"rule"`
	Title  string             `json:"title"`
	Why    string             `json:"why"`
	Passed bool               `json:"passed"`
	Expect disclosure.Outcome `json:"expect"`
	Codes  []string           `json:"codes,omitempty"`
	// Difference says how it came out otherwise.
	Difference string             `json:"difference,omitempty"`
	Verdict    lawfulness.Verdict `json:"verdict"`
}

func (p *program) policyTest(ctx context.Context, files documents, folder string) error {
	set, err := p.ruleSet(ctx, files)
	if err != nil {
		return err
	}
	examples, err := examplesIn(folder)
	if err != nil {
		return err
	}
	failed := 0
	out := newLines(p.out)
	for _, e := range examples {
		v := e.Judge(set)
		one := judgedExample{Rule: e.Rule, Title: e.Title, Why: e.Why, Expect: e.Expect, Codes: e.Codes, Difference: e.Differs(v), Verdict: v}
		if one.Passed = one.Difference == ""; !one.Passed {
			failed++
		}
		switch {
		case p.json():
			err = p.object(out, one)
		case !one.Passed:
			_, err = fmt.Fprintf(out, "FAILED  %s  %s\n        %s\n        %s\n", one.Rule, one.Title, one.Why, one.Difference)
		}
		if err != nil {
			return err
		}
	}
	if err := out.flush(); err != nil {
		return err
	}
	if !p.json() {
		if err := p.printf("%d worked examples by rule set %s: %d come out as they should, %d do not\n", len(examples), set.Version(), len(examples)-failed, failed); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d %w", failed, len(examples), errExamples)
	}
	return nil
}

// examplesIn are the worked examples of a folder, or this program's own.
func examplesIn(folder string) ([]lawfulness.Example, error) {
	if folder == "" {
		return lawfulness.Examples()
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(paths) == 0 {
		return nil, errors.Join(err, fmt.Errorf("there are no worked examples in %s: %w", folder, errNotFound))
	}
	var all []lawfulness.Example
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the worked examples: %w", err)
		}
		some, err := lawfulness.ParseExamples(path, raw)
		if err != nil {
			return nil, usage("%w", err)
		}
		all = append(all, some...)
	}
	return all, nil
}
