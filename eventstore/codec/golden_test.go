package codec_test

import (
	"testing"

	"caseledger/domain/event"
	"caseledger/eventstore/codec/goldentest"
)

func TestPublishedKernelEventsStay(t *testing.T) {
	goldentest.Run(t, event.NewCatalogue(), "testdata/events", nil)
}
