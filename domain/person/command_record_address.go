package person

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// RecordAddress says where the person can be found, or that there is no such
// place. A person with no fixed abode needs no address, and no postcode.
type RecordAddress struct {
	event.Timed
	Variant  AddressVariant `json:"variant"`
	UPRN     string         `json:"uprn,omitempty"`
	Postcode string         `json:"postcode,omitempty"`
	Lines    []string       `json:"lines,omitempty"`
}

const (
	mostAddressLines = 5
	longestLine      = 100 // characters
)

// Validate names the fields that cannot be accepted.
func (c RecordAddress) Validate() []fault.Field {
	var f fault.Fields
	fault.OneOf(&f, "/variant", c.Variant, AddressVariants)
	place := Address{Variant: c.Variant}.place()
	if c.UPRN != "" {
		_, err := CanonicalUPRN(c.UPRN)
		f.If(err != nil, "/uprn", "malformed", "this does not have the form of a property reference")
		f.If(!place, "/uprn", "impossible", "this kind of address is no property")
	}
	if c.Postcode != "" {
		postcode, err := CanonicalPostcode(c.Postcode)
		f.If(err != nil, "/postcode", "malformed", "this does not have the form of a postcode")
		f.If(err == nil && place && PseudoPostcode(postcode), "/postcode", "impossible", "this postcode stands for no place")
		f.If(err == nil && !place && !PseudoPostcode(postcode), "/postcode", "impossible", "this kind of address has no postcode of a place")
		f.If(c.Variant == Withheld, "/postcode", "impossible", "an address that was not given has no postcode")
	}
	f.If(len(c.Lines) > mostAddressLines, "/lines", "too-long", "an address has at most five lines")
	f.If(len(c.Lines) > 0 && !place, "/lines", "impossible", "this kind of address has no lines")
	for _, line := range c.Lines {
		f.Text("/lines", line, longestLine, false)
	}
	f.If(c.Variant == Fixed && c.UPRN == "" && c.Postcode == "" && len(c.Lines) == 0, "/postcode", "required", "a fixed address needs a property reference, a postcode or lines")
	return f
}

// Check accepts every address that can be understood.
func (c RecordAddress) Check(State, event.Context) error { return nil }

// Events records the address, with its codes in canonical form.
func (c RecordAddress) Events(State, event.Context) []event.Draft {
	a := Address{Variant: c.Variant, Lines: c.Lines}
	if c.UPRN != "" {
		a.UPRN, _ = CanonicalUPRN(c.UPRN) // Validate has refused what cannot be read
	}
	if c.Postcode != "" {
		a.Postcode, _ = CanonicalPostcode(c.Postcode)
	}
	return []event.Draft{{Data: AddressRecorded{Address: event.Own(a)}}}
}
