//go:build postgres

package postgres_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// Whether somebody leads is seen from outside, and of what.
func TestWhoeverAsksIsToldWhetherSomebodyLeads(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	led := func(name string) bool {
		t.Helper()
		is, err := postgres.Led(t.Context(), url, name)
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	if led("one") {
		t.Error("somebody leads before the election")
	}
	ctx, stop := context.WithCancel(t.Context())
	leading, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- postgres.Elect(ctx, postgres.ElectOptions{URL: url, Name: "one", Log: slog.New(slog.DiscardHandler), After: time.After},
			func(ctx context.Context) error {
				close(leading)
				<-ctx.Done()
				return nil
			})
	}()
	<-leading
	if !led("one") || led("two") {
		t.Errorf("while one is led: one %v, two %v", led("one"), led("two"))
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if led("one") {
		t.Error("somebody leads after the end")
	}
}
