package siteactivity_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"caseledger/projections/siteactivity"
)

func TestSuppress(t *testing.T) {
	t.Parallel()
	kept := siteactivity.Cell{Suppressed: true}
	open := func(n int) siteactivity.Cell { return siteactivity.Cell{Count: n} }
	for _, c := range []struct {
		counts []int
		cells  []siteactivity.Cell
		total  siteactivity.Cell
	}{
		{[]int{12, 30, 10, 11}, []siteactivity.Cell{open(12), open(30), open(10), open(11)}, open(63)},
		{[]int{12, 30, 9, 11}, []siteactivity.Cell{open(12), open(30), kept, kept}, kept},
		{[]int{11, 30, 9, 11}, []siteactivity.Cell{kept, open(30), kept, open(11)}, kept},
		{[]int{0, 30, 9, 11}, []siteactivity.Cell{kept, open(30), kept, open(11)}, kept},
		{[]int{0, 0, 0, 0}, []siteactivity.Cell{kept, kept, kept, kept}, kept},
		{[]int{9}, []siteactivity.Cell{kept}, kept},
		{[]int{10}, []siteactivity.Cell{open(10)}, open(10)},
		{nil, []siteactivity.Cell{}, kept},
	} {
		cells, total := siteactivity.Suppress(c.counts, 10)
		if fmt.Sprint(cells, total) != fmt.Sprint(c.cells, c.total) {
			t.Errorf("%v: got %v, %v; want %v, %v", c.counts, cells, total, c.cells, c.total)
		}
	}
	if cells, total := siteactivity.Suppress([]int{0, 1}, 0); cells[0].Suppressed || cells[1].Count != 1 || total.Count != 1 {
		t.Errorf("with no threshold: %v, %v", cells, total)
	}
}

// Nothing under the threshold is published, one count alone is never kept back
// beside others, a total stands beside nothing that is, and what is published is
// true.
func TestWhatIsPublished(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		threshold := rapid.IntRange(2, 20).Draw(t, "threshold")
		counts := rapid.SliceOfN(rapid.IntRange(0, 3*threshold), 1, 6).Draw(t, "counts")
		cells, total := siteactivity.Suppress(counts, threshold)
		kept, sum := 0, 0
		for i, c := range cells {
			sum += counts[i]
			switch {
			case c.Suppressed:
				kept++
				if c.Count != 0 {
					t.Errorf("a count that is kept back says %d", c.Count)
				}
			case c.Count != counts[i] || c.Count < threshold:
				t.Errorf("%d is published of %d, threshold %d", c.Count, counts[i], threshold)
			}
		}
		if kept == 1 && len(counts) > 1 {
			t.Error("one count alone is kept back")
		}
		if total.Suppressed == (kept == 0) || !total.Suppressed && total.Count != sum || total.Suppressed && total.Count != 0 {
			t.Errorf("with %d kept back the total is %v of %d", kept, total, sum)
		}
	})
}

// Whoever knows the rule and everything that is published cannot tell a count
// that is kept back: of all rows that look the same there are two that differ in
// it.
func TestNoCountKeptBackCanBeWorkedOut(t *testing.T) {
	t.Parallel()
	for threshold := 2; threshold <= 4; threshold++ {
		for sites := 1; sites <= 4; sites++ {
			seen := map[string][]map[int]bool{} // what is published, and the counts each site may have
			highest := threshold + 2
			counts := make([]int, sites)
			for {
				cells, total := siteactivity.Suppress(counts, threshold)
				published := fmt.Sprint(cells, total)
				if seen[published] == nil {
					seen[published] = make([]map[int]bool, sites)
					for i := range sites {
						seen[published][i] = map[int]bool{}
					}
				}
				for i, c := range cells {
					seen[published][i][counts[i]] = true
					if !c.Suppressed {
						seen[published][i][-1] = true // published: it may be one
					}
				}
				i := 0
				for i < sites && counts[i] == highest {
					counts[i] = 0
					i++
				}
				if i == sites {
					break
				}
				counts[i]++
			}
			for published, possible := range seen {
				for i, of := range possible {
					if len(of) < 2 {
						t.Errorf("threshold %d: %s tells the count of site %d", threshold, published, i)
					}
				}
			}
		}
	}
}
