// Package boundarytest makes invented cases as one side of the boundary reads
// them, to check read models with. It must never be part of a program.
package boundarytest

import (
	"testing"
	"time"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/projections/boundary"
	"caseledger/projections/projectiontest"
)

// Register is the organisations of the test.
var Register = reference.NewRegister()

// Org is the organisation with a label; it panics if there is none.
func Org(label reference.OrganisationCode) reference.Organisation {
	o, ok := Register.ByCode(label)
	if !ok {
		panic("boundarytest: no organisation " + string(label))
	}
	return o
}

// Viewer is the reader on a side; "" is the auditors'.
func Viewer(side event.Side) boundary.Viewer {
	return boundary.Viewer{Side: side, Controller: Register.Controller}
}

// Case is the ledger as a viewer reads it.
type Case struct {
	*projectiontest.Ledger
	viewer boundary.Viewer
	person event.StreamID
}

// New returns an empty ledger that a viewer reads, about the first invented
// person.
func New(v boundary.Viewer) *Case {
	return &Case{projectiontest.NewLedger(catalogue.Events), v, projectiontest.Person(1)}
}

// Of turns to the n-th invented person.
func (c *Case) Of(n int) *Case {
	c.person = projectiontest.Person(n)
	return c
}

// On turns to a stream of another kind.
func (c *Case) On(stream event.StreamID) *Case {
	c.person = stream
	return c
}

// Person is the person whom events are about.
func (c *Case) Person() event.StreamID { return c.person }

// Says records an event by a member of staff of an organisation. What is of
// another side's record the viewer reads as withheld, but for what theirs
// says, which is data as the viewer may read it.
func (c *Case) Says(org reference.OrganisationCode, theirs any, change ...func(*event.Recorded)) event.Recorded {
	o := Org(org)
	return c.Add(c.person, theirs, append([]func(*event.Recorded){func(e *event.Recorded) {
		e.Actor = event.Actor{ID: event.DeriveUUID("test-staff", []byte(org)), Role: "HUB_NURSE", Side: o.Side, Org: o.ID}
		if c.viewer.Side != "" && o.Side != c.viewer.Side {
			e.Operational = event.Withheld
		}
	}}, change...)...)
}

// At makes an event effective at a Europe/London time, "2006-01-02 15:04".
func At(t testing.TB, clock string) func(*event.Recorded) {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", clock, event.London)
	if err != nil {
		t.Fatal(err)
	}
	return func(e *event.Recorded) { e.Effective = event.At(at) }
}

// ID is the identifier of an invented thing.
func ID(name string) event.UUID { return event.DeriveUUID("test-thing", []byte(name)) }
