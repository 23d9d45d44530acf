package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTheErasureDrill(t *testing.T) {
	t.Parallel()
	d := newDrill(t)
	d.recorded()
	d.seen()
	backups := []string{d.copies("backup-1")}
	d.later(24 * time.Hour)
	d.answered()
	d.seen()
	backups = append(backups, d.copies("backup-2"))
	if err := os.MkdirAll(filepath.Join(d.dir, "packs"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{3, 30} {
		if err := os.WriteFile(filepath.Join(d.dir, "packs", fmt.Sprintf("%d.zip", n)), []byte(personID(drillLabel(n)).String()+canary(hubHealth, n)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before, keys := d.replays(), d.keys()
	kept := d.verified("intact", "")
	search := d.looksFor(keys)
	// The control: the search finds canaries in the read models, and every wrapped
	// key in the keystore, as long as they are there.
	control := search.in(t, d.dir)
	wrapped, views := 0, 0
	for name, files := range control {
		switch {
		case strings.Contains(name, "wrapped key") && slices.Contains(files, keysFile):
			wrapped++
		case strings.Contains(strings.Join(files, " "), viewsFolder):
			views++
		}
	}
	gone := 0
	for _, k := range keys {
		if k.gone() {
			gone++
		}
	}
	if wrapped != gone || views < drillErased {
		t.Fatalf("before the erasure %d of %d wrapped keys and %d canaries were found:%s", wrapped, gone, views, say(control))
	}

	d.later(24 * time.Hour)
	d.erased()
	if found := search.in(t, d.dir); len(found) != 0 {
		t.Fatalf("after the erasure the live system holds:%s", say(found))
	}
	survivors := needles{}
	for n := drillErased; n < drillPeople; n++ {
		survivors.put(canary(hubIdentity, n), []byte(canary(hubIdentity, n)))
	}
	if found := survivors.in(t, d.dir); len(found) != drillPeople-drillErased {
		t.Errorf("of %d people who stay %d are in the read models", drillPeople-drillErased, len(found))
	}
	if _, err := os.Stat(filepath.Join(d.dir, "packs", "30.zip")); err != nil {
		t.Errorf("what names nobody erased: %v", err)
	}
	d.tells("live", d.replays(), before)
	d.checked()
	d.verified("intact-erased", kept)

	for i, backup := range backups {
		d.restored(fmt.Sprintf("backup %d", i+1), backup, search, before)
	}
}

// checked checks the read models against the ledger.
func (d *drill) checked() {
	d.Helper()
	if out, errs, code := call(d.T, nil, append([]string{"project", "check", "--quiet"}, d.args...)...); code != 0 {
		d.Errorf("project check ended with %d: %s%s", code, out, errs)
	}
}

// verified verifies the ledger, every box opened that still opens, and returns a file
// with the checkpoint of the moment. kept is that of an earlier one.
func (d *drill) verified(verdict, kept string) (checkpoint string) {
	d.Helper()
	d.works(func(r *record) {
		if err := (opening{dir: dataDir(d.dir), at: d.at, mode: writing, now: d.clock.now, random: rand.Reader}).sealAll(d.Context(), r); err != nil {
			d.Fatal(err)
		}
	})
	args := append([]string{"verify", "--open", "--json", "--quiet"}, d.args...)
	if kept != "" {
		args = append(args, "--checkpoint", kept)
	}
	out, errs, code := call(d.T, nil, args...)
	if code != 0 || !strings.Contains(out, `"verdict":"`+verdict+`"`) {
		d.Errorf("verify ended with %d, want %s: %s%s", code, verdict, out, errs)
	}
	text, errs, code := call(d.T, nil, append([]string{"ledger", "checkpoint", "--quiet"}, d.args...)...)
	if code != 0 {
		d.Fatalf("ledger checkpoint ended with %d: %s", code, errs)
	}
	checkpoint = filepath.Join(d.TempDir(), "checkpoint")
	if err := os.WriteFile(checkpoint, []byte(text), 0o600); err != nil {
		d.Fatal(err)
	}
	return checkpoint
}

// restored restores a backup in every way in which somebody may, once the bound of
// the receipts is over: the key-encryption key is the one that is left.
func (d *drill) restored(what, backup string, search *needles, before map[int]string) {
	d.Helper()
	for name, restore := range map[string]struct {
		backup []string // what comes from it; the rest is the live system's
		opens  bool
	}{
		"the ledger, with its read models": {[]string{ledgerFile, viewsFolder, monitorsFile}, true},
		"the read models":                  {[]string{viewsFolder}, true},
		"the keystore":                     {[]string{keysFile}, false},
		"everything but the key file":      {[]string{ledgerFile, keysFile, viewsFolder, monitorsFile}, false},
	} {
		name = what + ", " + name
		dir := d.copies(strings.ReplaceAll(name, " ", "-"))
		for _, file := range restore.backup {
			if err := os.RemoveAll(filepath.Join(dir, file)); err != nil {
				d.Fatal(err)
			}
			from := filepath.Join(backup, file)
			if info, err := os.Stat(from); err != nil {
				continue
			} else if info.IsDir() {
				if err := os.CopyFS(filepath.Join(dir, file), os.DirFS(from)); err != nil {
					d.Fatal(err)
				}
				continue
			}
			copyFile(d.T, from, filepath.Join(dir, file))
		}
		if !restore.opens {
			for _, n := range []int{0, 12, 17, 30} {
				out, errs, code := call(d.T, nil, "replay", drillLabel(n), "--data", dir, "--quiet")
				if code == 0 || strings.Contains(out+errs, "CANARY") {
					d.Fatalf("%s: replay ended with %d and said %s", name, code, out)
				}
			}
			continue
		}
		served := drillOf(d.T, dir, d.people...)
		served.clock = d.clock
		served.seen() // what the process that serves it does
		if found := search.in(d.T, dir); len(found) != 0 {
			d.Errorf("%s: the files hold:%s", name, say(found))
		}
		replays := served.replays()
		if slices.Contains(restore.backup, ledgerFile) {
			for n := range drillPeople { // the ledger is of an earlier moment
				if n >= drillErased && !strings.Contains(replays[n], canary(hubHealth, n)) {
					d.Errorf("%s: %s is not told", name, drillLabel(n))
				}
				for _, class := range drillGone(n) {
					if strings.Contains(replays[n], canary(class, n)) {
						d.Errorf("%s: %s's %s is told", name, drillLabel(n), class)
					}
				}
			}
		} else {
			d.tells(name, replays, before)
		}
		served.checked()
	}
}

// Within the bound, a keystore that is restored with the key-encryption key of its
// time has the destructions repeated before anybody is let in.
func TestARestoredKeystoreIsTakenThroughTheDestructionsAgain(t *testing.T) {
	t.Parallel()
	d := newDrill(t)
	d.recorded()
	d.answered()
	d.seen()
	backup, before, keys := d.copies("backup"), d.replays(), d.keys()
	d.later(time.Hour)
	d.erased()
	for _, file := range []string{keysFile, kekFile} {
		if err := os.Remove(filepath.Join(d.dir, file)); err != nil {
			t.Fatal(err)
		}
		copyFile(t, filepath.Join(backup, file), filepath.Join(d.dir, file))
	}
	if out, errs, code := call(t, nil, "replay", drillLabel(0), "--data", d.dir, "--quiet"); code != int(exitUnavailable) || strings.Contains(out, "CANARY") {
		t.Errorf("before the destructions are repeated replay ended with %d: %s%s", code, out, errs)
	}
	if _, errs, code := call(t, nil, "keys", "shred", "--resume", "--quiet", "--data", d.dir); code != 0 {
		t.Fatalf("keys shred --resume ended with %d: %s", code, errs)
	}
	d.tells("restored", d.replays(), before)
	if found := d.looksFor(keys).in(t, d.dir); len(found) != 0 {
		t.Errorf("the files hold:%s", say(found))
	}
}
