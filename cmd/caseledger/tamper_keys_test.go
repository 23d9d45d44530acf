package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger/verdict"
)

func keyIs(id event.UUID) func(*verdict.Report) bool {
	return func(r *verdict.Report) bool {
		return slices.ContainsFunc(r.Findings, func(f verdict.Finding) bool { return f.Key == id.String() })
	}
}

// ofKeystore wants something found in a table of the keystore.
func ofKeystore(table string) func(*verdict.Report) bool {
	return func(r *verdict.Report) bool {
		return slices.ContainsFunc(r.Findings, func(f verdict.Finding) bool { return f.Object == "keystore "+table })
	}
}

func (c *corpus) keyRows() {
	k := c.keys
	back := func() bool { return k.restore(c.t) }
	id := func(i int) event.UUID { return event.UUID(k.at(i)[k.column("key_id")].([]byte)) }
	committed := c.committed()
	for i := range k.order {
		row, next := k.at(i), k.at((i+1)%len(k.order))
		key := row[k.column("key_id")]
		if !committed[id(i)] {
			continue // made and never used: nobody misses it
		}
		for at, column := range k.columns {
			for _, kind := range kinds {
				c.try("key column "+column, fmt.Sprintf("%s of key %d", kind, i), func(n uint64) error {
					return k.exec("UPDATE "+k.table+" SET "+column+" = $1 WHERE key_id = $2", spoiled(kind, row[at], next[at], n), key)
				}, func(r *verdict.Report) bool { // a row that says that it is another key's is named as it is
					return keyIs(id(i))(r) || column == "key_id" && len(r.Findings) > 0 && r.Findings[0].Code == verdict.KeyAltered
				}, back)
			}
		}
		c.try("key row", fmt.Sprintf("delete key %d", i), func(uint64) error {
			return k.exec("DELETE FROM "+k.table+" WHERE key_id = $1", key)
		}, func(r *verdict.Report) bool { // the tombstones are counted
			return keyIs(id(i))(r) || row[k.column("destroyed_by")] != nil && ofKeystore("tombstones")(r)
		}, back)
		c.try("key row", fmt.Sprintf("duplicate key %d", i), func(uint64) error {
			other := slices.Clone(row)
			other[k.column("key_id")] = spoiled("flip", key, nil, 5)
			return k.insert(other)
		}, func(r *verdict.Report) bool { return keyIs(event.UUID(spoiled("flip", key, nil, 5).([]byte)))(r) }, back)
		c.try("key row", fmt.Sprintf("swap key %d", i), func(uint64) error { // each in the other's place
			a, b := slices.Clone(row), slices.Clone(next)
			a[k.column("key_id")], b[k.column("key_id")] = next[k.column("key_id")], key
			drop := "DELETE FROM " + k.table + " WHERE key_id = $1"
			return errors.Join(k.exec(drop, key), k.exec(drop, next[k.column("key_id")]), k.insert(a), k.insert(b))
		}, keyIs(id(i)), back)
	}
}

// keystore alters the other tables of the keystore.
func (c *corpus) keystore() {
	for _, k := range c.more {
		name := k.table[strings.LastIndex(k.table, ".")+1:]
		back := func() bool { return k.restore(c.t) }
		for i := range k.order {
			row, next := k.at(i), k.at((i+1)%len(k.order))
			key := row[k.column(k.key)]
			for at, column := range k.columns {
				for _, kind := range kinds {
					c.try("keystore "+name, fmt.Sprintf("%s of %s of %v", kind, column, key), func(n uint64) error {
						return k.exec("UPDATE "+k.table+" SET "+column+" = $1 WHERE "+k.key+" = $2", spoiled(kind, row[at], next[at], n), key)
					}, func(r *verdict.Report) bool { return ofKeystore(name)(r) || ofKeystore("tombstones")(r) }, back)
				}
			}
			c.try("keystore "+name, fmt.Sprintf("delete %v", key), func(uint64) error {
				return k.exec("DELETE FROM "+k.table+" WHERE "+k.key+" = $1", key)
			}, func(r *verdict.Report) bool { return ofKeystore(name)(r) || ofKeystore("tombstones")(r) }, back)
		}
	}
}

// committed are the keys that the entries commit to.
func (c *corpus) committed() map[event.UUID]bool {
	reader, all := codec.NewReader(catalogue.Events, c.v.keys, codec.Options{}), map[event.UUID]bool{}
	for _, e := range c.stored() {
		r, err := reader.Decode(c.t.Context(), e)
		if err != nil {
			c.t.Fatal(err)
		}
		if created, is := r.Data.(event.KeyCreated); is {
			all[created.Key] = true
		}
	}
	return all
}
