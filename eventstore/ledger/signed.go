package ledger

import (
	"context"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Tree is a state of the ledger: how many entries, and the root of their tree.
type Tree = tlog.Tree

// Memory is what the signer remembers of itself outside the store and its
// backups, so that a store that went back in time is not signed again. It is
// set before a signature leaves the process.
type Memory interface {
	// LastSigned is the largest tree that a signature was, or was about to be,
	// made for; the zero tree if there was none.
	LastSigned(ctx context.Context) (Tree, error)
	// Signing notes durably that tree is about to be signed, iff last is what
	// it holds; [ErrMoved] otherwise.
	Signing(ctx context.Context, last, tree Tree) error
}

// Alarm says that the ledger is not what was signed. While one is raised nothing
// is sealed.
type Alarm struct {
	// Code is why, such as "verification-failed", "recovery-required" or
	// "witness-conflict"; it is stable.
	Code string `json:"code"`
	// Detail names the entry or the tree that is meant: identifiers and numbers
	// only.
	Detail   string    `json:"detail"`
	RaisedAt time.Time `json:"raisedAt"`
}
