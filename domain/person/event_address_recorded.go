package person

import "caseledger/domain/event"

// AddressRecorded says where the person can be found, or that there is no such
// place. It takes the place of any earlier address.
type AddressRecorded struct {
	Address event.Personal[Address] `json:"address" personal:"identity"`
}

func (AddressRecorded) isEvent() {}

var addressRecorded = event.Define[AddressRecorded]("person.address-recorded", 1)

// The kinds of address.
const (
	Fixed        AddressVariant = "FIXED"
	Temporary    AddressVariant = "TEMPORARY"
	CareOf       AddressVariant = "CARE_OF"
	NoFixedAbode AddressVariant = "NO_FIXED_ABODE"
	Unknown      AddressVariant = "UNKNOWN"
	Withheld     AddressVariant = "WITHHELD" // the person would not say
)

// AddressVariants lists them.
var AddressVariants = []AddressVariant{Fixed, Temporary, CareOf, NoFixedAbode, Unknown, Withheld}

// Address is one of the kinds of address. Only FIXED, TEMPORARY and CARE_OF
// name a place.
type Address struct {
	Variant  AddressVariant `json:"variant"`
	UPRN     string         `json:"uprn,omitempty"`     // canonical
	Postcode string         `json:"postcode,omitempty"` // canonical
	Lines    []string       `json:"lines,omitempty"`    // at most five
}

func (a Address) place() bool {
	return a.Variant == Fixed || a.Variant == Temporary || a.Variant == CareOf
}
