package assemble

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"reflect"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/policy"
	"caseledger/eventstore/casepack"
	"caseledger/eventstore/codec"
)

// manifest is pack.json.
type manifest struct {
	Format    string        `json:"format"`
	Origin    string        `json:"origin"`
	Size      int64         `json:"size"`
	Root      string        `json:"root"`
	MadeAt    time.Time     `json:"madeAt"`
	MadeBy    event.UUID    `json:"madeBy"`
	Purpose   event.Purpose `json:"purpose"`
	Person    event.UUID    `json:"person"`
	Synthetic bool          `json:"synthetic"`
	Streams   []stream      `json:"streams"`
}

type stream struct {
	Stream    event.StreamID `json:"stream"`
	Revisions int            `json:"revisions"`
	Withheld  int            `json:"withheld,omitzero"`
}

// line is a line of events.jsonl.
type line struct {
	Position   event.Position `json:"position"`
	ID         event.ID       `json:"event"`
	Stream     event.StreamID `json:"stream"`
	Revision   event.Revision `json:"revision"`
	RecordedAt time.Time      `json:"recordedAt"`
	event.Meta
	Says   jsontext.Value         `json:"says,omitempty"`
	Absent map[event.Class]string `json:"absent,omitempty"`
}

// describe adds what the entries say, and by what they were decided.
func (a *assembly) describe(ctx context.Context) error {
	m := manifest{casepack.Format, a.Origin, a.checkpoint.N, base64.StdEncoding.EncodeToString(a.checkpoint.Hash[:]), a.MadeAt.UTC(), a.Maker.ID,
		a.Purpose, a.Person, a.Synthetic, []stream{}}
	for _, w := range a.streams {
		m.Streams = append(m.Streams, stream{w.id, len(w.leaves), w.withheld()})
	}
	var err error
	if a.members["pack.json"], err = marshal(m); err != nil {
		return err
	}
	if err := a.open(); err != nil {
		return err
	}
	var all bytes.Buffer
	for i := range a.lines {
		b, err := marshal(a.lines[i])
		if err != nil {
			return err
		}
		all.Write(b)
	}
	a.members["events.jsonl"] = all.Bytes()
	a.members["disclosures.csv"] = a.disclosures()
	a.members["access-log.csv"] = a.accessLog()
	return a.rules(ctx)
}

func marshal(v any) ([]byte, error) {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("assemble: a value that is not JSON") // its text may quote one
	}
	return append(b, '\n'), nil
}

// open says of each entry what can be read of it.
func (a *assembly) open() error {
	destroyed := map[event.UUID]bool{}
	for _, e := range a.entries {
		if d, ok := e.Data.(event.KeyDestroyed); ok {
			destroyed[d.Key] = true
		}
	}
	a.lines = make([]line, len(a.entries))
	for i, e := range a.entries {
		body, err := codec.ParseBody(e.stored.Body)
		if err != nil {
			return err
		}
		l := line{Position: e.Position, ID: e.ID, Stream: e.Stream, Revision: e.Revision, RecordedAt: e.RecordedAt, Meta: e.Meta}
		if len(body.Boxes) == 1 && body.Boxes[0].Class == "" {
			l.Says = body.Boxes[0].Sealed
			a.lines[i] = l
			continue
		}
		says, absent := fields(e)
		if len(says) > 0 {
			a.made.Opened++
			if l.Says, err = json.Marshal(says, json.Deterministic(true)); err != nil {
				return fmt.Errorf("assemble: what entry %d says is not JSON", e.Position)
			}
		}
		l.Absent = why(body, absent, destroyed)
		a.lines[i] = l
	}
	return nil
}

// fields returns those of an entry that are open, at today's version, and the state of each class
// of which something is not.
func fields(e entry) (says map[string]any, absent map[event.Class]event.State) {
	says, absent = map[string]any{}, map[event.Class]event.State{}
	definition, ok := catalogue.Events.Of(e.Data)
	if !ok {
		return says, absent
	}
	data := reflect.New(definition.Current().Type).Elem()
	data.Set(reflect.ValueOf(e.Data))
	if !e.opened {
		e.Operational = event.Withheld
	}
	if e.Operational != event.Open {
		absent[event.Operational] = e.Operational
	}
	for _, f := range definition.Current().Fields {
		if !f.Personal {
			if e.Operational == event.Open && !data.Field(f.Index).IsZero() {
				says[f.Name] = data.Field(f.Index).Interface()
			}
			continue
		}
		switch value, state := data.Field(f.Index).Addr().Interface().(event.PersonalValue).Expose(); {
		case state == event.Absent:
		case state != event.Open:
			absent[f.Class] = max(absent[f.Class], state)
		case !e.opened:
			absent[f.Class] = event.Withheld
		default:
			says[f.Name] = value
		}
	}
	return says, absent
}

// why says of each class that could not be read why. What cannot be shown to be
// erased, by the entry that destroyed the key, is withheld.
func why(body codec.Body, absent map[event.Class]event.State, destroyed map[event.UUID]bool) map[event.Class]string {
	said := map[event.Class]string{}
	for _, b := range body.Boxes {
		state, is := absent[b.Class]
		switch {
		case !is:
		case state == event.Erased && destroyed[b.Key]:
			said[b.Class] = event.Erased.String()
		case said[b.Class] == "":
			said[b.Class] = event.Withheld.String()
		}
	}
	return said
}

// rules adds the rule sets that entries were decided by.
func (a *assembly) rules(ctx context.Context) error {
	wanted := map[event.Commitment]bool{}
	for _, e := range a.entries {
		if e.Policy != [32]byte{} {
			wanted[e.Policy] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	var history []event.Recorded
	for s, err := range a.Store.ReadStream(ctx, event.Policy, 0) {
		if err != nil {
			return fmt.Errorf("assemble: read the policy: %w", err)
		}
		e, err := a.Rules.Decode(ctx, s)
		if err != nil {
			return err
		}
		history = append(history, e)
	}
	state := policy.Fold(event.Standing(history))
	for hash := range wanted {
		set, ok := state.RuleSet(hash)
		if !ok {
			return fmt.Errorf("assemble: rule set %x is not on the record", hash)
		}
		texts, err := state.Texts(set.Documents)
		if err != nil {
			return fmt.Errorf("assemble: rule set %x: %w", hash, err)
		}
		folder := "policy/" + hex.EncodeToString(hash[:])
		a.members[folder+"/rules.json"], a.members[folder+"/gates.cedar"] = texts[policy.Rules], texts[policy.Gates]
	}
	return nil
}
