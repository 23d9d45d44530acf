package relay

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"caseledger/domain/event"
)

// Format is how a message is written.
type Format string

// The formats.
const (
	// CloudEvents is CloudEvents 1.0, the JSON event format, structured mode.
	CloudEvents Format = "cloudevents"
	// DomainEvents is the domain event of HMPPS.
	DomainEvents Format = "hmpps"
)

// contentType is the media type of a format.
func (f Format) contentType() string {
	if f == CloudEvents {
		return cloudevents.ApplicationCloudEventsJSON
	}
	return "application/json"
}

// notice is all that a message says: nothing that lies in a box, no position and
// no revision. Whoever is told fetches the rest and is authorised then.
type notice struct {
	id         event.ID
	name       string // of the event type
	version    int
	person     event.UUID
	recordedAt time.Time
}

func noticeOf(e event.Recorded) notice {
	return notice{e.ID, e.Type, e.Version, e.Subject, e.RecordedAt}
}

// Names is how a ledger is called in what it publishes.
type Names struct {
	Ledger string // a URI reference: the source of its CloudEvents
	// PublicURL is where its API answers, without a slash at the end.
	PublicURL string
}

func (n Names) detailURL(of notice) string { return n.PublicURL + "/api/v1/events/" + of.id.String() }

// typePrefix is that of every CloudEvent's type.
const typePrefix = "uk.healthhubs."

// write writes a notice in a format:
//
//	{"specversion":"1.0","id":"…","source":"caseledger.example/north","type":"uk.healthhubs.consent.withdrawn.v1",
//	 "subject":"person/…","datacontenttype":"application/json","time":"2026-02-04T12:00:00Z",
//	 "data":{"detailUrl":"https://caseledger.example/api/v1/events/…"}}
//
//	{"eventType":"health-hub.consent.withdrawn","version":1,"occurredAt":"2026-02-04T12:00:00Z","description":"A consent was withdrawn",
//	 "detailUrl":"https://caseledger.example/api/v1/events/…",
//	 "personReference":{"identifiers":[{"type":"HEALTH_HUB_PERSON_ID","value":"…"}]}}
//
// The time is when it was recorded: when it was true is content. The second
// one's is Europe/London's, with its offset. It names the person by the record's
// own opaque identifier alone: a CRN is personal data, and lies in a box.
func (n Names) write(f Format, of notice) ([]byte, error) {
	if f == DomainEvents {
		return n.domainEvent(of)
	}
	return n.cloudEvent(of)
}

func (n Names) cloudEvent(of notice) ([]byte, error) {
	e := cloudevents.New(cloudevents.CloudEventsVersionV1)
	e.SetID(of.id.String())
	e.SetSource(n.Ledger)
	e.SetType(fmt.Sprintf("%s%s.v%d", typePrefix, of.name, of.version))
	e.SetSubject("person/" + of.person.String())
	e.SetTime(of.recordedAt)
	if err := e.SetData(cloudevents.ApplicationJSON, map[string]string{"detailUrl": n.detailURL(of)}); err != nil {
		return nil, err
	}
	return e.MarshalJSON()
}

// personIDType is the type of the person's identifier in a domain event.
const personIDType = "HEALTH_HUB_PERSON_ID"

type domainEvent struct {
	EventType       string          `json:"eventType"`
	Version         int             `json:"version"`
	OccurredAt      string          `json:"occurredAt"`
	Description     string          `json:"description"`
	DetailURL       string          `json:"detailUrl"`
	PersonReference personReference `json:"personReference"`
}

type personReference struct {
	Identifiers []identifier `json:"identifiers"`
}

type identifier struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

func (n Names) domainEvent(of notice) ([]byte, error) {
	p, _ := publicationOf(of.name)
	return json.Marshal(domainEvent{
		EventType: "health-hub." + of.name, Version: of.version, Description: p.says, DetailURL: n.detailURL(of),
		OccurredAt:      of.recordedAt.In(event.London).Format(time.RFC3339Nano),
		PersonReference: personReference{[]identifier{{personIDType, of.person.String()}}},
	})
}

// subject is where a message is published, where a destination has subjects:
// "caseledger.<side>.<type>", in lower case.
func subject(side event.Side, name string) string {
	return "caseledger." + strings.ReplaceAll(strings.ToLower(string(side)), "_", "-") + "." + name
}
