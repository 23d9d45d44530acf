package pgsql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"caseledger/eventstore"
)

// coded is what a driver's error of a server looks like.
type coded string

func (c coded) Error() string    { return "ERROR: said so (SQLSTATE " + string(c) + ")" }
func (c coded) SQLState() string { return string(c) }

func TestFaultsAreNamed(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(t.Context())
	end()
	connecting := func(err error) error {
		return fmt.Errorf("failed to connect to `user=swordfish database=x`: %w", err)
	}
	refused := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{Port: 5432}, Err: syscall.ECONNREFUSED}
	other := errors.New("something else")
	for name, c := range map[string]struct {
		ctx  context.Context
		err  error
		want error
	}{
		"none":                      {t.Context(), nil, nil},
		"not the server's":          {t.Context(), other, other},
		"the context's":             {ended, connecting(context.Canceled), context.Canceled},
		"an inner deadline":         {t.Context(), connecting(context.DeadlineExceeded), ErrUnreachable},
		"refused":                   {t.Context(), connecting(refused), ErrUnreachable},
		"lost":                      {t.Context(), fmt.Errorf("read: %w", io.ErrUnexpectedEOF), ErrUnreachable},
		"lost before it was used":   {t.Context(), fmt.Errorf("begin: %w", driver.ErrBadConn), ErrUnreachable},
		"ended by an administrator": {t.Context(), coded("57P01"), ErrUnreachable},
		"starting up":               {t.Context(), connecting(coded("57P03")), ErrUnreachable},
		"an odd refusal":            {t.Context(), connecting(coded("XX000")), ErrUnreachable},
		"password":                  {t.Context(), connecting(errors.Join(other, coded("28P01"))), ErrCredentials},
		"database":                  {t.Context(), connecting(coded("3D000")), ErrNoDatabase},
		"privilege":                 {t.Context(), coded("42501"), ErrPrivilege},
		"read-only":                 {t.Context(), coded("25006"), ErrServerReadOnly},
		"full":                      {t.Context(), coded("53100"), ErrFull},
		"a violated constraint":     {t.Context(), coded("23505"), coded("23505")},
		"connection string":         {t.Context(), errors.New("cannot parse `swordfish`: failed"), ErrConnectionString},
	} {
		got := Named(c.ctx, c.err)
		if !errors.Is(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
		if got != nil && strings.Contains(got.Error(), "swordfish") {
			t.Errorf("%s: %v quotes the connection string", name, got)
		}
	}
}

func TestSettingsTakeThePlaceOfTheStringsOwn(t *testing.T) {
	t.Parallel()
	settings := Settings{"search_path": "ours"}
	for dsn, want := range map[string]string{
		"postgres://u:p@h:1/d?search_path=theirs&sslmode=disable": "postgres://u:p@h:1/d?search_path=ours&sslmode=disable",
		"postgresql://h/d":          "postgresql://h/d?search_path=ours",
		"host=h search_path=theirs": "host=h search_path=theirs search_path=ours", // the last one counts
	} {
		if got, err := add(dsn, settings); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", dsn, got, err, want)
		}
	}
	for _, dsn := range []string{"", " ", "postgres://%zz", "postgres://host:port/d"} {
		if _, err := add(dsn, settings); err != ErrConnectionString {
			t.Errorf("%q: got %v, want ErrConnectionString and nothing more", dsn, err)
		}
	}
}

// What may be over later is unavailable, for whoever asks by the store's name.
func TestWhatMayPassIsUnavailable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want bool
	}{
		{ErrUnreachable, true}, {ErrFull, true}, {ErrServerReadOnly, true},
		{ErrCredentials, false}, {ErrNoDatabase, false}, {ErrPrivilege, false}, {ErrConnectionString, false},
	} {
		if got := errors.Is(c.err, eventstore.ErrUnavailable); got != c.want {
			t.Errorf("%v: unavailable %t, want %t", c.err, got, c.want)
		}
	}
}
