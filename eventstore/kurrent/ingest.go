package kurrent

import (
	"context"
	"fmt"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"caseledger/domain/event"
)

func indexEvent(id event.UUID, data []byte) []esdb.EventData {
	return []esdb.EventData{{EventID: esdbID(id), EventType: indexType, ContentType: esdb.ContentTypeBinary, Data: data}}
}

// refuseHalfIngested refuses what a take-over left behind.
func (s *Store) refuseHalfIngested(ctx context.Context) error {
	end, err := s.session.streamEnd(ctx, s.names.ingest())
	if err != nil {
		return err
	}
	if len(end.records) > 0 && end.records[0].kind != ingestEnded {
		return fmt.Errorf("%w: see %s", ErrHalfIngested, s.names.ingest())
	}
	return nil
}

const ingestEnded = "caseledger.ingest-ended"
