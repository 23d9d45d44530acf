package kurrent_test

import (
	"errors"
	"testing"
	"time"

	"caseledger/eventstore"
	"caseledger/eventstore/kurrent"
	"caseledger/eventstore/kurrent/kurrenttest"
	"caseledger/eventstore/storetest"
)

// owned is a store that is closed together with the double it is on.
type owned struct {
	*kurrent.Store
	double *kurrenttest.Server
}

func (o owned) Close() error {
	err := o.Store.Close()
	o.double.Stop()
	return err
}

func open(tb testing.TB, o kurrent.Options) *kurrent.Store {
	tb.Helper()
	if o.Clock == nil {
		o.Clock = time.Now
	}
	s, err := kurrent.Open(tb.Context(), o)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, eventstore.ErrClosed) {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}

func onDouble(tb testing.TB, clock func() time.Time) eventstore.Store {
	double := kurrenttest.Start(tb, kurrenttest.Options{})
	return owned{open(tb, kurrent.Options{URL: double.URL(), Clock: clock}), double}
}

func TestStore(t *testing.T) { storetest.Run(t, onDouble) }

func TestIngest(t *testing.T) { storetest.RunIngest(t, onDouble) }
