package api

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/domain/event"
)

// How the API describes itself (OpenAPI 3.1). The description is made from
// the same tables that requests are served from.

func (a *API) describe() huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	registry.RegisterTypeAlias(reflect.TypeFor[jsontext.Value](), reflect.TypeFor[any]())
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "caseledger", Version: a.config.Info.Version,
				Description: "A case record and audit ledger for the boundary between health and probation. " +
					"Every error is a problem document (RFC 9457) with a stable errorCode and never holds a value that was sent."},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
	}
}

// schemaName names a schema by package and type, so that two areas may use
// the same word.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := t.Name()
	if name == "" {
		name = hint
	}
	words := strings.FieldsFunc(strings.ReplaceAll(name, "[]", " list "), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	pkg := t.PkgPath()
	pkg = pkg[strings.LastIndexByte(pkg, '/')+1:]
	var out strings.Builder
	if pkg != "api" {
		out.WriteString(upperFirst(pkg))
	}
	for _, w := range words {
		if w != "caseledger" && w != "domain" && w != "api" {
			out.WriteString(upperFirst(w))
		}
	}
	return out.String()
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

var (
	uuidSchema  = &huma.Schema{Type: huma.TypeString, Format: "uuid"}
	tokenSchema = &huma.Schema{Type: huma.TypeString}
)

func headerParameter(name string, required bool, schema *huma.Schema, doc string) *huma.Param {
	return &huma.Param{Name: name, In: "header", Required: required, Schema: schema, Description: doc}
}

func purposeParameter(required bool) *huma.Param {
	return headerParameter("X-Purpose-Of-Use", required, tokenSchema, "why the record is used: a purpose code, such as DIRECT_CARE")
}

func pathParameters(path string) []*huma.Param {
	var list []*huma.Param
	for segment := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			list = append(list, &huma.Param{Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: uuidSchema})
		}
	}
	return list
}

// problems are the refusals that an operation may answer with.
func problems(r huma.Registry, responses map[string]*huma.Response, statuses ...int) {
	schema := r.Schema(reflect.TypeFor[Problem](), true, "")
	for _, s := range statuses {
		responses[itoa(s)] = &huma.Response{Description: http.StatusText(s),
			Content: map[string]*huma.MediaType{problemType: {Schema: schema}}}
	}
}

func rolesText(roles []event.Role) string {
	var names []string
	for _, r := range roles {
		names = append(names, string(r))
	}
	return "Roles: " + strings.Join(names, ", ") + "."
}

func documentRead[T any](r huma.Registry, o operation[T], allowed []event.Role) *huma.Operation {
	op := &huma.Operation{
		OperationID: o.ID, Method: o.Method, Path: o.Path, Summary: o.Summary, Description: rolesText(allowed),
		Parameters: append(pathParameters(o.Path), purposeParameter(o.Purpose == ""),
			headerParameter("X-Access-Reason", false, tokenSchema, "why this very record is looked at, in one line; kept sealed with the look"),
			headerParameter("X-Consistency-Token", false, tokenSchema, "from a command's answer: wait up to 2 s until it can be seen")),
		Security: []map[string][]string{{"bearer": {}}}, Tags: []string{"reads"},
		Metadata: map[string]any{"writes": false},
	}
	for _, p := range o.Query {
		op.Parameters = append(op.Parameters, &huma.Param{Name: p.Name, In: "query", Description: p.Doc,
			Schema: &huma.Schema{Type: p.Type, Format: p.Format}})
	}
	if o.Body != nil {
		op.RequestBody = jsonBody(bodySchema(r, o.Body))
	}
	content := map[string]*huma.MediaType{o.Media: {}}
	if o.Media == "" {
		content = jsonContent(r.Schema(reflect.TypeFor[envelope[T]](), true, ""))
	}
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: content}}
	problems(r, op.Responses, append([]int{400, 401, 403, 404, 429, 500, 503}, o.Also...)...)
	if o.Fixed {
		op.Parameters = append(op.Parameters, headerParameter("If-None-Match", false, tokenSchema, "the ETag of a copy the client has"))
		op.Responses["304"] = &huma.Response{Description: "the client's copy is right"}
	}
	return op
}

func documentWrite(r huma.Registry, w writing) *huma.Operation {
	op := &huma.Operation{
		OperationID: w.id, Method: http.MethodPost, Path: w.path, Summary: w.summary, Description: rolesText(w.command.Roles),
		Parameters: append(pathParameters(w.path),
			headerParameter("Idempotency-Key", true, uuidSchema, "names the command for ever; the same key and body is the same command"),
			purposeParameter(false)),
		RequestBody: jsonBody(bodySchema(r, w.body)),
		Security:    []map[string][]string{{"bearer": {}}}, Tags: []string{"commands"},
		Metadata: map[string]any{"writes": true},
	}
	if !w.command.Opens {
		op.Parameters = append(op.Parameters, headerParameter("If-Match", w.conditional(), tokenSchema, "the ETag of what the command is given to, as last read"))
	}
	schema := r.Schema(reflect.TypeFor[envelope[recorded]](), true, "")
	op.Responses = map[string]*huma.Response{
		"200": {Description: "it was already so, and nothing was recorded", Content: jsonContent(schema)},
		"201": {Description: "recorded, and on disk", Content: jsonContent(schema)},
	}
	problems(r, op.Responses, 400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 500, 503)
	return op
}

func documentPublic(r huma.Registry, id, path, summary, contentType string, sample any) *huma.Operation {
	op := &huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Tags: []string{"operation"},
		Metadata: map[string]any{"writes": false}}
	media := &huma.MediaType{}
	if sample != nil {
		media.Schema = r.Schema(reflect.TypeOf(sample), true, "")
	}
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{contentType: media}}}
	if strings.HasPrefix(path, "/health") {
		op.Responses["503"] = &huma.Response{Description: "a part does not work", Content: map[string]*huma.MediaType{contentType: media}}
	}
	return op
}

// bodySchema describes a body. A decision's has no Go name of its own, so it
// is spelt out.
func bodySchema(r huma.Registry, body reflect.Type) *huma.Schema {
	if body.Name() == "" {
		return wrappedSchema(r, body)
	}
	return commandSchema(r, body)
}

// commandSchema describes a command's body as requests are read: a member of
// an embedded group is not required by itself.
func commandSchema(r huma.Registry, body reflect.Type) *huma.Schema {
	ref := r.Schema(body, true, "")
	schema := r.SchemaFromRef(ref.Ref)
	for _, m := range membersOf(body) {
		if m.Group != nil {
			schema.Required = slices.DeleteFunc(schema.Required, func(name string) bool { return name == m.Name })
		}
	}
	return ref
}

func jsonContent(s *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: s}}
}

func jsonBody(s *huma.Schema) *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: jsonContent(s)}
}
