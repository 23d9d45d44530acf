package sqlstore

import (
	"context"
	"database/sql"
	"sync"
)

// statements keeps what SQLite has already compiled: compiling a query takes
// it longer than finding a few rows. The zero value keeps nothing.
type statements struct {
	db *sql.DB // nil: keep nothing

	mu    sync.Mutex
	known map[string]*sql.Stmt
}

// mostStatements bounds how many queries are kept. Their texts come from the
// read models and from how many values a condition names; beyond the bound a
// query is compiled each time.
const mostStatements = 128

// of returns the compiled query; nil if it is not kept.
func (s *statements) of(query string) *sql.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[query]
}

// learn compiles queries for the next time. It takes a connection of its own,
// so nobody may call it who holds one: were all held so, each would wait for
// another's.
func (s *statements) learn(ctx context.Context, queries []string) {
	for _, query := range queries {
		s.mu.Lock()
		full := s.db == nil || s.known[query] != nil || len(s.known) >= mostStatements
		s.mu.Unlock()
		if full {
			continue
		}
		stmt, err := s.db.PrepareContext(ctx, query)
		if err != nil {
			continue // who asks next hears why
		}
		s.mu.Lock()
		if s.known == nil {
			s.known = map[string]*sql.Stmt{}
		}
		if s.known[query] == nil {
			s.known[query], stmt = stmt, nil
		}
		s.mu.Unlock()
		if stmt != nil {
			_ = stmt.Close() // somebody else was faster
		}
	}
}

// within runs queries inside one transaction, those that are kept without
// compiling them.
type within struct {
	*sql.Tx
	statements *statements
	missed     []string
}

// QueryContext implements querier.
func (w *within) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := w.statements.of(query); stmt != nil {
		return w.StmtContext(ctx, stmt).QueryContext(ctx, args...)
	}
	w.missed = append(w.missed, query)
	return w.Tx.QueryContext(ctx, query, args...)
}
