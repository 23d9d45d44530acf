package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// engine is what a part of the record is kept in.
type engine string

// The engines. A setting's connection string says which it is.
const (
	sqliteFile     engine = "SQLite"
	postgresServer engine = "PostgreSQL"
	kurrentCluster engine = "KurrentDB"
)

// place is where a part of the record is kept: in a file of the data folder,
// which is the zero value, or on a server. It never prints its connection
// string.
type place struct {
	server engine // empty: in the data folder
	url    string
}

// engine is what keeps the part.
func (p place) engine() engine {
	if p.server == "" {
		return sqliteFile
	}
	return p.server
}

// String says what keeps the part, and not where.
func (p place) String() string { return string(p.engine()) }

// GoString hides the connection string from %#v.
func (p place) GoString() string { return p.String() }

// places is where the three parts of a record are kept: the data folder alone,
// unless a setting says otherwise.
type places struct {
	ledger, keys, views place
}

// keyValues is PostgreSQL's other form of a connection string.
var keyValues = regexp.MustCompile(`^\s*[a-z_]+\s*=`)

// connection reads a setting that is empty, a connection string, or the file
// that holds one. What it holds is in no error.
func connection(name, value string, engines ...engine) (place, error) {
	value, err := dereferenced(name, value)
	if err != nil || value == "" {
		return place{}, err
	}
	server := serverOf(value)
	var listed []string
	for _, e := range engines {
		if e == server {
			return place{server, value}, nil
		}
		listed = append(listed, string(e))
	}
	return place{}, usage("--%s is empty, for a file in the data folder, or a connection string of %s, or file: and the path of a file that holds one",
		name, strings.Join(listed, " or "))
}

// serverOf is the engine whose connection string it is; empty if it is none.
func serverOf(value string) engine {
	switch {
	case strings.HasPrefix(value, "postgres://"), strings.HasPrefix(value, "postgresql://"), keyValues.MatchString(value):
		return postgresServer
	case strings.HasPrefix(value, "esdb://"), strings.HasPrefix(value, "esdb+discover://"),
		strings.HasPrefix(value, "kurrentdb://"), strings.HasPrefix(value, "kurrentdb+discover://"),
		strings.HasPrefix(value, "kdb://"), strings.HasPrefix(value, "kdb+discover://"):
		return kurrentCluster
	}
	return ""
}

// dereferenced is a value, or what is in the file that it names.
func dereferenced(name, value string) (string, error) {
	if path, ok := strings.CutPrefix(value, "file:"); ok {
		return connectionIn(name, path)
	}
	return value, nil
}

// connectionIn reads the connection string in a file that its owner, or their
// group, may read.
func connectionIn(name, path string) (string, error) {
	path = strings.TrimPrefix(path, "//") // file:///run/secrets/ledger is as good
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", usage("--%s names the file %s, which is not there", name, path)
	case err != nil:
		return "", fmt.Errorf("read the file of --%s: %w", name, err)
	case info.Mode().Perm()&0o027 != 0:
		return "", usage("--%s: %s can be read by everybody, or written by others than its owner (mode %04o): make it 0600, or 0440 for a group", name, path, info.Mode().Perm())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the file of --%s: %w", name, err)
	}
	text := strings.TrimSpace(string(raw))
	if text == "" || strings.ContainsAny(text, "\r\n\x00") || strings.HasPrefix(text, "file:") {
		return "", usage("--%s: %s holds one line, a connection string", name, path)
	}
	return text, nil
}

// places is where the settings keep a record. It refuses what cannot work
// together.
func (c configuration) places() (at places, err error) {
	for _, part := range []struct {
		name    string
		into    *place
		engines []engine
	}{
		{"ledger", &at.ledger, []engine{postgresServer, kurrentCluster}},
		{"keys", &at.keys, []engine{postgresServer}},
		{"views", &at.views, []engine{postgresServer}},
	} {
		if *part.into, err = connection(part.name, c.text(part.name), part.engines...); err != nil {
			return places{}, err
		}
	}
	return at, nil
}

// several reports whether several processes may write the record at a time:
// nothing that they must share is in a file of one machine.
func (at places) several() bool {
	return at.ledger.server != "" && at.keys.server != "" && at.views.server != ""
}

// local reports whether the whole record is in the data folder.
func (at places) local() bool { return at == places{} }

// inFolder refuses a command that fills a new data folder where settings keep
// the record elsewhere.
func (at places) inFolder(command string) error {
	if at.local() {
		return nil
	}
	return usage("caseledger %s fills a data folder of its own: leave --ledger, --keys and --views empty; `caseledger ledger` copies a ledger to a server", command)
}

// serves refuses a role that the places have no room for: where a part of the
// record is a file of one machine, one process does it all. A record that is
// all in the data folder may have a worker beside the process that writes it.
func (at places) serves(role string) error {
	if role == "all" || at.local() || at.several() {
		return nil
	}
	return usage("--role %s wants the whole record on servers, or all of it in the data folder: --ledger is %s, --keys %s, --views %s",
		role, at.ledger, at.keys, at.views)
}
