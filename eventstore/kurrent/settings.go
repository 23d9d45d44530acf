package kurrent

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// schemes are those that are understood, and what the client calls them.
var schemes = map[string]string{
	"esdb://": "esdb://", "esdb+discover://": "esdb+discover://",
	"kurrentdb://": "esdb://", "kurrentdb+discover://": "esdb+discover://",
	"kurrent://": "esdb://", "kurrent+discover://": "esdb+discover://",
}

// checked are the settings that a connection string may hold, in lower case,
// each with what its value must be. The client prints a setting that it does
// not know, and takes some bad values without a word.
var checked = map[string]func(value string) bool{
	"tls": boolean, "tlsverifycert": boolean, "tlscafile": given, "usercertfile": given, "userkeyfile": given,
	"discoveryinterval": from(0), "gossiptimeout": from(1), "maxdiscoverattempts": from(1), "defaultdeadline": from(1),
	"keepaliveinterval": func(v string) bool { return v == "-1" || from(10_000)(v) }, "keepalivetimeout": func(v string) bool { return v == "-1" || from(1)(v) },
	"nodepreference": func(v string) bool { return strings.EqualFold(v, "leader") },
}

func boolean(v string) bool { return slices.Contains([]string{"true", "false"}, strings.ToLower(v)) }
func given(v string) bool   { return v != "" }

func from(least int) func(string) bool {
	return func(v string) bool { n, err := strconv.Atoi(v); return err == nil && n >= least && n < 1<<30 }
}

// configuration reads a connection string, and a credentials file if there is
// one. timeout is that of a call where the string says nothing.
func configuration(connection, credentialsFile string, timeout time.Duration) (esdb.Configuration, time.Duration, error) {
	none := func(why string) (esdb.Configuration, time.Duration, error) {
		return esdb.Configuration{}, 0, fmt.Errorf("%w: %s", ErrConnectionString, why)
	}
	normal, ok := "", false
	for theirs, ours := range schemes {
		if rest, found := strings.CutPrefix(connection, theirs); found {
			normal, ok = ours+rest, true
		}
	}
	if !ok {
		return none("it begins with none of esdb://, esdb+discover://, kurrentdb:// and kurrentdb+discover://")
	}
	_, query, _ := strings.Cut(normal, "?")
	for setting := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(setting, "=")
		switch valid := checked[strings.ToLower(name)]; {
		case setting == "":
		case valid == nil:
			return none("it holds a setting that is not known")
		case !valid(value) && !strings.Contains(value, "%"):
			return none("the value of its setting " + strings.ToLower(name) + " cannot be used")
		}
	}
	c, err := esdb.ParseConnectionString(normal)
	switch {
	case err != nil && strings.Contains(strings.ToLower(query), "tlscafile=") && errors.As(err, new(*os.PathError)):
		return none("its tlsCAFile cannot be read")
	case err != nil:
		return none("it is not of the form esdb://user:password@host:port,host:port?setting=value")
	case c.NodePreference != esdb.NodePreferenceLeader:
		return none("what is recorded must be read from the leader")
	}
	c.Logger = esdb.NoopLogging() // its lines name hosts and streams
	c.MaxDiscoverAttempts = 1     // the session tries again, with a client that is not dead
	c.DiscoveryInterval = 0
	if c.DefaultDeadline != nil {
		timeout = *c.DefaultDeadline
	}
	c.DefaultDeadline = &timeout
	if limit := max(1, int(timeout/time.Second)); c.GossipTimeout > limit {
		c.GossipTimeout = limit
	}
	if credentialsFile != "" {
		if c.DisableTLS {
			return none("credentials are not sent without TLS")
		}
		if c.Username, c.Password, err = readCredentials(credentialsFile); err != nil {
			return esdb.Configuration{}, 0, err
		}
	}
	return *c, timeout, nil
}

// maxCredentials is far more than a user and a password need.
const maxCredentials = 4 << 10

// readCredentials reads "user:password", or the two on a line each.
func readCredentials(path string) (user, password string, err error) {
	bad := func(why string) (string, string, error) {
		return "", "", fmt.Errorf("%w: %s", ErrCredentialsFile, why)
	}
	f, err := os.Open(path)
	if err != nil {
		return bad("it cannot be opened")
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	switch {
	case err != nil || !info.Mode().IsRegular():
		return bad("it is no file")
	case info.Mode().Perm()&0o077 != 0:
		return bad("others than its owner may read it; set its mode to 0600")
	}
	text, err := io.ReadAll(io.LimitReader(f, maxCredentials+1))
	if err != nil || len(text) > maxCredentials {
		return bad("it cannot be read")
	}
	text = bytes.TrimRight(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), "\n")
	user, password, two := strings.Cut(string(text), "\n")
	if !two {
		user, password, two = strings.Cut(string(text), ":")
	}
	if !two || user == "" || password == "" || strings.ContainsAny(user+password, "\n") {
		return bad("it is neither user:password nor a line each of them")
	}
	return user, password, nil
}
