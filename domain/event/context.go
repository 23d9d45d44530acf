package event

import "time"

// Context is what a command brings from outside: decisions read no clock and
// draw no random number.
type Context struct {
	Now       time.Time // when the command is decided, UTC
	Effective When      // when what it says was true; zero means Now
	Person    UUID      // the subject
	Actor     Actor
	Purpose   Purpose
	Command   UUID // names the command; new identifiers derive from it
	Origin    Origin
	// Peers are the organisations that share the actor's controller, beside the
	// actor's own: what one of them holds, all do.
	Peers []UUID
	// Synthetic is true where only identifiers of the test ranges may enter, so
	// that no real person gets into made-up data, and false where only issued
	// ones may.
	Synthetic bool
	// Revision is how far the case had come when the command was decided: what
	// a decision read.
	Revision Revision
}

// When is the time at which what the command says was true.
func (c Context) When() When {
	if c.Effective.IsZero() {
		return At(c.Now)
	}
	return c.Effective
}

// Asked is the instant at which the command asks about a state: the end of its
// day where no more than the day is known, but never later than now.
func (c Context) Asked() time.Time {
	if t := c.When().Latest(); t.Before(c.Now) {
		return t
	}
	return c.Now
}

// NewID derives an identifier for something the command brings into being.
// label tells apart what one command makes; the same command yields the same
// identifier for ever.
func (c Context) NewID(label string) UUID {
	return DeriveUUID("id", c.Person[:], c.Command[:], []byte(label))
}

// Timed is embedded in the body of every command that records something which
// may have happened before it is typed in.
type Timed struct {
	// EffectiveAt is when it was true: an RFC 3339 instant, or a Europe/London
	// day. Left out, it is the moment of recording.
	EffectiveAt When `json:"effectiveAt,omitzero"`
}

// HappenedAt returns the time given; zero if none was.
func (t Timed) HappenedAt() When { return t.EffectiveAt }
