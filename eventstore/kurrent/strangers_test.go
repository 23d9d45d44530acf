package kurrent_test

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"caseledger/domain/event"
	"caseledger/eventstore/kurrent"
	"caseledger/eventstore/kurrent/kurrenttest"
)

// What others append to a stream of the ledger is part of it, whatever it is:
// its revision is taken. What they append elsewhere is not.
func TestStrangers(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	s := open(t, kurrent.Options{URL: double.URL()})
	stream := event.Case(named("strangers"))
	mustAppend(t, s, stream, 0, fact("strangers", "1"))
	stranger := client(t, double.URL())
	write := func(name string, meta string) {
		t.Helper()
		_, err := stranger.AppendToStream(t.Context(), name, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}},
			esdb.EventData{EventID: [16]byte(named("stranger", name, meta)), EventType: "SomethingHappened", ContentType: esdb.ContentTypeJson,
				Data: []byte(`{}`), Metadata: []byte(meta)})
		if err != nil {
			t.Fatal(err)
		}
	}
	write("invoice-1", "")
	write("case-1", "")
	write("policy-of-the-shop", "")
	write(stream.String(), "")
	write(stream.String(), `{"index":0,"of":3,"by":"0123456789abcdef"}`) // as if two more came
	got := mustAppend(t, s, event.Case(named("beside")), 0, fact("beside"))
	if got.Last != 4 {
		t.Errorf("the append beside them has position %d, want 4", got.Last)
	}
	if got := mustAppend(t, s, stream, 3, fact("strangers", "2")); got.Last != 5 || got.Revision != 4 {
		t.Errorf("the append after them: got %+v, want position 5 and revision 4", got)
	}
	if events := all(t, s); string(events[1].Body) != "{}" || events[1].Revision != 2 || events[2].Revision != 3 {
		t.Errorf("the strangers' events are read as %+v", events[1:3])
	}
}
