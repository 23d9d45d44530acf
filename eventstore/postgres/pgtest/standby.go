package pgtest

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// Standby returns a hot standby of the server, of the same options, which
// follows it until it is promoted. It is stopped when the test ends.
func (s *Server) Standby(t testing.TB) *Server {
	t.Helper()
	standby := Start(t, s.options)
	standby.Kill()
	data := filepath.Join(standby.folder, "data")
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	s.Run(t, "pg_basebackup", "-h", s.folder, "-p", strconv.Itoa(s.port), "-U", "postgres", "-D", data,
		"--write-recovery-conf", "--checkpoint=fast", "--no-sync")
	standby.Restart(t)
	return standby
}

// Promote makes a standby a primary, and returns when it takes changes.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	s.Run(t, "pg_ctl", "promote", "-w", "-D", filepath.Join(s.folder, "data"))
}
