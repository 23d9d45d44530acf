package numbering_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caseledger/domain/event"
	"caseledger/eventstore/numbering"
)

// example is two events that one append wrote to a case, and one of a session
// that was recorded a second later.
func example() []numbering.Entry {
	at := time.Date(2026, 3, 2, 9, 0, 0, 123_456_000, time.UTC)
	theirCase := event.Case(event.MustUUID("00000000-0000-4000-8000-000000000001"))
	session := event.Access(event.MustUUID("00000000-0000-4000-8000-000000000002"))
	id := func(n byte) event.ID { return event.ID{UUID: event.UUID{0: n, 15: n}} }
	token := numbering.Token{1, 2, 3, 4, 5, 6, 7, 8}
	return []numbering.Entry{
		{Position: 41, RecordedAt: at, ID: id(1), Stream: theirCase, Revision: 5, At: numbering.LogPosition{Commit: 1487, Prepare: 1487}, By: token},
		{Position: 42, RecordedAt: at, ID: id(2), Stream: theirCase, Revision: 6, At: numbering.LogPosition{Commit: 2100, Prepare: 1800}, By: token},
		{Position: 43, RecordedAt: at.Add(time.Second), ID: id(3), Stream: session, Revision: 1, At: numbering.LogPosition{Commit: 2500, Prepare: 2500}},
	}
}

const exampleHex = "01" + // version
	"29" + "c0ccb5feec809303" + // position 41, recorded at
	"01" + "00000000000040008000000000000001" + "05" + "02" + "0102030405060708" + "00" + // the case, revision 5, 2 entries, token, no later
	"01000000000000000000000000000001" + "cf0b" + "00" +
	"02000000000000000000000000000002" + "e504" + "ac02" +
	"04" + "00000000000040008000000000000002" + "01" + "01" + "0000000000000000" + "c0843d" + // the session, a second later
	"03000000000000000000000000000003" + "9003" + "00"

func TestFormat(t *testing.T) {
	t.Parallel()
	data := numbering.Encode(example())
	if got := hex.EncodeToString(data); got != exampleHex {
		t.Errorf("encoded:\n%s, want\n%s", got, exampleHex)
	}
	got, err := numbering.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(example(), got); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	good, _ := hex.DecodeString(exampleHex)
	for n := range good {
		if n == 77 {
			continue // the first run alone is a whole index event
		}
		if _, err := numbering.Decode(good[:n]); !errors.Is(err, numbering.ErrMalformed) {
			t.Errorf("the first %d bytes: got error %v, want ErrMalformed", n, err)
		}
	}
	for name, change := range map[string]func([]byte) []byte{
		"a later version":        func(b []byte) []byte { b[0] = 2; return b },
		"position 0":             func(b []byte) []byte { b[1] = 0; return b },
		"no such kind of stream": func(b []byte) []byte { b[10] = 9; return b },
		"revision 0":             func(b []byte) []byte { b[27] = 0; return b },
		"a run of nothing":       func(b []byte) []byte { b[28] = 0; return b },
		"a trailing byte":        func(b []byte) []byte { return append(b, 0) },
		"a long integer":         func(b []byte) []byte { return append(append(b[:1:1], 0xa9, 0x00), b[2:]...) },
	} {
		if _, err := numbering.Decode(change(bytes.Clone(good))); !errors.Is(err, numbering.ErrMalformed) {
			t.Errorf("%s: got error %v, want ErrMalformed", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	good, _ := hex.DecodeString(exampleHex)
	f.Add(good)
	f.Add(good[:77])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := numbering.Decode(data)
		if err != nil {
			if !errors.Is(err, numbering.ErrMalformed) {
				t.Errorf("got error %v, want ErrMalformed", err)
			}
			return
		}
		if again := numbering.Encode(entries); !bytes.Equal(again, data) {
			t.Errorf("%x decodes and encodes as %x", data, again)
		}
	})
}
