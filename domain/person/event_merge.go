package person

import "caseledger/domain/event"

// MergeFenced says, on the stream of the person who is merged into another,
// that nothing more is decided here: decisions go to the survivor.
type MergeFenced struct {
	Merge    event.UUID `json:"merge"`
	Survivor event.UUID `json:"survivor"`
}

func (MergeFenced) isEvent() {}

// PersonsMerged says, on the survivor's stream, that another record is about
// the same person. Decisions fold both streams; no event is copied.
type PersonsMerged struct {
	Merge    event.UUID             `json:"merge"`
	Merged   event.UUID             `json:"merged"`
	Revision event.Revision         `json:"revision"` // the merged stream's last one
	Evidence event.Personal[string] `json:"evidence" personal:"identity"`
}

func (PersonsMerged) isEvent() {}

// PersonsUnmerged says, on both streams, that the records are about two people
// after all.
type PersonsUnmerged struct {
	Merge  event.UUID             `json:"merge"`
	Other  event.UUID             `json:"other"` // the person of the other stream
	Reason event.Personal[string] `json:"reason" personal:"operational"`
}

func (PersonsUnmerged) isEvent() {}

var (
	mergeFenced     = event.Define[MergeFenced]("person.merge-fenced", 1)
	personsMerged   = event.Define[PersonsMerged]("person.merged", 1)
	personsUnmerged = event.Define[PersonsUnmerged]("person.unmerged", 1)
)
