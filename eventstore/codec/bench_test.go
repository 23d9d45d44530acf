package codec_test

import (
	"encoding/binary"
	stdjson "encoding/json"
	"testing"

	"crypto/rand"

	json "github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/eventstore/codec"
)

// small is a common event: a few codes and one short sentence.
func small() noteWritten {
	return noteWritten{Stage: "open", WrittenOn: event.MustDay("2026-02-23"), Tags: []stage{"a", "b"}, Note: event.Own("sleeps badly since the move, wakes at four")}
}

func BenchmarkDecode(b *testing.B) {
	for name, data := range map[string]noteWritten{"two-boxes": small(), "six-boxes": full()} {
		b.Run(name, func(b *testing.B) {
			c := codec.New(catalogue, newVault(b), rand.Reader)
			all := mustSeal(b, c, commandOf(alpha, command), nil, data)
			s := all[len(all)-1]
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Decode(b.Context(), s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecodeMeta(b *testing.B) {
	c := codec.New(catalogue, newVault(b), rand.Reader)
	all := mustSeal(b, c, commandOf(alpha, command), nil, small())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.DecodeMeta(all[len(all)-1]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	c := codec.New(catalogue, newVault(b), rand.Reader)
	cmd := commandOf(alpha, command)
	var history []event.Recorded
	for _, s := range mustSeal(b, c, cmd, nil, small()) {
		r, err := c.Decode(b.Context(), s)
		if err != nil {
			b.Fatal(err)
		}
		history = append(history, r)
	}
	b.ReportAllocs()
	for b.Loop() {
		mustSeal(b, c, cmd, history, small())
	}
}

// The JSON alone, of the two boxes of small, by each reader there is.
func BenchmarkJSON(b *testing.B) {
	type operational struct {
		Stage     stage     `json:"stage"`
		WrittenOn event.Day `json:"writtenOn"`
		Tags      []stage   `json:"tags,omitempty"`
		Mark      string    `json:"$fingerprint"`
	}
	type health struct {
		Note *string `json:"note"`
	}
	one := []byte(`{"stage":"open","writtenOn":"2026-02-23","tags":["a","b"],"$fingerprint":"0102030000000000000000000000000000000000000000000000000000000000"}`)
	two := []byte(`{"note":"sleeps badly since the move, wakes at four"}`)
	for name, unmarshal := range map[string]func([]byte, any) error{
		"standard": stdjson.Unmarshal,
		"v2":       func(b []byte, v any) error { return json.Unmarshal(b, v) },
		"v2-strict": func(b []byte, v any) error {
			return json.Unmarshal(b, v, json.RejectUnknownMembers(true))
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var o operational
				var h health
				if err := unmarshal(one, &o); err != nil {
					b.Fatal(err)
				}
				if err := unmarshal(two, &h); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPlain decodes and opens what BenchmarkDecode/two-boxes does, with
// the standard library's JSON and structs written by hand.
func BenchmarkPlain(b *testing.B) {
	v := newVault(b)
	c := codec.New(catalogue, v, rand.Reader)
	all := mustSeal(b, c, commandOf(alpha, command), nil, small())
	s := all[len(all)-1]
	b.ReportAllocs()
	for b.Loop() {
		body, err := codec.ParseBody(s.Body)
		if err != nil {
			b.Fatal(err)
		}
		var n struct {
			Stage     stage     `json:"stage"`
			WrittenOn event.Day `json:"writtenOn"`
			Tags      []stage   `json:"tags,omitempty"`
			Mark      string    `json:"$fingerprint"`
			Note      *string   `json:"note"`
		}
		for _, box := range body.Boxes {
			class := byte(2)
			if box.Class == event.Operational {
				class = 4
			}
			id, stream := s.ID.UUID, s.Stream.Bytes()
			ad := append([]byte{codec.Format}, id[:]...)
			ad = append(append(ad, stream[:]...), byte(len(body.Type)))
			ad = append(append(ad, body.Type...), 0, byte(body.Version), class, 0)
			padded, err := v.Open(b.Context(), nil, box.Key, box.Sealed, append(ad, box.Key[:]...))
			if err != nil {
				b.Fatal(err)
			}
			if err := stdjson.Unmarshal(padded[4:4+binary.BigEndian.Uint32(padded)], &n); err != nil {
				b.Fatal(err)
			}
		}
	}
}
