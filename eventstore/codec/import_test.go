package codec_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/vault"
)

var source = event.Provenance{Reason: "found in the paper file", System: "OLD-SYSTEM"}

func importedCommand() eventstore.Command {
	cmd := commandOf(alpha, command)
	cmd.Origin, cmd.Import = event.Imported, source
	return cmd
}

// Every event of an imported command says why and from where, whatever else it
// holds; a live event, and one imported without saying, has nothing there.
func TestWhereAnImportedEventCameFrom(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	c := codec.New(catalogue, v, rand.Reader)
	all := mustSeal(t, c, importedCommand(), nil, full(), bell{})
	for _, e := range decodeAll(t, c, all) {
		if e.Type == "key.created" {
			if e.Import.State() != event.Absent {
				t.Errorf("a key commitment's source is %s", e.Import.State())
			}
			continue
		}
		if got, state := e.Import.Get(); got != source || state != event.Open {
			t.Errorf("%s came from %+v (%s), want %+v", e.Type, got, state, source)
		}
		if same, ok, err := c.SameCommand(t.Context(), all[len(all)-2], [32]byte{1, 2, 3}); !same || !ok || err != nil {
			t.Errorf("its command is not recognised: %t, %t, %v", same, ok, err)
		}
	}
	silent := importedCommand()
	silent.Import = event.Provenance{}
	for name, cmd := range map[string]eventstore.Command{"live": commandOf(alpha, bravo), "imported without saying": silent} {
		history := decodeAll(t, c, mustSeal(t, c, cmd, nil, full()))
		if got := history[len(history)-1].Import; got.State() != event.Absent {
			t.Errorf("%s: the source is %s", name, got.State())
		}
	}
	police := codec.NewReader(catalogue, v.View(event.Police), codec.Options{})
	if e, err := police.Decode(t.Context(), all[len(all)-1]); err != nil || e.Import.State() != event.Withheld {
		t.Errorf("another side reads the source as %s, %v", e.Import.State(), err)
	}
	keys, err := v.Ensure(t.Context(), vault.Ref{Subject: alpha, Side: event.NHS, Class: event.Operational})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Destroy(t.Context(), keys[0].ID, all[0].ID); err != nil {
		t.Fatal(err)
	}
	if e, err := c.Decode(t.Context(), all[len(all)-1]); err != nil || e.Import.State() != event.Erased {
		t.Errorf("after erasure the source reads as %s, %v", e.Import.State(), err)
	}
}

// The reason is free text: it stands nowhere in the clear.
func TestWhyAnEventWasImportedIsSealed(t *testing.T) {
	t.Parallel()
	for _, s := range mustSeal(t, codec.New(catalogue, newVault(t), rand.Reader), importedCommand(), nil, full()) {
		for _, text := range []string{source.Reason, source.System} {
			if bytes.Contains(s.Body, []byte(text)) {
				t.Errorf("a stored body holds %q", text)
			}
		}
	}
}

func TestOnlyAnImportSaysWhereItCameFromAndAllOfIt(t *testing.T) {
	t.Parallel()
	c := codec.New(catalogue, newVault(t), rand.Reader)
	for name, alter := range map[string]func(*eventstore.Command){
		"live":            func(cmd *eventstore.Command) { cmd.Origin = event.Live },
		"without reason":  func(cmd *eventstore.Command) { cmd.Import.Reason = "" },
		"without system":  func(cmd *eventstore.Command) { cmd.Import.System = "" },
		"without any but": func(cmd *eventstore.Command) { cmd.Import = event.Provenance{Reason: "x"} },
	} {
		cmd := importedCommand()
		alter(&cmd)
		if _, err := c.Seal(t.Context(), cmd, []event.Draft{{Data: bell{}}}, nil); err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
	all := mustSeal(t, c, importedCommand(), nil, bell{})
	s := all[len(all)-1]
	b, err := codec.ParseBody(s.Body)
	if err != nil {
		t.Fatal(err)
	}
	b.Origin = event.Live
	if s.Body, err = codec.AppendBody(nil, b); err != nil {
		t.Fatal(err)
	}
	_, err = c.Decode(t.Context(), s)
	wantCorrupt(t, "an imported event made to look live", err)
}
