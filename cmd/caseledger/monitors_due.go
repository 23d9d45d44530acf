package main

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"caseledger/api/recording"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/eventstore/reactor"
)

// givingWhatIsDue returns what gives a command that has fallen due, as the
// system on the record of those it is about. The command's identifier comes from
// what is due, where and since when: it is recorded once, however often it is
// given.
func givingWhatIsDue(recorder *recording.Recorder) func(context.Context, event.StreamID, casefile.DueCommand) error {
	return func(ctx context.Context, stream event.StreamID, due casefile.DueCommand) error {
		body, err := json.Marshal(due.Body, json.Deterministic(true))
		if err != nil {
			return fmt.Errorf("what is due, %s: %w", due.Name, err)
		}
		since := event.At(due.At)
		_, err = recorder.Record(ctx, recording.Request{Command: due.Name, Body: due.Body, Stream: stream,
			ID:    event.DeriveUUID("due", []byte(due.Name), body, []byte(since.String())),
			Actor: reactor.System(due.Side, due.Org), Purpose: "AUDIT", Origin: event.Live, Effective: since, IfAny: true})
		return err
	}
}
