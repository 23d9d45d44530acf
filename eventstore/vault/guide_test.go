package vault

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"caseledger/eventstore/pgsql"
)

var quotedError = regexp.MustCompile("(?m)^\\| `((?:vault|postgresql): [^`]+)` \\|")

// The guide for operators quotes errors as they are.
func TestTheGuideQuotesErrorsAsTheyAre(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/operations/backup-and-restore.md")
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, err := range []error{
		pgsql.ErrUnreachable, pgsql.ErrCredentials, pgsql.ErrServerReadOnly, pgsql.ErrFull, pgsql.ErrPrivilege,
		ErrNotKeystore, ErrNotAlone, ErrNewer, ErrSettings, ErrKEKMissing, ErrKeyBroken, ErrKeyMissing, ErrStillInLog,
		ErrInUse, ErrCopyDiffers, ErrKEKEpoch, ErrKEKUnavailable, ErrNoKEKFile,
	} {
		said = append(said, err.Error())
	}
	var quoted []string
	for _, m := range quotedError.FindAllSubmatch(guide, -1) {
		quoted = append(quoted, string(m[1]))
	}
	for _, q := range quoted {
		if !slices.Contains(said, q) {
			t.Errorf("no error says %q", q)
		}
	}
	for _, s := range said {
		if !slices.Contains(quoted, s) {
			t.Errorf("the guide does not say what to do about %q", s)
		}
	}
}
