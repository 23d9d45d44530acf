package event

// Category is a data category of domain reference section 0.3, such as
// "H.ATTENDANCE"; package reference has the list. In a scope it may name a
// group: "H.*", "H.SCREEN_*".
type Category string

// Item is one thing of a case that could be told to somebody: what it is
// about, which event it came from, and what it says. An area offers only what
// it could open.
type Item struct {
	Category Category `json:"category"`
	Source   ID       `json:"source"`
	Facts    []Fact   `json:"facts"`
}

// Fact is one named value of an [Item]. Value holds personal data: an Item
// may leave the case only inside a sealed box.
type Fact struct {
	Name  string `json:"name"` // camelCase and stable, such as "dateOfBirth"
	Value string `json:"value"`
}

// String hides the value.
func (f Fact) String() string { return f.Name + "=[personal]" }

// GoString hides the value from %#v.
func (f Fact) GoString() string { return f.String() }
