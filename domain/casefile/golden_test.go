package casefile_test

import (
	"testing"

	"caseledger/domain/appointment"
	"caseledger/domain/event"
	domainperson "caseledger/domain/person"
	"caseledger/domain/supervision"
	"caseledger/eventstore/codec/goldentest"
)

// What was published of who the person is, their supervision and their
// appointments decodes for ever.
func TestPublishedEventsOfPersonSupervisionAndAppointment(t *testing.T) {
	t.Parallel()
	goldentest.Run(t, event.NewCatalogue(domainperson.Events, supervision.Events, appointment.Events), "testdata/events", whoSamples)
}
