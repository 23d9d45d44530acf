package reference

import "caseledger/domain/event"

// AfterWorkingDays is the n-th working day after a day, which itself does not
// count; the day itself if n is 0 or less.
func AfterWorkingDays(d event.Day, n int) event.Day {
	for ; n > 0; n-- {
		for d++; !WorkingDay(d); d++ {
		}
	}
	return d
}
