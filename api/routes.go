package api

import (
	"errors"
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// callers are the roles a token may bring. PERSON has no way in that shows
// which person it is, and SYSTEM acts only inside.
var callers = []event.Role{
	"PP", "SPO", "HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "GP", "TX_PROV", "PRISON_HC", "HOUSING", "LD", "COURT",
	"IG_LEAD", "CALDICOTT", "DPO", "SIRO", "AUDITOR",
}

// The groups the read operations' rows are made of.
var (
	// working are those who work with the person.
	working = []event.Role{"PP", "SPO", "HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "GP", "TX_PROV", "PRISON_HC", "LD"}
	// receiving are those who only receive what is disclosed to them.
	receiving = []event.Role{"HOUSING", "COURT"}
	// governing are those who check what the others do.
	governing = []event.Role{"IG_LEAD", "CALDICOTT", "DPO", "AUDITOR"}
)

func roles(groups ...[]event.Role) []event.Role { return slices.Concat(groups...) }

// may is the table of who may call which read operation. A route that has no
// row, and is neither a command nor public, keeps the API from starting. A
// command's row is its own list of roles in package catalogue; the decisions
// operations have the row of the command they try or give.
var may = map[string][]event.Role{
	"person.read":     roles(working, receiving, governing),
	"timeline.read":   roles(working, governing),
	"consent.read":    roles(working, governing),
	"referral.read":   roles(working, []event.Role{"HOUSING"}, governing),
	"disclosure.read": roles(working, receiving, governing),
	"person.search":   roles(working, []event.Role{"HOUSING"}, governing),
	"caseload.read":   roles(working, []event.Role{"HOUSING"}),
	"disclosure.list": roles(working, governing, []event.Role{"SIRO"}),
	"event.list":      roles(working, governing),
	"event.read":      roles(working, governing),

	"appointment.read":    roles(working, governing),
	"appointment.list":    working,
	"hub.metrics":         roles(working, governing, []event.Role{"SIRO"}),
	"matrix.read":         roles(working, []event.Role{"IG_LEAD", "CALDICOTT", "DPO"}),
	"requirement.read":    roles(working, governing),
	"screening.read":      roles(working, governing),
	"access-log.read":     governing,
	"decision.rejudge":    roles(working, governing),
	"consent.reach":       roles(working, governing),
	"policy.simulate":     reviewing,
	"finding.list":        reviewing,
	"finding.read":        reviewing,
	"agreement.list":      reviewing,
	"agreement.read":      reviewing,
	"rights-request.list": reviewing,
	"retention.list":      reviewing,
	"review.list":         reviewing,
	"review.read":         reviewing,
	"governance.list":     reviewing,

	"ledger.read":    numbered,
	"ledger.entries": {"AUDITOR"},
	"event.prove":    roles(working, governing),
	"pack.make":      {"AUDITOR", "IG_LEAD", "DPO"},
}

// public are the routes that ask for no token, and why.
var public = map[string]string{
	"GET /health":            "probes have no token; it says which parts work and nothing else",
	"GET /health/liveness":   "the platform's probe",
	"GET /health/readiness":  "the platform's probe",
	"GET /ping":              "the platform's probe",
	"GET /info":              "what runs here, for the platform's catalogue; no figures of the record",
	"GET /metrics":           "counts and durations with bounded labels; the platform keeps it off the internet",
	"GET /openapi.json":      "the description of the API, which is published",
	"GET /docs":              "the description of the API, for people",
	"GET /ledger/checkpoint": "the ledger's size and root, signed: what is published cannot be taken back unseen",
	"GET /ledger/witnessed":  "the same as the witnesses of both organisations have signed it",
	"GET /ledger/tile/*":     "hashes of salted and sealed entries, from which anybody checks that the ledger only grows",
}

// Refusals that do not depend on the request.
var (
	errNoResource = fault.New(fault.Absent, "no-such-resource", "there is nothing under this path")
	errMethod     = fault.New(fault.Invalid, "method-not-allowed", "this path does not take that method")
	errNoPerson   = fault.New(fault.Absent, "no-such-person", "there is no such person, or not for you")
	errNoEvent    = fault.New(fault.Absent, "no-such-event", "there is no such event, or not for you")
	errNoPurpose  = fault.New(fault.Invalid, "purpose-required", "X-Purpose-Of-Use says why the record is read")
	errRole       = fault.New(fault.Denied, "role-may-not", "your role may not do this")
	errUnnamed    = fault.New(fault.Denied, "no-named-human", "only a token of a named human may write")
	errBusy       = &fault.Fault{Kind: fault.Unavailable, Code: "too-busy", Message: "too many requests at a time", RetryAfter: retryLater}
	errPanic      = errors.New("api: panic")
)
