package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"caseledger/domain/fault"
	"caseledger/eventstore"
)

func TestFlagPrevailsOnEnvironmentOnDefault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		environ, args []string
		value, from   string
	}{
		{"default", nil, nil, "127.0.0.1:8080", "default"},
		{"environment", []string{"CASELEDGER_SERVE_ADDR=127.0.0.1:1"}, nil, "127.0.0.1:1", "environment"},
		{"flag", []string{"CASELEDGER_SERVE_ADDR=127.0.0.1:1"}, []string{"--addr", "127.0.0.1:2"}, "127.0.0.1:2", "flag"},
		{"another command's", []string{"CASELEDGER_DEMO_ADDR=127.0.0.1:1"}, nil, "127.0.0.1:8080", "default"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got configuration
			command := &cobra.Command{Use: "serve", RunE: func(cmd *cobra.Command, _ []string) (err error) {
				got, err = configure(cmd, c.environ)
				return err
			}}
			declare(command.Flags(), "")
			declare(command.Flags(), "serve")
			root := &cobra.Command{Use: "caseledger"}
			root.AddCommand(command)
			root.SetArgs(append([]string{"serve"}, c.args...))
			if err := root.Execute(); err != nil {
				t.Fatal(err)
			}
			if got.text("addr") != c.value || got.from["addr"] != c.from {
				t.Errorf("addr is %s by %s, want %s by %s", got.text("addr"), got.from["addr"], c.value, c.from)
			}
			if want := fmt.Sprintf("setting addr=%s (%s)\n", c.value, c.from); !strings.Contains(got.lines(), want) {
				t.Errorf("the effective set lacks %q:\n%s", want, got.lines())
			}
		})
	}
}

func TestUnknownSettingsAreErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		ok   bool
	}{
		{"CASELEDGER_SERVE_ADR", false},
		{"CASELEDGER_ADDR", false},
		{"CASELEDGER_", false},
		{"CASELEDGER_SERVE_ADDR", true},
		{"CASELEDGER_TEST_ANYTHING", true},
		{"OTHER_ADDR", true},
	} {
		_, errs, code := call(t, []string{c.name + "=secret-value"}, "version")
		if ok := code == int(exitOK); ok != c.ok {
			t.Errorf("%s: ended with %d: %s", c.name, code, errs)
		}
		if !c.ok && (code != int(exitUsage) || !strings.Contains(errs, c.name) || strings.Contains(errs, "secret-value")) {
			t.Errorf("%s: ended with %d and said %q", c.name, code, errs)
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"":                                     "",
		"plain":                                "plain",
		"https://u:hush@x.invalid/k":           "https://u:xxxxx@x.invalid/k",
		"https://x.invalid/k?token=hush":       "https://x.invalid/k?hidden",
		"https://x.invalid:%zz/hush":           "(hidden)",
		"https://issuer.invalid/keys/set.json": "https://issuer.invalid/keys/set.json",
	} {
		if got := shown(setting{}, value); got != want {
			t.Errorf("shown(%q) = %q, want %q", value, got, want)
		}
	}
	if got := shown(setting{secret: true}, "hush"); got != "(hidden)" {
		t.Errorf("a secret setting is shown as %q", got)
	}
}

func TestSettingsAreDocumentedAndTold(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range settings {
		if len(s.does) < 20 {
			t.Errorf("%s says nothing of what it does", s.environment())
		}
		if seen[s.environment()] {
			t.Errorf("%s is listed twice", s.environment())
		}
		seen[s.environment()] = true
	}
}

// TestExitCodes holds the table to the published meanings.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want exit
	}{
		{nil, 0},
		{errors.New("anything"), 1},
		{usage("x"), 2},
		{fmt.Errorf("a: %w", errIntegrity), 3},
		{fault.New(fault.Corrupt, "corrupt", "x"), 3},
		{fault.New(fault.Absent, "no-such-person", "x"), 5},
		{fs.ErrNotExist, 5},
		{fault.New(fault.Conflict, "x", "x"), 6},
		{fmt.Errorf("a: %w", errInUse), 6},
		{eventstore.ErrUnavailable, 7},
		{fault.New(fault.Denied, "role-may-not", "x"), 8},
		{errInterrupted, 130},
		{&lineError{3, "A1", usage("x")}, 2},
	} {
		if got := exitFor(c.err); got != c.want {
			t.Errorf("%v ends with %d, want %d", c.err, got, c.want)
		}
	}
}

func TestMisuseIsToldAsMisuse(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--nothing"}, {"nothing"}, {"version", "too", "many"}} {
		if out, _, code := call(t, nil, args...); code != int(exitUsage) || out != "" {
			t.Errorf("%v: ended with %d and answered %q", args, code, out)
		}
	}
}

// What is set of how a record is served is what it is served with.
func TestServesAsItIsSet(t *testing.T) {
	t.Parallel()
	p := &program{now: time.Now, random: rand.Reader}
	command, rest, err := p.root().Find([]string{"serve", "--data", t.TempDir(), "--role", "all", "--heads-every", "7m", "--verify-every", "9m",
		"--small-numbers", "11", "--shutdown-timeout", "13s", "--drain-delay", "17s"})
	if err == nil {
		err = command.ParseFlags(rest)
	}
	if err == nil {
		p.config, err = configure(command, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	with, stops, err := p.toServe()
	if err != nil {
		t.Fatal(err)
	}
	if with.headsEvery != 7*time.Minute || with.verifyEvery != 9*time.Minute || with.smallNumbers != 11 || stops != (patience{17 * time.Second, 13 * time.Second}) {
		t.Errorf("heads every %s, verified every %s, counts from %d, %+v", with.headsEvery, with.verifyEvery, with.smallNumbers, stops)
	}
}
