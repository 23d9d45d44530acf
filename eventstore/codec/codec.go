package codec

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/eventstore"
	"caseledger/eventstore/vault"
)

// Keys makes keys and seals and opens boxes with them: a *vault.Vault.
type Keys interface {
	Opener
	Ensure(ctx context.Context, refs ...vault.Ref) ([]vault.Key, error)
	Seal(ctx context.Context, dst []byte, key event.UUID, plaintext, ad []byte) ([]byte, error)
}

// RecipientSided is an event that holds a snapshot of what another side was
// told, sealed under that side's keys. Every event with a recipient box is
// one.
type RecipientSided interface {
	RecipientSide() event.Side
}

// Codec seals and opens events. It is the eventstore.Codec, and safe for
// concurrent use.
type Codec struct {
	*Reader
	catalogue *event.Catalogue
	keys      Keys
	rand      io.Reader
}

var _ eventstore.Codec = (*Codec)(nil)

// New returns a codec; salts come from rand, which must be of cryptographic
// quality and safe for concurrent use. It panics on a definition that cannot
// be stored: one whose current version has a recipient box and which is not
// [RecipientSided], or which has a Personal pointer.
func New(c *event.Catalogue, keys Keys, rand io.Reader) *Codec {
	reader := NewReader(c, keys, Options{})
	sided := reflect.TypeFor[RecipientSided]()
	for name, versions := range reader.plans {
		current := versions[len(versions)-1]
		for _, b := range current.boxes {
			if b.holder == event.Recipient && !current.version.Type.Implements(sided) {
				panic(fmt.Sprintf("event %s: it has a recipient's box and does not say whose", name))
			}
		}
	}
	return &Codec{reader, c, keys, rand}
}

// sealing is one event on its way into its boxes.
type sealing struct {
	id    event.ID
	meta  event.Meta
	plan  *plan
	boxes []boxContent
}

type boxContent struct {
	plan *boxPlan
	ref  vault.Ref // zero for the clear box
	json []byte
}

// Seal implements eventstore.Codec. Of history it uses the key.created events
// only, so the writer of a stream that is never loaded may keep and pass just
// those.
//
// Each draft is sealed under the keys of its Side, or the actor's; a
// recipient's box under those of the draft's own RecipientSide. The command's
// fingerprint goes into the operational box of its first event; a first event
// that is clear has none, and SameCommand cannot tell.
//
// The fault "event-too-large" says that what an event holds does not fit a
// box, or its boxes not eventstore.MaxBodyBytes. Where an imported command says
// why and from which system, each of its events holds that; a command that says
// half of it, or is live and says any, is an error.
func (c *Codec) Seal(ctx context.Context, cmd eventstore.Command, drafts []event.Draft, history []event.Recorded) ([]eventstore.Event, error) {
	if cmd.Import != (event.Provenance{}) && (cmd.Origin != event.Imported || cmd.Import.Reason == "" || cmd.Import.System == "") {
		return nil, errors.New("codec: an imported command, and no other, says why and from which system")
	}
	events := make([]*sealing, len(drafts))
	var refs []vault.Ref
	known := map[vault.Ref]int{}
	for i, d := range drafts {
		e, err := c.prepare(cmd, d, i)
		if err != nil {
			return nil, err
		}
		events[i] = e
		for _, b := range e.boxes {
			if _, ok := known[b.ref]; !ok && b.plan.class != "" {
				known[b.ref] = len(refs)
				refs = append(refs, b.ref)
			}
		}
	}
	committed := map[event.UUID]bool{}
	for i := range history {
		if k, ok := history[i].Data.(event.KeyCreated); ok {
			committed[k.Key] = true
		}
	}
	for tries := 1; ; tries++ {
		batch, err := c.sealUnder(ctx, cmd, events, refs, known, committed)
		// A key may be retired, here or elsewhere, after it was given out; then the
		// next is.
		if tries == mostKeys || !errors.Is(err, vault.ErrKeyRetired) && !errors.Is(err, vault.ErrKeyExhausted) && !errors.Is(err, vault.ErrErased) {
			return batch, err
		}
	}
}

// mostKeys is how many keys are tried for one command.
const mostKeys = 4

// sealUnder seals events under the keys that seal now, behind the events that
// commit the stream to those that it has not committed to.
func (c *Codec) sealUnder(ctx context.Context, cmd eventstore.Command, events []*sealing, refs []vault.Ref, known map[vault.Ref]int,
	committed map[event.UUID]bool) ([]eventstore.Event, error) {
	keys, err := c.keys.Ensure(ctx, refs...)
	if err != nil {
		return nil, fmt.Errorf("codec: make keys: %w", err)
	}
	var batch []eventstore.Event
	for _, k := range keys {
		if committed[k.ID] {
			continue
		}
		e, err := c.commitment(ctx, cmd, k, event.KeyIndex+len(batch))
		if err != nil {
			return nil, err
		}
		batch = append(batch, e)
	}
	for _, e := range events {
		sealed, err := c.seal(ctx, cmd, e, func(r vault.Ref) event.UUID { return keys[known[r]].ID })
		if err != nil {
			return nil, err
		}
		batch = append(batch, sealed)
	}
	return batch, nil
}

func metaOf(cmd eventstore.Command) event.Meta {
	return event.Meta{Subject: cmd.Subject, Effective: cmd.Effective, Actor: cmd.Actor, Purpose: cmd.Purpose, Command: cmd.ID,
		Correlation: cmd.Correlation, Origin: cmd.Origin, Policy: cmd.Policy}
}

// prepare gathers what each box of a draft will hold.
func (c *Codec) prepare(cmd eventstore.Command, d event.Draft, index int) (*sealing, error) {
	definition, ok := c.catalogue.Of(d.Data)
	if !ok {
		return nil, fmt.Errorf("%w: %T", ErrUnknownType, d.Data)
	}
	e := &sealing{id: event.DeriveID(cmd.Actor.ID, cmd.Stream, cmd.ID, index), meta: metaOf(cmd)}
	e.meta.Type, e.meta.Version, e.meta.Index = definition.Name(), definition.Current().Number, index
	e.meta.Corrects, e.meta.Causation = d.Corrects, d.Causation
	if !d.Effective.IsZero() {
		e.meta.Effective = d.Effective
	}
	side := d.Side
	if side == "" {
		side = cmd.Actor.Side
	}
	data := reflect.New(reflect.TypeOf(d.Data)).Elem()
	data.Set(reflect.ValueOf(d.Data))
	var also reserved
	if index == 0 {
		also.fingerprint = hex.EncodeToString(cmd.Fingerprint[:])
	}
	if cmd.Import != (event.Provenance{}) {
		also.source = &cmd.Import
	}
	versions := c.plans[e.meta.Type]
	e.plan = versions[len(versions)-1]
	for i := range e.plan.boxes {
		b := &e.plan.boxes[i]
		content, err := b.gather(data, also)
		if err != nil {
			return nil, fmt.Errorf("event %s: %w", e.meta.Type, err)
		}
		if content == nil {
			continue
		}
		text, err := json.Marshal(content, json.Deterministic(true))
		if err != nil {
			return nil, fmt.Errorf("codec: write a box of %s: %w", e.meta.Type, hide(err))
		}
		box := boxContent{plan: b, json: text}
		if b.class != "" {
			box.ref = vault.Ref{Subject: cmd.Subject, Side: side, Class: b.class}
			if b.holder == event.Recipient {
				box.ref.Side = d.Data.(RecipientSided).RecipientSide()
			}
		}
		e.boxes = append(e.boxes, box)
	}
	return e, nil
}

// hide reduces a failure of the JSON writer to its kind: its text may quote a
// personal value.
func hide(err error) error {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		return fmt.Errorf("a %v cannot be written", semantic.GoType)
	}
	return errors.New("its text is not valid UTF-8")
}

// commitment is the event that commits the stream to a key.
func (c *Codec) commitment(ctx context.Context, cmd eventstore.Command, k vault.Key, index int) (eventstore.Event, error) {
	e, err := c.prepare(cmd, event.Draft{Data: event.KeyCreated{Key: k.ID, Commitment: k.Commitment}}, index)
	if err != nil {
		return eventstore.Event{}, err
	}
	return c.seal(ctx, cmd, e, nil)
}

func (c *Codec) seal(ctx context.Context, cmd eventstore.Command, e *sealing, keyOf func(vault.Ref) event.UUID) (eventstore.Event, error) {
	body := Body{Meta: e.meta}
	if _, err := io.ReadFull(c.rand, body.Salt[:]); err != nil {
		return eventstore.Event{}, fmt.Errorf("codec: draw a salt: %w", err)
	}
	for _, content := range e.boxes {
		box := Box{Class: content.plan.class, Holder: content.plan.holder, Sealed: content.json}
		if box.Class != "" {
			padded, ok := pad(nil, content.json)
			if !ok || len(padded) > eventstore.MaxBodyBytes {
				return eventstore.Event{}, tooLarge(e)
			}
			box.Key = keyOf(content.ref)
			var err error
			box.Sealed, err = c.keys.Seal(ctx, nil, box.Key, padded, appendContext(nil, e.id, cmd.Stream, &e.meta, &box))
			if err != nil {
				return eventstore.Event{}, fmt.Errorf("codec: seal a box of %s: %w", e.meta.Type, err)
			}
		}
		body.Boxes = append(body.Boxes, box)
	}
	stored, err := AppendBody(nil, body)
	if err != nil {
		return eventstore.Event{}, fmt.Errorf("codec: write %s: %w", e.meta.Type, err)
	}
	if len(stored) > eventstore.MaxBodyBytes {
		return eventstore.Event{}, tooLarge(e)
	}
	return eventstore.Event{ID: e.id, Body: stored}, nil
}

func tooLarge(e *sealing) error {
	return fault.Refuse("event-too-large", "a %s holds more than one event can; say it in several", e.meta.Type)
}

// SameCommand implements eventstore.Codec. s is the first event of the
// recorded command. ok is false where its box can no longer be opened, or
// where a clear event has none.
func (c *Codec) SameCommand(ctx context.Context, s eventstore.Stored, fingerprint [32]byte) (same, ok bool, err error) {
	e, recorded, err := c.decode(ctx, s)
	switch {
	case err != nil:
		return false, false, err
	case recorded == "" && e.Operational == event.Open && e.Index == 0 && !c.plans[e.Type][0].definition.Clear():
		return false, false, corrupt(s, malformed("no fingerprint"))
	case recorded == "":
		return false, false, nil
	}
	return subtle.ConstantTimeCompare([]byte(recorded), []byte(hex.EncodeToString(fingerprint[:]))) == 1, true, nil
}
