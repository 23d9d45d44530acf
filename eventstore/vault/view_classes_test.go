package vault

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"caseledger/domain/event"
)

// TestClassViewOpensItsClassesOnly checks that a reader without the identity
// class opens no name, whichever side sealed it.
func TestClassViewOpensItsClassesOnly(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	v, err := OpenMemory(ctx, Config{Now: time.Now, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	view := v.ViewClasses(event.Operational, event.Decision)
	subject := event.DeriveUUID("test", []byte("somebody"))
	for _, side := range []event.Side{event.NHS, event.Probation} {
		for _, class := range event.Classes {
			keys, err := v.Ensure(ctx, Ref{subject, side, class})
			if err != nil {
				t.Fatal(err)
			}
			sealed, err := v.Seal(ctx, nil, keys[0].ID, []byte("content"), []byte("ad"))
			if err != nil {
				t.Fatal(err)
			}
			opened, err := view.Open(ctx, nil, keys[0].ID, sealed, []byte("ad"))
			if may := class == event.Operational || class == event.Decision; may && (err != nil || string(opened) != "content") {
				t.Errorf("%s of %s: got %v, want it open", class, side, err)
			} else if !may && !errors.Is(err, ErrWithheld) {
				t.Errorf("%s of %s: got %v, want ErrWithheld", class, side, err)
			}
			if err := view.CheckCommitment(ctx, keys[0].ID, keys[0].Commitment); err != nil {
				t.Errorf("commitment of %s of %s: %v", class, side, err)
			}
		}
	}
}
