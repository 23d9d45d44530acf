package codec

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestPaddingIsCanonical(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 252, 253, 1020, 1021, 4092, 4093, 16380, 16381, MaxBoxBytes} {
		padded, ok := pad(nil, bytes.Repeat([]byte{'x'}, n))
		if !ok {
			t.Fatalf("%d bytes fit no bucket", n)
		}
		content, err := unpad(padded)
		if err != nil || len(content) != n {
			t.Errorf("%d bytes come back as %d, %v", n, len(content), err)
		}
		if n < len(padded)-prefixBytes {
			padded[len(padded)-1] = 1
			if _, err := unpad(padded); err == nil {
				t.Errorf("%d bytes: padding that is not zero was read", n)
			}
		}
	}
	if _, ok := pad(nil, make([]byte, MaxBoxBytes+1)); ok {
		t.Error("more than the largest bucket was padded")
	}
}

func FuzzUnpad(f *testing.F) {
	padded, _ := pad(nil, []byte(`{"note":"sleeps badly"}`))
	f.Add(padded)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		content, err := unpad(b)
		if err != nil {
			return
		}
		if again, ok := pad(nil, content); !ok || !bytes.Equal(again, b) {
			t.Errorf("read, but padded differently: %x", b)
		}
	})
}

func TestSmallestBucket(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, MaxBoxBytes).Draw(t, "content")
		padded, _ := pad(nil, make([]byte, n))
		for _, b := range buckets {
			if b >= n+prefixBytes && b < len(padded) {
				t.Errorf("%d bytes were padded to %d, %d would do", n, len(padded), b)
			}
		}
	})
}
