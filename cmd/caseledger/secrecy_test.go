package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBlackBoxNothingReadable searches everything a served record leaves on
// disk or prints for every name, date of birth, NHS number and CRN that is in
// it: outside the read models there is none, in any of the forms in which
// bytes are commonly written.
func TestBlackBoxNothingReadable(t *testing.T) {
	t.Parallel()
	const invented, seed = 12, 3
	data := filepath.Join(t.TempDir(), "data")
	run := start(t, "demo", "--data", data, "--people", "12", "--seed", "3", "--addr", "127.0.0.1:0")
	run.line("Stop with")
	if code := run.stop(); code != 0 {
		t.Fatalf("the demo stopped with %d:\n%s", code, run.errs)
	}
	r := serveData(t, data)
	newPerson(t, r)
	nurse := r.as("NUR1")
	for _, says := range []any{
		body{"identifier": body{"type": "NHS_NUMBER", "value": "9990001014"}},
		body{"identifier": body{"type": "NHS_NUMBER", "value": "9990001015"}},
		body{"identifier": body{"type": "CRN", "value": "X990101"}},
		body{"familyName": "ALPHA", "birthDate": "1991-05-17"},
		body{"familyName": "ALPHA", "birthDate": "1991-05-99"},
	} {
		if _, err := nurse.try("POST", "/api/v1/people/search", nil, says); err != nil {
			t.Fatal(err)
		}
	}
	if code := r.stop(); code != 0 {
		t.Fatalf("the server stopped with %d:\n%s", code, r.errs)
	}

	sought := []string{"ALPHA", "BRAVO", "CHARLIE", "YANKEE", "ZULU",
		"9990001014", "9990002010", "9990003017", "9990003025", "9990123454", "999 000 1014", "X990101", "X990202", "X990303",
		"2019/0001234E", "2021/0004321Q", "1998/0000765X", "Z9901ZZ", "1991-05-17", "1983-08-22", "1959-11-03", "1990-01-02"}
	p := newPeople(inventedRandom(seed))
	for range invented {
		id := p.next()
		sought = append(sought, id.familyName, id.givenName, id.nhsNumber, id.crn, id.birthDate)
	}
	var views []byte
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.Contains(path, string(filepath.Separator)+viewsFolder+string(filepath.Separator)) {
			views = append(views, raw...)
			return nil
		}
		for _, what := range found(raw, sought) {
			t.Errorf("%s holds %s", path, what)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sought {
		if (strings.HasPrefix(name, "TEST ") || strings.Contains(name, "-0")) && !bytes.Contains(views, []byte(name)) && len(name) > 10 {
			t.Errorf("not even the read models hold %s: nobody of that name was recorded", name)
		}
	}
	for name, text := range map[string]string{"the demo's log": run.errs.String(), "the demo's answer": withoutTries(run.out.String()),
		"the server's log": r.errs.String(), "the server's answer": r.out.String(),
		"the export": mustCommand(t, "events", "export", "--data", data), "the list": mustCommand(t, "events", "list", "--data", data)} {
		for _, what := range found([]byte(text), sought) {
			t.Errorf("%s holds %s", name, what)
		}
	}
	if audit, err := os.ReadFile(filepath.Join(data, viewsFolder, "AUDIT.db")); err != nil {
		t.Error(err)
	} else if f := found(audit, []string{"YANKEE", "9990123454", "X990101", "1990-01-02"}); len(f) > 0 {
		t.Errorf("the auditors' read models hold %v", f)
	}
}

// withoutTries leaves out the lines to try, which hold an invented number for
// people to type.
func withoutTries(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "curl ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// found lists which values are in raw, as they are or encoded.
func found(raw []byte, sought []string) []string {
	lower := bytes.ToLower(raw)
	var hits []string
	for _, value := range sought {
		if value == "" {
			continue
		}
		for name, form := range map[string][]byte{
			"": []byte(strings.ToLower(value)), " in hexadecimal": []byte(hex.EncodeToString([]byte(value))),
			" in UTF-16": []byte(strings.ToLower(strings.Join(strings.Split(value, ""), "\x00"))),
		} {
			if bytes.Contains(lower, form) {
				hits = append(hits, value+name)
			}
		}
		// Base64 shows the middle of a value whichever byte it begins at.
		for shift := range 3 {
			encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + value))
			if middle := encoded[4 : len(encoded)-4]; len(middle) >= 8 && bytes.Contains(raw, []byte(middle)) {
				hits = append(hits, value+" in base64")
			}
		}
	}
	return hits
}

// TestSecrecySearchFinds checks the search itself.
func TestSecrecySearchFinds(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"xx9990001014xx", hex.EncodeToString([]byte("a9990001014")), base64.StdEncoding.EncodeToString([]byte("ab9990001014ab")),
		"9\x009\x009\x000\x000\x000\x001\x000\x001\x004"} {
		if len(found([]byte(text), []string{"9990001014"})) == 0 {
			t.Errorf("%q hides the number from the search", text)
		}
	}
	if f := found([]byte("nothing to see"), []string{"9990001014"}); len(f) > 0 {
		t.Errorf("found %v in nothing", f)
	}
}
