package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/domain/policy"
	"caseledger/eventstore"
)

// publisher is this program where it puts on the record what it decides by.
var publisher = event.Actor{ID: event.DeriveUUID("system", []byte(event.Shared)), Role: "SYSTEM", Side: event.Shared}

// publish puts this program's rule set and code lists on the record, as far as
// they are not there, so that every decision can be judged again by what it was
// made by. A rule set that somebody else put into force stays in force: only
// they replace it.
//
// If the program stops in between, the next start does the rest.
func (r *record) publish(ctx context.Context, now func() time.Time) error {
	rules, gates := lawfulness.DefaultDocuments()
	set := lawfulness.Default()
	bodies := []struct {
		name string
		body any
	}{
		{"publish-rule-set", policy.PublishRuleSet{Version: set.Version(), Rules: string(rules), Gates: string(gates), Reason: "the rules of this program"}},
		{"publish-reference-data", policy.PublishReferenceData{}},
	}
	for _, b := range bodies {
		err := r.publishOne(ctx, now, b.name, b.body, set)
		for range publishAttempts {
			if !errors.Is(err, eventstore.ErrConflict) {
				break
			}
			err = r.publishOne(ctx, now, b.name, b.body, set) // somebody was quicker: what they published counts
		}
		if err != nil {
			return fmt.Errorf("put what decisions are made by on the record: %w", err)
		}
	}
	return nil
}

// publishAttempts bounds how often a process that starts beside others looks
// again at what they have published.
const publishAttempts = 10

func (r *record) publishOne(ctx context.Context, now func() time.Time, name string, body any, set *lawfulness.RuleSet) error {
	command, ok := catalogue.Named(name)
	if !ok {
		return fmt.Errorf("there is no command %s", name)
	}
	head, err := r.head(ctx)
	if err != nil {
		return err
	}
	at, err := r.recordedLast(ctx, head) // what was recorded is not judged by what comes after it
	if err != nil {
		return err
	}
	if clock := now().UTC().Truncate(time.Microsecond); clock.After(at) {
		at = clock
	}
	// The position names the command: what was put into force, replaced and comes
	// back is another one.
	id := event.DeriveUUID("publish", []byte(name), fmt.Appendf(nil, "%d", head))
	print := sha256.Sum256(fmt.Appendf([]byte(name), "%d", head))
	sent := eventstore.Command{ID: id, Stream: event.Policy, Fingerprint: print, Subject: event.Policy.Subject(),
		Effective: event.At(at), Actor: publisher, Origin: event.Live, IfAny: true}
	_, err = eventstore.Execute(ctx, r.store, r.codec, sent, func(standing []event.Recorded, revision event.Revision) ([]event.Draft, error) {
		if _, rules := body.(policy.PublishRuleSet); rules && settled(standing, set) {
			return nil, nil
		}
		return command.Decide(standing, lawfulness.Known{}, body, event.Context{Now: at, Actor: publisher, Command: id, Origin: event.Live, Revision: revision})
	})
	return err
}

// settled reports whether the rule set is on the record already, or another is
// in force that somebody chose.
func settled(standing []event.Recorded, set *lawfulness.RuleSet) bool {
	s := policy.Fold(standing)
	if _, there := s.RuleSet(set.Hash()); there {
		return true
	}
	if len(s.RuleSets) == 0 {
		return false
	}
	last := s.RuleSets[len(s.RuleSets)-1].Source
	for _, e := range standing {
		if e.ID == last {
			return e.Actor.ID != publisher.ID
		}
	}
	return false
}
