package person

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// PersonRegistered opens a person's case. It says who the person said they
// were; nothing in it has been checked against another system.
type PersonRegistered struct {
	Name        event.Personal[Name]      `json:"name" personal:"identity"`
	DateOfBirth event.Personal[event.Day] `json:"dateOfBirth" personal:"identity"`
	Sex         event.Personal[Sex]       `json:"sex" personal:"identity"`
	Site        reference.Site            `json:"site"` // empty if registered away from a hub
	Region      reference.Region          `json:"region"`
}

func (PersonRegistered) isEvent() {}

var personRegistered = event.Define[PersonRegistered]("person.registered", 1)

// Name is a person's name as they give it. Some people have one name only: it
// is the family name.
type Name struct {
	Given  string `json:"given,omitempty"`
	Family string `json:"family"`
}

// Full is the name as it is read.
func (n Name) Full() string {
	if n.Given == "" {
		return n.Family
	}
	return n.Given + " " + n.Family
}
