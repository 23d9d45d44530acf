package kurrent

import (
	"testing"

	"caseledger/eventstore/numbering"
)

func TestMark(t *testing.T) {
	t.Parallel()
	m := batchMark{index: 2, of: 3, by: numbering.Token{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}}
	const want = `{"index":2,"of":3,"by":"0123456789abcdef"}`
	if got := string(m.append(nil)); got != want {
		t.Errorf("written: %s, want %s", got, want)
	}
	if got := markOf([]byte(want)); got != m {
		t.Errorf("read: %+v, want %+v", got, m)
	}
	for _, other := range []string{"", "{}", want + " ", want[1:], `{"index":3,"of":3,"by":"0123456789abcdef"}`,
		`{"index":0,"of":0,"by":"0123456789abcdef"}`, `{"index":-1,"of":3,"by":"0123456789abcdef"}`, `{"index":0,"of":3,"by":"0123456789abcdeg"}`,
		`{"index":0,"of":9999999999,"by":"0123456789abcdef"}`, `{"index":0,"of":3,"by":"0123456789abcde"}`} {
		if got := markOf([]byte(other)); got != alone {
			t.Errorf("%q is read as %+v", other, got)
		}
	}
}

func FuzzMark(f *testing.F) {
	f.Add([]byte(`{"index":2,"of":3,"by":"0123456789abcdef"}`))
	f.Add([]byte(`{"$correlationId":"x"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := markOf(data)
		if m.index < 0 || m.index >= m.of {
			t.Errorf("%q is read as %+v", data, m)
		}
		if again := markOf(m.append(nil)); again != m {
			t.Errorf("%+v is read again as %+v", m, again)
		}
	})
}
