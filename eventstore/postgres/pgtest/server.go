// Package pgtest starts PostgreSQL servers of the test binary's own and removes
// them when the binary ends, however it ends. It never touches another server,
// and never skips: where PostgreSQL is missing, the test fails with the command
// to run.
package pgtest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
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
	"time"
)

// install is what to run where PostgreSQL is missing.
const install = "sudo apt-get install --no-install-recommends postgresql"

// Options say how a server differs from one that is quick to test against.
type Options struct {
	// Durable keeps fsync on: for what is about crashes, and for benchmarks.
	Durable bool
	// Folder is where the server's files are made; empty: the system's folder
	// for temporary files.
	Folder string
	// Config are further settings, such as "max_connections=10".
	Config []string
	// Environ are further variables of the server's environment.
	Environ []string
	// TCP makes it listen on a port of the loopback address too.
	TCP bool
}

// Server is a PostgreSQL server of this process. Its superuser is postgres, and
// it trusts everybody who reaches it.
type Server struct {
	options  Options
	programs string
	folder   string
	port     int
	account  *syscall.Credential

	mu      sync.Mutex
	process *exec.Cmd
}

// Start returns a running server, which is stopped when the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := create(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

var (
	shared    = sync.OnceValues(func() (*Server, error) { return create(Options{}) })
	databases atomic.Int64
	schemas   atomic.Int64
)

// Shared returns the connection string of the server that all tests of the
// binary share. What it stores is not durable: it is for tests of behaviour.
func Shared(t testing.TB) *Server {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Schema returns a connection string to the shared server and the name of a
// schema nobody else uses. Several names may follow from one: add a suffix.
func Schema(t testing.TB) (dsn, schema string) {
	t.Helper()
	return Shared(t).DSN("postgres"), fmt.Sprintf("s%d", schemas.Add(1))
}

// Database makes an empty database on the shared server and returns its
// connection string.
func Database(t testing.TB) string {
	t.Helper()
	return Shared(t).Database(t)
}

// Database makes an empty database and returns its connection string.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("d%d", databases.Add(1))
	if out, err := s.run("createdb", "-h", s.folder, "-p", strconv.Itoa(s.port), "-U", "postgres", name); err != nil {
		t.Fatalf("pgtest: createdb: %v: %s", err, out)
	}
	return s.DSN(name)
}

// DSN is the connection string of a database, over the server's socket.
func (s *Server) DSN(database string) string {
	return fmt.Sprintf("host=%s port=%d user=postgres dbname=%s sslmode=disable", s.folder, s.port, database)
}

// URL is the same as a URL over the loopback address; the server must have been
// started with TCP.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", s.Address(), database)
}

// Address is the server's address on the loopback, with its port.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Folder holds the server's files; its data directory is "data" below it.
func (s *Server) Folder() string { return s.folder }

// Run runs one of PostgreSQL's programs, such as pg_dump, as the account that
// owns the server, and returns what it printed.
func (s *Server) Run(t testing.TB, program string, args ...string) []byte {
	t.Helper()
	out, err := s.run(program, args...)
	if err != nil {
		t.Fatalf("pgtest: %s: %v: %s", program, err, out)
	}
	return out
}

func (s *Server) run(program string, args ...string) ([]byte, error) {
	c := exec.Command(filepath.Join(s.programs, program), args...)
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.account}
	return c.CombinedOutput()
}

// keeper makes a data directory, and removes it when its standard input ends,
// which it does with this process. $1 is the folder of PostgreSQL's programs,
// $2 ours.
//
// The server sorts text as a dictionary does unless it is told otherwise, as
// servers in use do: a store must not depend on its server's locale.
const keeper = `
"$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
	--locale-provider=icu --icu-locale=en-GB --no-sync >"$2/log" 2>&1 || exit 1
echo ready
exec >&-
cat >/dev/null
if [ -f "$2/data/postmaster.pid" ]; then
	server=$(head -n 1 "$2/data/postmaster.pid")
	kill -QUIT "$server" && while kill -0 "$server"; do sleep 0.02; done
fi 2>/dev/null
rm -rf "$2"
`

// lifeline ends the keepers: a file that nothing refers to would be closed.
var (
	lifelines sync.Mutex
	lifeline  []*os.File
)

func create(o Options) (*Server, error) {
	s := &Server{options: o}
	var err error
	if s.programs, err = programs(); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 {
		// The server refuses to run as root.
		account, err := user.Lookup("postgres")
		if err != nil {
			return nil, fmt.Errorf("pgtest: there is no account postgres; run: %s", install)
		}
		uid, _ := strconv.ParseUint(account.Uid, 10, 32) // as the system wrote it
		gid, _ := strconv.ParseUint(account.Gid, 10, 32)
		s.account = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	// Short, for a socket's path may have 107 bytes, and open to the account
	// that runs the server.
	within := o.Folder
	if within == "" {
		within = "/tmp"
	}
	if s.folder, err = os.MkdirTemp(within, "clpg"); err != nil {
		return nil, err
	}
	if s.account != nil {
		if err := os.Chown(s.folder, int(s.account.Uid), int(s.account.Gid)); err != nil {
			return nil, err
		}
	}
	if err := s.keep(); err != nil {
		return nil, err
	}
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	return s, s.start()
}

// keep starts the keeper and returns when there is a data directory.
func (s *Server) keep() error {
	shell := exec.Command("/bin/sh", "-c", keeper, "keeper", s.programs, s.folder)
	shell.Dir = "/"
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.account}
	input, line, err := os.Pipe()
	if err != nil {
		return err
	}
	lifelines.Lock()
	lifeline = append(lifeline, line)
	lifelines.Unlock()
	ready, output, err := os.Pipe()
	if err != nil {
		return err
	}
	shell.Stdin, shell.Stdout = input, output
	if err := shell.Start(); err != nil {
		return err
	}
	_, _ = input.Close(), output.Close() // the shell has its own
	defer func() { _ = ready.Close() }()
	answer, err := bufio.NewReader(ready).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) || answer != "ready\n" {
		said, _ := os.ReadFile(filepath.Join(s.folder, "log"))
		_ = os.RemoveAll(s.folder)
		return fmt.Errorf("pgtest: initdb failed: %s", said)
	}
	return nil
}

// freePort is a port of the loopback address that nobody listens on now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Restart starts a server that was killed or stopped. It recovers what is in
// its files.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// start runs the server and returns when it takes connections.
func (s *Server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return errors.New("pgtest: the server is running")
	}
	settings := []string{"unix_socket_directories=" + s.folder, "port=" + strconv.Itoa(s.port), "max_connections=200"}
	if s.options.TCP {
		settings = append(settings, "listen_addresses=127.0.0.1")
	} else {
		settings = append(settings, "listen_addresses=")
	}
	if !s.options.Durable {
		settings = append(settings, "fsync=off")
	}
	args := []string{"-D", filepath.Join(s.folder, "data")}
	for _, setting := range append(settings, s.options.Config...) {
		args = append(args, "-c", setting)
	}
	log, err := os.OpenFile(filepath.Join(s.folder, "log"), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	server := exec.Command(filepath.Join(s.programs, "postgres"), args...)
	server.Dir, server.Stdout, server.Stderr = "/", log, log
	server.Env = append(os.Environ(), s.options.Environ...)
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.account}
	if err := server.Start(); err != nil {
		return err
	}
	for {
		if _, err := s.run("pg_isready", "-q", "-h", s.folder, "-p", strconv.Itoa(s.port)); err == nil {
			s.process = server
			return nil
		}
		// No goroutine waits for it: tests look for goroutines that are left.
		if pid, err := syscall.Wait4(server.Process.Pid, nil, syscall.WNOHANG, nil); pid != 0 || err != nil {
			said, _ := os.ReadFile(filepath.Join(s.folder, "log"))
			return fmt.Errorf("pgtest: the server ended before it was ready: %s", said)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// Kill ends the server and all its processes at once, as a crash of it does.
// What was not flushed to the operating system is lost.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Stop ends the server in an orderly way: sessions are ended, files flushed.
func (s *Server) Stop() { s.end(syscall.SIGINT) }

func (s *Server) end(how syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return
	}
	pid := s.process.Process.Pid
	if how == syscall.SIGKILL {
		// Stopped first, so that it starts no process that would be left.
		_ = syscall.Kill(pid, syscall.SIGSTOP)
		ending := children(pid)
		for _, child := range ending {
			_ = syscall.Kill(child, how)
		}
		for _, child := range ending { // while one is left no other server may use the files
			for running(child) {
				<-time.After(time.Millisecond)
			}
		}
	}
	_ = syscall.Kill(pid, how)
	_ = s.process.Wait() // it was killed: that is no error
	s.process = nil
}

// running reports whether a process has not ended; one that nobody has waited
// for has.
func running(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(text), ") ")
	return err == nil && !strings.HasPrefix(after, "Z")
}

// children are the processes that a process has started; each is a session of
// its own.
func children(of int) (found []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(after)
		if len(fields) > 1 && fields[1] == strconv.Itoa(of) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				found = append(found, pid)
			}
		}
	}
	return found
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
