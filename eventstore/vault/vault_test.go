package vault

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"caseledger/domain/event"

	_ "modernc.org/sqlite"
)

var (
	alpha     = event.MustUUID("5f0c8a52-1111-4111-8111-111111111111")
	bravo     = event.MustUUID("5f0c8a52-2222-4222-8222-222222222222")
	cmd1      = event.MustUUID("c0000000-0000-4000-8000-000000000001")
	cmd2      = event.MustUUID("c0000000-0000-4000-8000-000000000002")
	byErasure = event.ID{UUID: event.MustUUID("e0000000-0000-8000-8000-000000000001")}
	noon      = time.Date(2026, 2, 23, 12, 0, 0, 0, time.UTC)
)

func healthOf(person event.UUID) Ref { return Ref{person, event.NHS, event.Health} }

func config(t testing.TB) Config {
	dir := t.TempDir()
	return Config{Path: filepath.Join(dir, "keys.db"), KEKPath: filepath.Join(dir, "kek"), Now: func() time.Time { return noon }, Rand: rand.Reader}
}

func mustOpen(t testing.TB, c Config) *Vault {
	t.Helper()
	v, err := Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}
func TestSmoke(t *testing.T) {
	v := mustOpen(t, config(t))
	k, err := v.Ensure(t.Context(), healthOf(alpha), healthOf(bravo))
	if err != nil {
		t.Fatal(err)
	}
	b, err := v.Seal(t.Context(), nil, k[0].ID, []byte("hi"), []byte("ad"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := v.Open(t.Context(), nil, k[0].ID, b, []byte("ad"))
	if err != nil || string(p) != "hi" {
		t.Fatal(p, err)
	}
	if err := v.Destroy(t.Context(), k[0].ID, byErasure); err != nil {
		t.Fatal(err)
	}
	_, err = v.Open(t.Context(), nil, k[0].ID, b, []byte("ad"))
	t.Log(err)
}
