package main

import (
	"errors"
	"fmt"
	"testing"

	"caseledger/domain/fault"
	"caseledger/projections"
	"caseledger/projections/sqlstore"
)

// Read models that cannot be read now are asked again later; what is wrong for
// good is not.
func TestWhatIsToldOfReadModels(t *testing.T) {
	t.Parallel()
	for err, code := range map[error]string{
		projections.ErrBuilding:    "view-building",
		sqlstore.ErrUnreachable:    "view-unreachable",
		sqlstore.ErrReadOnlyServer: "view-unreachable",
	} {
		f := fault.Of(told(fmt.Errorf("read: %w", err)))
		if f == nil || f.Kind != fault.Unavailable || f.Code != code || f.RetryAfter == 0 {
			t.Errorf("%v: told %+v, want %s and when to ask again", err, f, code)
		}
	}
	if err := told(projections.ErrDamaged); !errors.Is(err, projections.ErrDamaged) {
		t.Errorf("a damaged store: told %v", err)
	}
}
