package casefile_test

import (
	"maps"
	"testing"

	"caseledger/domain/casefile"
	"caseledger/eventstore/codec/goldentest"
)

// What was published of any event of a case, the kernel's included, decodes
// for ever.
func TestPublishedEventsStay(t *testing.T) {
	t.Parallel()
	samples := careSamples()
	maps.Copy(samples, whoSamples)
	goldentest.Run(t, casefile.Catalogue, "testdata/events", samples)
}
