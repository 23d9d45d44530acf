package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"caseledger/eventstore/relay"
)

// The compose file cannot be run by a test: that needs Docker. What can be known
// without it is held to here.

// composed is the part of a compose file that ours uses.
type composed struct {
	Name     string             `yaml:"name"`
	Services map[string]service `yaml:"services"`
	Volumes  map[string]any     `yaml:"volumes"`
	Networks map[string]any     `yaml:"networks"`
	Configs  map[string]struct {
		Content string `yaml:"content"`
	} `yaml:"configs"`
	Rest map[string]any `yaml:",inline"`
}

type service struct {
	Build       string            `yaml:"build"`
	Image       string            `yaml:"image"`
	Profiles    []string          `yaml:"profiles"`
	Restart     string            `yaml:"restart"`
	ReadOnly    bool              `yaml:"read_only"`
	CapDrop     []string          `yaml:"cap_drop"`
	Security    []string          `yaml:"security_opt"`
	Grace       string            `yaml:"stop_grace_period"`
	Health      map[string]any    `yaml:"healthcheck"`
	User        string            `yaml:"user"`
	Entrypoint  string            `yaml:"entrypoint"`
	Command     yaml.Node         `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
	DependsOn   map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
	Volumes []string `yaml:"volumes"`
	Configs []struct {
		Source string `yaml:"source"`
		Target string `yaml:"target"`
	} `yaml:"configs"`
	Networks yaml.Node `yaml:"networks"`
}

// args is a command that is a list; nil for a line of a shell.
func (s service) args(t *testing.T) []string {
	t.Helper()
	var list []string
	if s.Command.Kind == yaml.SequenceNode {
		if err := s.Command.Decode(&list); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// root is the folder that the compose file is in.
const root = "../.."

func readCompose(t testing.TB) (c composed) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestComposeFile(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	for name := range c.Rest {
		if !strings.HasPrefix(name, "x-") {
			t.Errorf("the key %s is none of a compose file that this test knows", name)
		}
	}
	ours := 0
	for name, s := range c.Services {
		if len(s.Profiles) == 0 || slices.ContainsFunc(s.Profiles, func(p string) bool { return p != "postgres" && p != "cluster" }) {
			t.Errorf("%s has the profiles %v", name, s.Profiles)
		}
		if _, tag, ok := strings.Cut(s.Image, ":"); !ok || tag == "latest" {
			t.Errorf("%s has the image %q, which is no one version", name, s.Image)
		}
		for other, d := range s.DependsOn {
			if _, there := c.Services[other]; !there || !slices.Contains([]string{"service_healthy", "service_started", "service_completed_successfully"}, d.Condition) {
				t.Errorf("%s depends on %s, %s", name, other, d.Condition)
			}
			for _, p := range s.Profiles {
				if !slices.Contains(c.Services[other].Profiles, p) {
					t.Errorf("%s depends on %s, which profile %s lacks", name, other, p)
				}
			}
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if strings.HasPrefix(from, ".") {
				if _, err := os.Stat(filepath.Join(root, from)); err != nil {
					t.Errorf("%s mounts %s: %v", name, from, err)
				}
			} else if _, there := c.Volumes[from]; !there {
				t.Errorf("%s mounts the volume %s, which is not listed", name, from)
			}
		}
		var given []string
		for _, one := range s.Configs {
			if c.Configs[one.Source].Content == "" {
				t.Errorf("%s is given %s, which is empty", name, one.Source)
			}
			given = append(given, one.Target)
		}
		if file := s.Environment["CASELEDGER_RELAY"]; strings.Contains(name, "worker") && !slices.Contains(given, file) {
			t.Errorf("%s has no file %q", name, file)
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s puts port %s on the network", name, p)
			}
		}
		if s.Build == "" {
			continue
		}
		ours++
		if _, err := os.Stat(filepath.Join(root, s.Build, "Dockerfile")); err != nil {
			t.Error(err)
		}
		startsAs(t, name, s, c.Configs["roles"].Content)
	}
	settings, err := relay.ParseSettings([]byte(c.Configs["relay"].Content))
	if err != nil || len(settings.Destinations) != 1 {
		t.Fatalf("the relay's settings: %v", err)
	}
	region, _ := theRegister.ByCode("PROB-N56")
	if got := settings.Destinations[0].Controller; got != theRegister.Controller(region.ID) {
		t.Errorf("the relay tells the controller %s, which is no probation region's", got)
	}
	if ours < 5 {
		t.Errorf("%d services run this program", ours)
	}
}

// startsAs holds a service to what the program takes: its settings, its flags, its
// connection strings, and who may log in.
func startsAs(t *testing.T, name string, s service, sql string) {
	t.Helper()
	var environ []string
	for variable, value := range s.Environment {
		environ = append(environ, variable+"="+value)
	}
	if err := checkEnvironment(environ); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	p := &program{}
	command, rest, err := p.root().Find(s.args(t))
	if err == nil {
		err = command.ParseFlags(rest)
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	config, err := configure(command, environ)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	at, err := config.places()
	if err != nil || !at.several() {
		t.Errorf("%s keeps its record at %+v (%v), want servers", name, at, err)
	}
	if want := map[string]engine{"postgres": postgresServer, "cluster": kurrentCluster}[s.Profiles[0]]; at.ledger.engine() != want {
		t.Errorf("%s keeps its ledger on %s, want %s", name, at.ledger, want)
	}
	for _, url := range []string{at.ledger.url, at.keys.url, at.views.url} {
		found := regexp.MustCompile(`^postgres://([a-z_]+):([a-z-]+)@postgres:5432/([a-z]+)\?`).FindStringSubmatch(url)
		if found == nil {
			if !strings.HasPrefix(url, "kurrentdb://admin:") {
				t.Errorf("%s has an unexpected connection string", name)
			}
			continue
		}
		if !strings.Contains(sql, "CREATE ROLE "+found[1]+" LOGIN PASSWORD '"+found[2]+"'") || !strings.Contains(sql, "CREATE DATABASE "+found[3]+" OWNER") {
			t.Errorf("%s connects as %s to %s, which the script does not make", name, found[1], found[3])
		}
	}
}

// The image runs the program alone, static, and as nobody.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	last := text[strings.LastIndex(text, "\nFROM "):]
	for _, want := range []string{"\nFROM gcr.io/distroless/static", "\nUSER 65532:65532\n", "ENTRYPOINT [\"/usr/local/bin/caseledger\"]"} {
		if !strings.Contains(last, want) {
			t.Errorf("the image lacks %q", want)
		}
	}
	if !strings.Contains(text, "CGO_ENABLED=0 go build") {
		t.Error("the program is not linked statically")
	}
	environ := regexp.MustCompile(`CASELEDGER_[A-Z_]+=\S+`).FindAllString(text, -1)
	if err := checkEnvironment(environ); err != nil || len(environ) == 0 {
		t.Errorf("%v: %v", environ, err)
	}
	version, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	goes := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(version)
	if goes == nil || !strings.Contains(text, "FROM golang:"+string(goes[1])+"-") {
		t.Error("the image is built with another Go than go.mod names")
	}
}

// All processes of a record have one file of signing keys, and one of
// key-encryption keys, in a volume that is no process's own.
func TestComposedProcessesShareTheirKeys(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	image := regexp.MustCompile(`CASELEDGER_[A-Z_]+=\S+`).FindAllString(string(raw), -1)
	kept := map[string]string{} // where the file of a setting is, by profile and setting
	judges := 0
	for name, s := range readCompose(t).Services {
		args := s.args(t)
		if s.Build == "" || len(args) == 0 || args[0] != "serve" {
			continue
		}
		environ := slices.Clone(image)
		for variable, value := range s.Environment {
			environ = append(environ, variable+"="+value)
		}
		if !slices.Contains(args, "web") {
			judges++
		}
		command, rest, err := (&program{}).root().Find(args)
		if err == nil {
			err = command.ParseFlags(rest)
		}
		if err != nil {
			t.Fatal(err)
		}
		config, err := configure(command, environ)
		if err != nil {
			t.Fatal(err)
		}
		for _, setting := range []string{"key-file", "signer-key"} { // a web process signs packs
			file, in := config.text(setting), ""
			for _, v := range s.Volumes {
				from, to, _ := strings.Cut(v, ":")
				if strings.HasPrefix(file, to+"/") {
					in = from + ":" + file
				}
			}
			if in == "" {
				t.Errorf("%s has --%s=%q, which is in none of its volumes", name, setting, file)
			}
			of := s.Profiles[0] + " " + setting
			if was, there := kept[of]; there && was != in {
				t.Errorf("%s keeps --%s in %s, another process in %s", name, setting, in, was)
			}
			kept[of] = in
		}
	}
	if judges < 3 {
		t.Errorf("%d services judge", judges)
	}
}
