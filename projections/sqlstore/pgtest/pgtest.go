// Package pgtest starts a PostgreSQL server of the test binary's own and stops
// it when the binary ends, however it ends. It never touches another server,
// and never skips: where PostgreSQL is missing, the test fails with the command
// to run.
package pgtest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"caseledger/projections/sqlstore"
)

// install is what to run where PostgreSQL is missing.
const install = "sudo apt-get install --no-install-recommends postgresql"

var (
	start   = sync.OnceValues(startServer)
	schemas atomic.Int64
)

// Open returns an empty store in a schema of its own.
func Open(t testing.TB) *sqlstore.Store {
	t.Helper()
	dsn, schema := Schema(t)
	store, err := sqlstore.OpenPostgres(t.Context(), dsn, schema, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// Schema returns a connection string and the name of a schema nobody else uses.
// Several names may follow from one: add a suffix.
func Schema(t testing.TB) (dsn, schema string) {
	t.Helper()
	dsn, err := start()
	if err != nil {
		t.Fatal(err)
	}
	return dsn, fmt.Sprintf("s%d", schemas.Add(1))
}

// lifeline ends the server when this process ends: the shell that runs the
// server reads it, and an end of file means that we are gone.
var lifeline []*os.File

// The server sorts text as a dictionary does unless it is told otherwise, as
// servers in use do: a store must not depend on its server's locale.
//
// guard runs the server until its standard input ends, and then removes
// everything. $1 is the folder of PostgreSQL's programs, $2 ours.
const guard = `
"$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
	--locale-provider=icu --icu-locale=en-GB --no-sync >"$2/log" 2>&1 || { rm -rf "$2"; exit 1; }
"$1/postgres" -D "$2/data" -c listen_addresses= -c unix_socket_directories="$2" -c fsync=off \
	-c max_connections=200 >>"$2/log" 2>&1 &
server=$!
until "$1/pg_isready" -q -h "$2"; do
	kill -0 $server || { rm -rf "$2"; exit 1; }
	sleep 0.02
done
echo ready
exec >&-
cat >/dev/null
kill -QUIT $server
wait $server
rm -rf "$2"
`

// startServer returns a connection string. The data is not durable
// (fsync=off): it is for tests of behaviour only.
func startServer() (string, error) {
	programs, err := programs()
	if err != nil {
		return "", err
	}
	// Short, for a socket's path may have 107 bytes, and open to the account
	// that runs the server.
	folder, err := os.MkdirTemp("/tmp", "clpg")
	if err != nil {
		return "", err
	}
	shell := exec.Command("/bin/sh", "-c", guard, "guard", programs, folder)
	shell.Dir = "/"
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		// The server refuses to run as root.
		account, err := user.Lookup("postgres")
		if err != nil {
			return "", fmt.Errorf("pgtest: there is no account postgres; run: %s", install)
		}
		uid, _ := strconv.ParseUint(account.Uid, 10, 32) // as the system wrote it
		gid, _ := strconv.ParseUint(account.Gid, 10, 32)
		shell.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(folder, int(uid), int(gid)); err != nil {
			return "", err
		}
	}
	input, line, err := os.Pipe()
	if err != nil {
		return "", err
	}
	ready, output, err := os.Pipe()
	if err != nil {
		return "", err
	}
	lifeline = append(lifeline, line) // a file that nothing refers to would be closed
	shell.Stdin, shell.Stdout = input, output
	if err := shell.Start(); err != nil {
		return "", err
	}
	_, _ = input.Close(), output.Close() // the shell has its own
	defer func() { _ = ready.Close() }()
	return "host=" + folder + " user=postgres dbname=postgres sslmode=disable", await(ready)
}

// await returns when the guard says that the server takes connections.
func await(ready io.Reader) error {
	line, err := bufio.NewReader(ready).ReadString('\n')
	if err != nil || line != "ready\n" {
		return errors.New("pgtest: the server ended before it was ready")
	}
	return nil
}

// programs is the folder with initdb and postgres: that on the path, or
// Debian's of the highest version.
func programs() (string, error) {
	var found []string
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if initdb, err = filepath.EvalSymlinks(initdb); err == nil {
			found = append(found, initdb)
		}
	}
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is well formed
	for i := len(debian); i > 0; i-- {
		found = append(found, debian[i-1])
	}
	for _, initdb := range found {
		folder := filepath.Dir(initdb)
		version, err := exec.Command(initdb, "--version").Output()
		fields := strings.FieldsFunc(string(version), func(r rune) bool { return r < '0' || r > '9' })
		if err != nil || len(fields) == 0 {
			continue
		}
		major, err := strconv.Atoi(fields[0])
		if _, missing := os.Stat(filepath.Join(folder, "postgres")); err == nil && missing == nil && major >= 15 {
			return folder, nil
		}
	}
	return "", fmt.Errorf("pgtest: PostgreSQL 15 or later is not here; run: %s", install)
}
