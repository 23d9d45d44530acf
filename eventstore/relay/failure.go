package relay

import (
	"errors"
	"time"
)

// Failure is why a message was not published. It says nothing of the message, nor
// what a destination answered.
type Failure struct {
	Reason Reason
	// Final: trying again as things are would end in the same way.
	Final bool
	// After is how long a destination asked to be left alone; 0 if it did not.
	After time.Duration
}

func (f *Failure) Error() string { return "relay: not published: " + string(f.Reason) }

// The reasons for a failure.
const (
	// Unreadable: the stored event cannot be decoded, by this program.
	Unreadable Reason = "unreadable"
	// Panicked: the program has a mistake that the message brought out.
	Panicked Reason = "program-failed"
	// Gone: the destination says that it is no more (410); it is disabled.
	Gone Reason = "gone"
	// NoAnswer: the destination was not reached or did not answer in time.
	NoAnswer Reason = "no-answer"
	// Refused: the destination answered, and did not accept the message.
	Refused Reason = "refused"
	// Redirected: the destination is elsewhere; redirections are not followed.
	Redirected Reason = "redirected"
	// AddressBarred: the host's address is in a network that is not public and not
	// allowed.
	AddressBarred Reason = "address-not-allowed"
	// Untrusted: the destination could not show who it is, or did not accept who
	// we are.
	Untrusted Reason = "not-trusted"
	// NoStream: no JetStream stream takes the subject.
	NoStream Reason = "no-stream"
	// TooLarge: the message is larger than the destination takes.
	TooLarge Reason = "too-large"
)

// reasonOf is the failure that an error of a publisher is.
func reasonOf(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return &Failure{Reason: NoAnswer}
}
