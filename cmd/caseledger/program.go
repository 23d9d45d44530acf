package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
)

// program is one run of the program and everything it gets from outside.
type program struct {
	in      io.Reader
	out     io.Writer // answers
	errs    io.Writer // progress, settings, errors
	now     func() time.Time
	random  io.Reader
	environ []string
	signals <-chan os.Signal

	config configuration
}

// run carries out one command line and returns how the process ends. The
// first interrupt asks the command to finish what it is doing, the second
// stops it.
func (p *program) run(ctx context.Context, args []string) int {
	ctx, interrupted := context.WithCancelCause(ctx)
	defer interrupted(nil)
	hard := make(chan struct{})
	over := make(chan struct{})
	defer close(over)
	go func() {
		for asked := 0; ; asked++ {
			select {
			case <-p.signals:
				if asked > 0 {
					close(hard)
					return
				}
				_, _ = fmt.Fprintln(p.errs, "stopping; once more stops at once")
				interrupted(errInterrupted)
			case <-over:
				return
			}
		}
	}()

	root := p.root()
	root.SetArgs(args)
	ended := make(chan error, 1)
	go func() { ended <- root.ExecuteContext(ctx) }()
	select {
	case err := <-ended:
		if err != nil && errors.Is(context.Cause(ctx), errInterrupted) && errors.Is(err, context.Canceled) {
			err = errInterrupted
		}
		p.report(err)
		return int(exitFor(err))
	case <-hard:
		return int(exitInterrupted)
	}
}

// report says what went wrong: in words, or with --json as an object.
func (p *program) report(err error) {
	if err == nil {
		return
	}
	if p.config.flags != nil && p.config.on("json") {
		_ = p.object(p.errs, map[string]any{"error": err.Error(), "exit": int(exitFor(err))})
		return
	}
	_, _ = fmt.Fprintf(p.errs, "caseledger: %v\n", err)
	if errors.Is(err, errUsage) {
		_, _ = fmt.Fprintln(p.errs, "caseledger: add --help to see how it is called")
	}
}

// root is the tree of commands.
func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "caseledger",
		Short:         "The case record of a person on probation, across the boundary between the NHS and probation",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) (err error) {
			p.config, err = configure(cmd, p.environ)
			return err
		},
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	declare(root.PersistentFlags(), "")
	root.SetOut(p.out)
	root.SetErr(p.errs)
	root.SetHelpTemplate(helpTemplate)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%w", err) })
	root.CompletionOptions.HiddenDefaultCmd = true
	for _, command := range p.commands() {
		root.AddCommand(command)
	}
	wrapArgs(root)
	return root
}

// wrapArgs makes a wrong number of arguments, or an unknown subcommand, a
// mistake in how the program was called.
func wrapArgs(command *cobra.Command) {
	check := command.Args
	if check == nil {
		check = cobra.NoArgs
	}
	command.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage("%w", err)
		}
		return nil
	}
	for _, child := range command.Commands() {
		wrapArgs(child)
	}
}

// helpTemplate puts the examples first.
const helpTemplate = `{{if .HasExample}}{{.Example}}

{{end}}{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{end}}`

// group is a command that only holds others.
func group(use, short, example string, children ...*cobra.Command) *cobra.Command {
	command := &cobra.Command{Use: use, Short: short, Example: example, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	command.AddCommand(children...)
	return command
}

// object writes one JSON object and ends the line.
func (p *program) object(w io.Writer, value any) error {
	line, err := json.Marshal(value, json.Deterministic(true), jsontext.EscapeForHTML(false))
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// json reports whether the answer is wanted in JSON.
func (p *program) json() bool { return p.config.on("json") }

// say prints a line for whoever watches; --quiet silences it.
func (p *program) say(format string, args ...any) {
	if !p.config.on("quiet") {
		_, _ = fmt.Fprintf(p.errs, format+"\n", args...)
	}
}

// printf prints a part of the answer.
func (p *program) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(p.out, format, args...)
	return err
}

// announce prints the settings in force.
func (p *program) announce() {
	if !p.config.on("quiet") {
		_, _ = io.WriteString(p.errs, p.config.lines())
	}
}

// build is what this program was built from.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
}

// built reads what the linker left.
func built() build {
	b := build{Version: "devel"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Go = info.GoVersion
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Revision = s.Value
		}
	}
	return b
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say which version this is", Args: cobra.NoArgs,
		Example: "  caseledger version\n  caseledger version --json",
		RunE: func(*cobra.Command, []string) error {
			b := built()
			if p.json() {
				return p.object(p.out, b)
			}
			return p.printf("caseledger %s\n", strings.Join(strings.Fields(b.Version+" "+b.Revision+" "+b.Go), " "))
		},
	}
}
