package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// probe is the status of a probe; 0 if nobody answers.
func (r *running) probe(path string) int {
	p, err := r.client.Get(r.address + path)
	if err != nil {
		return 0
	}
	_ = p.Body.Close()
	return p.StatusCode
}

// figure is a figure of /metrics; -1 if it is not there.
func (r *running) figure(t testing.TB, name string) float64 {
	t.Helper()
	p, err := r.client.Get(r.address + "/metrics")
	if err != nil {
		return -1
	}
	raw, err := io.ReadAll(p.Body)
	_ = p.Body.Close()
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(raw)) {
		var n float64
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			if _, err := fmt.Sscan(rest, &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return -1
}
