package api

import (
	"bytes"
	_ "embed"
	"html/template"
	"slices"
	"strings"
)

//go:embed docs.gohtml
var docsSource string

var docsTemplate = template.Must(template.New("docs").Option("missingkey=error").Parse(docsSource))

type docsRow struct {
	Method, Path, Summary, Roles string
}

// renderDocs makes the page for people: one static document without scripts,
// styles or anything from another host.
func (a *API) renderDocs(routes []route) []byte {
	rows := struct {
		Info                    Info
		Reads, Commands, Public []docsRow
	}{Info: a.config.Info}
	for _, r := range routes {
		row := docsRow{Method: r.method, Path: r.path, Summary: r.summary}
		var names []string
		for _, role := range r.roles {
			names = append(names, string(role))
		}
		row.Roles = strings.Join(names, ", ")
		switch {
		case r.public:
			rows.Public = append(rows.Public, row)
		case strings.HasPrefix(r.action, "command."):
			rows.Commands = append(rows.Commands, row)
		default:
			rows.Reads = append(rows.Reads, row)
		}
	}
	slices.SortFunc(rows.Commands, func(x, y docsRow) int { return strings.Compare(x.Path, y.Path) })
	var page bytes.Buffer
	if err := docsTemplate.Execute(&page, rows); err != nil {
		panic(err) // at start-up: the page and its data are both ours
	}
	return page.Bytes()
}
