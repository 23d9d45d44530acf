package offline

import (
	"errors"
	"fmt"

	"caseledger/eventstore/ledger/verdict"
)

var (
	// ErrUnreadable: it is not a file of this kind, or not all of one.
	ErrUnreadable = errors.New("cannot be read")
	// ErrUnproven: nothing is wrong with it, and it does not show all that was
	// asked.
	ErrUnproven = errors.New("not proven")
	// ErrUnpinned: its parts agree with each other, and no key was given that
	// could tell whose they are. Anybody can make such a file.
	ErrUnpinned = errors.New("no key was pinned")
)

// finding is why a check ended: something is not as it was signed.
type finding struct{ verdict.Finding }

func (f *finding) Error() string { return string(f.Code) + ": " + f.Detail }

// wrong is a finding about a file, or a member of a pack.
func wrong(code verdict.Code, object, format string, args ...any) error {
	return &finding{verdict.Finding{Code: code, Object: object, Detail: fmt.Sprintf(format, args...)}}
}

// wrongAt is a finding about an entry.
func wrongAt(entry uint64, code verdict.Code, format string, args ...any) error {
	return &finding{verdict.Finding{Code: code, Entry: entry, Detail: fmt.Sprintf(format, args...)}}
}

// wrongIn is a finding about entries of which it is not known which.
func wrongIn(from, upTo uint64, code verdict.Code, format string, args ...any) error {
	return &finding{verdict.Finding{Code: code, Entry: from, UpTo: upTo, Detail: fmt.Sprintf(format, args...)}}
}

func unreadable(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnreadable, fmt.Sprintf(format, args...))
}

func unproven(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnproven, fmt.Sprintf(format, args...))
}

// conclude turns how a check ended into its answer.
func conclude(r *verdict.Report, t *Trust, err error) (*verdict.Report, error) {
	var f *finding
	switch {
	case errors.As(err, &f):
		r.Find(f.Finding)
		r.More = true
		return r, nil
	case err == nil && !t.Pinned():
		err = fmt.Errorf("%w: the parts agree with each other, and anybody could have made them so. Give the ledger's key, from somebody whom you trust, with --key", ErrUnpinned)
	}
	return r, err
}

// notShown are the limits of every check under that trust.
func (t *Trust) notShown(r *verdict.Report) {
	if t.policy == nil || t.policy.quorum == nil {
		r.Notice("it does not show that nobody was shown another history: no witness was asked for")
	}
}
