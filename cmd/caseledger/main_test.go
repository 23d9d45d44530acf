package main

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"time"
)

// call runs the program inside the test and returns what it printed and how
// it ended.
func call(t *testing.T, environ []string, args ...string) (out, errs string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	p := &program{in: strings.NewReader(""), out: &o, errs: &e, random: rand.Reader, environ: environ, now: time.Now}
	code = p.run(t.Context(), args)
	return o.String(), e.String(), code
}
