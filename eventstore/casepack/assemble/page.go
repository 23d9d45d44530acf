package assemble

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/domain/event"
)

//go:embed page.gohtml
var pageText string

var page = template.Must(template.New("page").Option("missingkey=error").Parse(pageText))

// shown is what the page and the README say.
type shown struct {
	Kind, Origin, Person, MadeAt, MadeBy, Purpose string
	Period                                        string // empty: all of it
	Synthetic, Subject, Nothing                   bool
	Covered                                       uint64
	CommittedAt                                   event.Position
	Size                                          int64
	Entries                                       []shownEntry
	Withheld                                      int
	Streams                                       []shownStream
	Disclosures                                   []shownDisclosure
	Looks                                         int
	Rules                                         []string
}

type shownStream struct {
	Name             string
	Entries, Missing int
}

type shownEntry struct {
	Position   event.Position
	Happened   string
	Recorded   string
	What       string
	By         string
	Imported   bool
	Fields     []shownField
	Unreadable []string
}

type shownField struct{ Name, Value string }

type shownDisclosure struct {
	Position event.Position
	Happened string
	From, To string
	What     string
	Purpose  string
}

// explain adds what people read.
func (a *assembly) explain(context.Context) error {
	s, err := a.shown()
	if err != nil {
		return err
	}
	var html bytes.Buffer
	if err := page.Execute(&html, s); err != nil {
		return fmt.Errorf("assemble: write the page: %w", err)
	}
	a.members["index.html"], a.members["README.txt"] = html.Bytes(), []byte(s.readme())
	return nil
}

func london(t time.Time) string { return t.In(event.London).Format("2 January 2006, 15:04:05") }

func when(w event.When) string {
	if _, day := w.Day(); day || w.IsZero() {
		return w.String()
	}
	return london(w.Earliest())
}

func (a *assembly) shown() (shown, error) {
	s := shown{Kind: map[Kind]string{Evidence: "Evidence pack", SubjectAccess: "Subject access pack"}[a.Kind], Origin: a.Origin, Person: a.Person.String(),
		MadeAt: london(a.MadeAt), MadeBy: fmt.Sprintf("%s, %s", a.Maker.Role, a.named(a.Maker.Org)), Purpose: string(a.Purpose), Synthetic: a.Synthetic,
		Subject: a.Kind == SubjectAccess, Covered: a.commitment.Size, CommittedAt: a.commitment.Position, Size: a.checkpoint.N, Withheld: a.made.Withheld}
	if !a.From.IsZero() || !a.To.IsZero() {
		s.Period = strings.TrimSpace(map[bool]string{false: "from " + london(a.From)}[a.From.IsZero()] + map[bool]string{false: " to " + london(a.To)}[a.To.IsZero()])
	}
	s.Nothing = true
	for _, w := range a.streams {
		s.Streams = append(s.Streams, shownStream{w.id.String(), len(w.leaves), w.withheld()})
		s.Nothing = s.Nothing && len(w.leaves) == 0
	}
	for i, e := range a.entries {
		if e.Type == "key.created" || e.Stream == event.Ledger {
			continue
		}
		one, err := a.shownEntry(e, a.lines[i])
		if err != nil {
			return s, err
		}
		s.Entries = append(s.Entries, one)
	}
	for _, t := range a.tellings() {
		var categories []string
		for _, c := range t.flow.Categories {
			categories = append(categories, string(c))
		}
		s.Disclosures = append(s.Disclosures, shownDisclosure{t.Position, when(t.Effective), a.named(t.flow.FromOrg), a.named(t.flow.ToOrg),
			strings.Join(categories, ", "), string(t.flow.Purpose)})
	}
	for _, l := range a.looks {
		if !a.outside(l.At) {
			s.Looks++
		}
	}
	for name := range a.members {
		if hash, ok := strings.CutSuffix(name, "/rules.json"); ok {
			s.Rules = append(s.Rules, strings.TrimPrefix(hash, "policy/"))
		}
	}
	slices.Sort(s.Rules)
	return s, nil
}

func (a *assembly) shownEntry(e entry, l line) (shownEntry, error) {
	words := strings.NewReplacer(".", ": ", "-", " ").Replace(e.Type)
	one := shownEntry{Position: e.Position, Happened: when(e.Effective), Recorded: london(e.RecordedAt), What: strings.ToUpper(words[:1]) + words[1:],
		By: fmt.Sprintf("%s, %s", e.Actor.Role, cmp.Or(a.named(e.Actor.Org), string(e.Actor.Side))), Imported: e.Origin == event.Imported}
	if l.Says != nil {
		fields := map[string]jsontext.Value{}
		if err := json.Unmarshal(l.Says, &fields); err != nil {
			return one, fmt.Errorf("assemble: what entry %d says is no object", e.Position)
		}
		for name, value := range fields {
			text := value.String()
			if value.Kind() == '"' {
				if err := json.Unmarshal(value, &text); err != nil {
					return one, fmt.Errorf("assemble: what entry %d says is no text", e.Position)
				}
			}
			one.Fields = append(one.Fields, shownField{name, text})
		}
		slices.SortFunc(one.Fields, func(a, b shownField) int { return strings.Compare(a.Name, b.Name) })
	}
	for _, class := range event.Classes {
		switch l.Absent[class] {
		case event.Erased.String():
			one.Unreadable = append(one.Unreadable, string(class)+": unreadable, key destroyed")
		case event.Withheld.String():
			one.Unreadable = append(one.Unreadable, string(class)+": not opened for this pack")
		}
	}
	return one, nil
}
