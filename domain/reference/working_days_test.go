package reference

import (
	"testing"

	"caseledger/domain/event"
)

func TestAfterWorkingDays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-02-04", 0, "2026-02-04"}, {"2026-02-04", 2, "2026-02-06"}, {"2026-02-06", 2, "2026-02-10"}, // a weekend between
		{"2026-02-07", 1, "2026-02-09"},                                   // from a Saturday
		{"2026-04-02", 1, "2026-04-07"},                                   // Good Friday and Easter Monday between
		{"2025-12-24", 2, "2025-12-30"}, {"2026-02-06", -1, "2026-02-06"}, // Christmas
	} {
		if got := AfterWorkingDays(event.MustDay(c.from), c.n); got.String() != c.want {
			t.Errorf("%d working days after %s: got %s, want %s", c.n, c.from, got, c.want)
		}
	}
}
