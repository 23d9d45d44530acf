package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far a long work has come: a bar where somebody watches a
// terminal, a line every ten seconds elsewhere, nothing with --quiet.
type progress struct {
	what  string
	total int64
	done  int64
	bar   *progressbar.ProgressBar
	out   io.Writer
	now   func() time.Time
	began time.Time
	said  time.Time
}

// sayEvery is how often a work that nobody watches says how far it is.
const sayEvery = 10 * time.Second

// progressOf starts to show a work; total is 0 where it is not known.
func (p *program) progressOf(what string, total int64) *progress {
	w := &progress{what: what, total: total, out: p.errs, now: p.now, began: p.now()}
	w.said = w.began
	switch {
	case p.config.on("quiet"):
		w.out = io.Discard
	case terminal(p.errs):
		most := total
		if most == 0 {
			most = -1
		}
		_, plain := fromEnvironment(p.environ, "NO_COLOR")
		w.bar = progressbar.NewOptions64(most,
			progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(p.errs),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionEnableColorCodes(!plain),
			progressbar.OptionClearOnFinish())
	}
	return w
}

// terminal reports whether somebody watches.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// add says that n more are done.
func (w *progress) add(n int64) {
	w.done += n
	if w.bar != nil {
		_ = w.bar.Add64(n)
		return
	}
	if now := w.now(); now.Sub(w.said) >= sayEvery {
		w.said = now
		w.line(now)
	}
}

// end says that the work is over.
func (w *progress) end() {
	if w.bar != nil {
		_ = w.bar.Finish()
		return
	}
	if !w.said.Equal(w.began) {
		w.line(w.now())
	}
}

func (w *progress) line(now time.Time) {
	rate := float64(w.done) / max(now.Sub(w.began).Seconds(), 0.001)
	text := fmt.Sprintf("%s: %d", w.what, w.done)
	if w.total > 0 {
		text += fmt.Sprintf(" of %d", w.total)
	}
	text += fmt.Sprintf(", %.0f/s", rate)
	if left := w.total - w.done; left > 0 && rate > 0 {
		text += fmt.Sprintf(", %s left", (time.Duration(float64(left)/rate) * time.Second).Round(time.Second))
	}
	_, _ = fmt.Fprintln(w.out, text)
}
