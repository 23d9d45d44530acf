package assemble

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// Look is one look at one person.
type Look struct {
	Position event.Position
	Person   event.UUID
	At       time.Time
	Actor    event.Actor
	Purpose  event.Purpose
	Use      string // of the log: for which purpose of DPA 2018 section 62(4)
	View     string
	Class    string
	Items    int
	Reason   string // as the reader gave it
}

// table writes rows as RFC 4180. What a spreadsheet would take for a formula is
// written after an apostrophe.
func table(rows [][]string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for _, row := range rows {
		for i, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				row[i] = "'" + cell
			}
		}
		_ = w.Write(row) // to memory
	}
	w.Flush()
	return b.Bytes()
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// named is an organisation in words, or its identifier.
func (a *assembly) named(org event.UUID) string {
	if name := a.Organisation(org); name != "" {
		return name
	}
	if org.IsZero() {
		return ""
	}
	return org.String()
}

// accessLog is access-log.csv.
func (a *assembly) accessLog() []byte {
	head := []string{"entry", "at", "person", "role", "side", "organisation", "purpose", "view", "class", "items"}
	if a.Kind == Evidence {
		head = append(head, "reader", "client", "use", "reason")
	}
	rows := [][]string{head}
	for _, l := range a.looks {
		if a.outside(l.At) {
			continue
		}
		row := []string{number(uint64(l.Position)), instant(l.At), l.Person.String(), string(l.Actor.Role), string(l.Actor.Side), a.named(l.Actor.Org),
			string(l.Purpose), l.View, l.Class, strconv.Itoa(l.Items)}
		if a.Kind == Evidence {
			client := ""
			if !l.Actor.Client.IsZero() {
				client = l.Actor.Client.String()
			}
			row = append(row, l.Actor.ID.String(), client, l.Use, l.Reason)
		}
		rows = append(rows, row)
	}
	return table(rows)
}

// told is one disclosure as it is listed.
type told struct {
	entry
	flow   disclosure.Flow
	method disclosure.Method
}

func (a *assembly) tellings() (all []told) {
	for _, e := range a.entries {
		d, ok := e.Data.(disclosure.DisclosureMade)
		if !ok || !e.opened {
			continue
		}
		t := told{e, d.Flow, d.Method}
		if notice, state := d.Notice.Get(); e.Operational != event.Open && state == event.Open {
			t.flow, t.method = notice.Flow, notice.Method
		}
		all = append(all, t)
	}
	return all
}

// disclosures is disclosures.csv.
func (a *assembly) disclosures() []byte {
	rows := [][]string{{"entry", "occurredAt", "recordedAt", "from", "to", "toRole", "purpose", "categories", "method"}}
	for _, t := range a.tellings() {
		var categories []string
		for _, c := range t.flow.Categories {
			categories = append(categories, string(c))
		}
		rows = append(rows, []string{number(uint64(t.Position)), t.Effective.String(), instant(t.RecordedAt), a.named(t.flow.FromOrg), a.named(t.flow.ToOrg),
			string(t.flow.ToRole), string(t.flow.Purpose), strings.Join(categories, " "), string(t.method)})
	}
	return table(rows)
}
