package siteactivity

// Cell is one count as it may be published.
type Cell struct {
	Count      int  // 0 where it is suppressed
	Suppressed bool // fewer than the threshold, or kept back to protect one that is
}

// Suppress says what of a row of counts, one for each site, may be published,
// and of their total: no count under the threshold (domain reference section
// 10.5, policy).
//
// Nothing that is kept back can be worked out from what is published: where
// exactly one count is under the threshold, the smallest of the others, the
// first of equals, is kept back too, and a total is published only where nothing
// of its row is kept back. That holds for a threshold of at least 2; with one of
// 0 everything is published.
func Suppress(counts []int, threshold int) (cells []Cell, total Cell) {
	cells = make([]Cell, len(counts))
	kept, smallest := 0, -1
	for i, n := range counts {
		cells[i] = Cell{Count: n, Suppressed: n < threshold}
		total.Count += n
		switch {
		case cells[i].Suppressed:
			kept++
		case smallest < 0 || n < counts[smallest]:
			smallest = i
		}
	}
	if kept == 1 && smallest >= 0 {
		cells[smallest].Suppressed = true
	}
	for i := range cells {
		if cells[i].Suppressed {
			cells[i].Count = 0
		}
	}
	if kept > 0 || total.Count < threshold {
		total = Cell{Suppressed: true}
	}
	return cells, total
}
