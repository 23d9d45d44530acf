package api

import (
	"net/http"
	"reflect"
	"strings"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// search is what people are looked for by: an identifier, or family name and
// date of birth. It is posted, so that neither gets into an address.
type search struct {
	Identifier *Identifier `json:"identifier,omitempty"`
	FamilyName string      `json:"familyName,omitempty"`
	GivenName  string      `json:"givenName,omitempty"`
	BirthDate  string      `json:"birthDate,omitempty" doc:"ISO 8601 day"`
}

const maxNameBytes = 200

// Validate says which fields cannot be understood.
func (s search) Validate() []fault.Field {
	var fields []fault.Field
	bad := func(pointer, code, message string) {
		fields = append(fields, fault.Field{Pointer: pointer, Code: code, Message: message})
	}
	byName := s.FamilyName != "" || s.GivenName != "" || s.BirthDate != ""
	if (s.Identifier != nil) == byName {
		bad("", "search-ambiguous", "look either for an identifier, or for a family name and a date of birth")
		return fields
	}
	if !byName {
		return nil
	}
	if strings.TrimSpace(s.FamilyName) == "" || len(s.FamilyName) > maxNameBytes {
		bad("/familyName", "malformed-value", "a family name is required, of at most 200 bytes")
	}
	if len(s.GivenName) > maxNameBytes {
		bad("/givenName", "malformed-value", "a given name has at most 200 bytes")
	}
	if _, err := event.ParseDay(s.BirthDate); err != nil {
		bad("/birthDate", "malformed-value", "a date of birth is a day that exists, as YYYY-MM-DD")
	}
	return fields
}

var searchPeople = operation[[]Person]{
	ID: "search-people", Method: http.MethodPost, Path: prefix + "/people/search",
	Summary: "Find people by an identifier, or by family name and date of birth",
	Action:  "person.search", Audit: access.Search, View: "search",
	Body:   reflect.TypeFor[search](),
	Handle: (*API).searchPeople,
}

func (a *API) searchPeople(c *call) (answer[[]Person], error) {
	q := c.body.(search)
	var found answer[[]Person]
	if q.Identifier != nil {
		id, known, err := a.config.Identifiers.Find(c.ctx, q.Identifier.Type, q.Identifier.Value)
		if err != nil {
			return found, err
		}
		// Someone nobody knows is looked for in the same way as someone hidden.
		person, _, err := c.view.Person(c.ctx, id)
		switch f := fault.Of(err); {
		case err == nil && known:
			found.Data = append(found.Data, person)
		case err != nil && (f == nil || f.Kind != fault.Absent):
			return found, err
		}
		found.Reflects = Reflects{Latest: true}
	} else {
		born, err := event.ParseDay(q.BirthDate)
		if err != nil {
			return found, err
		}
		if found.Data, found.Reflects, err = c.view.FindByName(c.ctx, NameQuery{q.FamilyName, q.GivenName, born}); err != nil {
			return found, err
		}
	}
	found.Items = len(found.Data)
	for _, p := range found.Data {
		found.Subjects = append(found.Subjects, p.ID)
	}
	return found, nil
}
