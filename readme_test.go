package caseledger_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readmeCommands names, for each command that README.md shows, the test that
// runs it; or the file of continuous integration that does.
var readmeCommands = map[string]string{
	"go run ./cmd/caseledger demo": "cmd/caseledger.TestBlackBoxDemo",
	"make test":                    ".ci/run",

	"go run ./cmd/caseledger simulate --data ./alpha-record --journal alpha":                                                readmeTour,
	"go run ./cmd/caseledger replay A --data ./alpha-record --true-on 2026-02-23T12:00:00Z --known-on 2026-02-23T12:00:00Z": readmeTour,
	"go run ./cmd/caseledger findings list --data ./alpha-record":                                                           readmeTour,
	"go run ./cmd/caseledger events list --data ./alpha-record":                                                             readmeTour,
	"go run ./cmd/caseledger project check --data ./alpha-record":                                                           readmeTour,
	"go run ./cmd/caseledger doctor --data ./alpha-record":                                                                  readmeTour,
	"go run ./cmd/caseledger ledger export ./alpha.ledger --data ./alpha-record":                                            readmeTour,

	"go run ./cmd/caseledger verify --data ./alpha-record":                                                                          readmeTour,
	"go run ./cmd/caseledger pack create A --data ./alpha-record --out ./alpha.zip --as IGL1/IG_LEAD/HUB-CAM --reason complaint-17": readmeTour,
	"go run ./cmd/caseledger keys export-public --data ./alpha-record > ./alpha.pub":                                                readmeTour,
	"go run ./cmd/caseledger-verify --key ./alpha.pub ./alpha.zip":                                                                  readmeTour,

	"go run ./cmd/caseledger migrate up --data ./servers --ledger file:./servers/owner.url --keys file:./servers/keys.url --views file:./servers/views.url --app-role caseledger": readmeServers,
	"go run ./cmd/caseledger serve --data ./servers --ledger file:./servers/ledger.url --keys file:./servers/keys.url --views file:./servers/views.url":                           readmeServers,
	"go run ./cmd/caseledger doctor --data ./servers --ledger file:./servers/ledger.url --keys file:./servers/keys.url --views file:./servers/views.url":                          readmeServers,

	"docker compose --profile postgres up --build": needsDocker,
	"docker compose --profile cluster up --build":  needsDocker,
}

// readmeServers runs every line of README.md that names the folder ./servers.
const readmeServers = "cmd/caseledger.TestBlackBoxReadmeServers"

// needsDocker is what README.md says of the commands that no test can run.
const needsDocker = "need Docker, so no test runs them"

// readmeTour runs every line of README.md that names ./alpha-record, or what is
// made of it.
const readmeTour = "cmd/caseledger.TestBlackBoxReadmeTour"

// fencedCommands lists the command lines of a text's ```sh blocks, without
// prompts and comments.
func fencedCommands(text string) (commands []string) {
	fenced := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced && slices.Contains([]string{"```sh", "```bash", "```console", "```shell"}, line)
		case fenced && line != "" && !strings.HasPrefix(line, "#"):
			commands = append(commands, strings.TrimPrefix(line, "$ "))
		}
	}
	return commands
}

var promiseRow = regexp.MustCompile(`(?m)^\| (P-[0-9]{2}) \|.*\| ([^|]*) \|$`)

// promisedTests lists the tests, as folder.Name, that a text's table of
// promises names, by promise.
func promisedTests(text string) map[string][]string {
	promised := map[string][]string{}
	for _, m := range promiseRow.FindAllStringSubmatch(text, -1) {
		promised[m[1]] = nil
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(m[2], -1) {
			promised[m[1]] = append(promised[m[1]], name[1])
		}
	}
	return promised
}

// TestReadmeCommands finds a command in README.md that no test runs.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	tests := openRepository(t).tests()
	text := string(read(t, "README.md"))
	commands := fencedCommands(text)
	for _, c := range commands {
		by, known := readmeCommands[c]
		switch {
		case !known:
			t.Errorf("no test runs the command of README.md: %s", c)
		case by == needsDocker:
			if !strings.Contains(text, needsDocker) {
				t.Errorf("README.md does not say that this needs Docker: %s", c)
			}
		case strings.HasPrefix(by, ".ci/"):
			if !slices.Contains(strings.Split(string(read(t, by)), "\n"), c) {
				t.Errorf("%s does not run: %s", by, c)
			}
		case !tests[by]:
			t.Errorf("%s is said to be run by %s, which does not exist", c, by)
		}
	}
	for c := range readmeCommands {
		if !slices.Contains(commands, c) {
			t.Errorf("README.md does not show: %s", c)
		}
	}
}

// TestReadmePromises finds a promise in README.md that names no test, or one
// that does not exist.
func TestReadmePromises(t *testing.T) {
	t.Parallel()
	tests := openRepository(t).tests()
	promised := promisedTests(string(read(t, "README.md")))
	if len(promised) == 0 {
		t.Fatal("README.md promises nothing")
	}
	for id, names := range promised {
		if len(names) == 0 {
			t.Errorf("%s names no test", id)
		}
		for _, name := range names {
			if !tests[name] {
				t.Errorf("%s names %s, which does not exist", id, name)
			}
		}
	}
}

var (
	link         = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	readingTable = regexp.MustCompile("`((?:domain|eventstore|projections|api|cmd|docs)/[a-z0-9_/.*]+)`")
)

// TestReadmePaths finds a file or folder that README.md sends its reader to
// and that is not there.
func TestReadmePaths(t *testing.T) {
	t.Parallel()
	files := openRepository(t).files
	there := func(p string) bool {
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(p), `\*`, "[^/]*") + "(/|$)"
		return slices.ContainsFunc(files, regexp.MustCompile(pattern).MatchString)
	}
	text := string(read(t, "README.md"))
	found := append(link.FindAllStringSubmatch(text, -1), readingTable.FindAllStringSubmatch(text, -1)...)
	if len(found) == 0 {
		t.Fatal("README.md sends its reader nowhere")
	}
	for _, m := range found {
		if !there(m[1]) {
			t.Errorf("README.md names %s, which is not there", m[1])
		}
	}
}

// TestReadmeRulesCanFail shows what the readers of README.md see.
func TestReadmeRulesCanFail(t *testing.T) {
	t.Parallel()
	got := fencedCommands("```sh\n# comment\n$ make a\n\nmake b\n```\n```\nnot a command\n```\n    ```bash\n    make c\n    ```\n")
	if want := []string{"make a", "make b", "make c"}; !slices.Equal(got, want) {
		t.Errorf("commands %q, want %q", got, want)
	}
	promised := promisedTests("| id | Promise |\n|---|---|\n| P-01 | Said. | SQLite | `a.TestA`, `b.TestB` |\n| P-02 | Said. | all |  |\n")
	if len(promised) != 2 || !slices.Equal(promised["P-01"], []string{"a.TestA", "b.TestB"}) || len(promised["P-02"]) != 0 {
		t.Errorf("promises %v", promised)
	}
}
