package person

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// RegisterPerson opens a person's case.
type RegisterPerson struct {
	event.Timed
	Name        Name             `json:"name"`
	DateOfBirth *event.Day       `json:"dateOfBirth"`
	Sex         Sex              `json:"sex"`
	Site        reference.Site   `json:"site,omitempty"`
	Region      reference.Region `json:"region"`
}

// longestName is in characters.
const longestName = 100

// earliestBirth: nobody alive was born before.
var earliestBirth = event.MustDay("1900-01-01")

// Validate names the fields that cannot be accepted.
func (c RegisterPerson) Validate() []fault.Field {
	var f fault.Fields
	f.Text("/name/given", c.Name.Given, longestName, true)
	f.Text("/name/family", c.Name.Family, longestName, false)
	f.If(c.DateOfBirth == nil, "/dateOfBirth", "required", "this must be given")
	f.If(c.DateOfBirth != nil && *c.DateOfBirth < earliestBirth, "/dateOfBirth", "impossible", "nobody alive was born then")
	fault.OneOf(&f, "/sex", c.Sex, Sexes)
	if c.Site != "" {
		fault.Listed(&f, "/site", c.Site, reference.Sites.Listed)
	}
	fault.Listed(&f, "/region", c.Region, reference.Regions.Listed)
	return f
}

// ValidateIn refuses a person who is not born yet.
func (c RegisterPerson) ValidateIn(ctx event.Context) []fault.Field {
	var f fault.Fields
	f.If(*c.DateOfBirth > event.DayOf(ctx.Now), "/dateOfBirth", "in-the-future", "nobody is born yet on that day")
	return f
}

// Check refuses a site that is not open on the day.
func (c RegisterPerson) Check(_ State, ctx event.Context) error {
	if c.Site != "" && !reference.Sites.Known(c.Site, event.DayOf(ctx.When().Latest())) {
		return fault.Refuse("code-not-in-force", "the site is not in use on that day")
	}
	return nil
}

// Events records the registration.
func (c RegisterPerson) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: PersonRegistered{
		Name: event.Own(c.Name), DateOfBirth: event.Own(*c.DateOfBirth), Sex: event.Own(c.Sex),
		Site: c.Site, Region: c.Region,
	}}}
}
