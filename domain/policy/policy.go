// Package policy is the one stream that holds the bytes by which disclosures
// are judged: rule sets and reference data, each by its hash, so that any past
// decision can be judged again by what was in force then. It never holds
// anything about a person.
package policy

import "caseledger/domain/event"

// Event is an event of the policy stream.
//
//sumtype:decl
type Event interface{ isEvent() }

// Codes of this package.
type (
	Name    string // of a document, such as "rules.json"
	Version string // of a rule set, such as "2026-01"
)

// DocumentPublished holds the bytes of one document. A document too long for
// one event comes in parts, in order.
type DocumentPublished struct {
	Hash  event.Commitment       `json:"hash"` // SHA-256 of the whole document
	Name  Name                   `json:"name"`
	Part  int                    `json:"part"` // from 1
	Parts int                    `json:"parts"`
	Bytes event.Personal[[]byte] `json:"bytes" personal:"operational"`
}

func (DocumentPublished) isEvent() {}

// RuleSetPublished says that from its effective time disclosures are judged by
// these documents, which were published before it.
type RuleSetPublished struct {
	RuleSet   event.Commitment       `json:"ruleSet"` // SHA-256 over the documents' hashes, in order
	Version   Version                `json:"version"`
	Documents []event.Commitment     `json:"documents"`
	Reason    event.Personal[string] `json:"reason" personal:"operational"`
}

func (RuleSetPublished) isEvent() {}

// ReferenceDataPublished says which code lists are in use from its effective
// time on.
type ReferenceDataPublished struct {
	ReferenceData event.Commitment   `json:"referenceData"`
	Documents     []event.Commitment `json:"documents"`
}

func (ReferenceDataPublished) isEvent() {}

// Events lists the event definitions of the policy stream.
var Events = []*event.Definition{
	event.Define[DocumentPublished]("policy.document-published", 1),
	event.Define[RuleSetPublished]("policy.rule-set-published", 1),
	event.Define[ReferenceDataPublished]("policy.reference-data-published", 1),
}
