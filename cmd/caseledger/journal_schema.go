package main

import (
	"caseledger/domain/casefile"
	"caseledger/domain/reference"
)

// journalSchema is the JSON Schema of one line of a journal. The body's own
// shape is that of the command in the API's description (/openapi.json).
func journalSchema() map[string]any {
	text := func(does string) map[string]any { return map[string]any{"type": "string", "description": does} }
	pattern := func(does, shape string) map[string]any {
		return map[string]any{"type": "string", "pattern": shape, "description": does}
	}
	oneOf := func(does string, values []string) map[string]any {
		return map[string]any{"type": "string", "enum": values, "description": does}
	}
	var commands, purposes, staff, roles []string
	for _, c := range casefile.Commands {
		commands = append(commands, c.Name)
	}
	for _, p := range reference.Purposes.Codes() {
		purposes = append(purposes, string(p))
	}
	for _, m := range cast {
		staff = append(staff, m.label)
	}
	for _, r := range reference.Roles.Codes() {
		roles = append(roles, string(r))
	}
	clock := text("when the command was given, with its offset; never before that of the line before")
	clock["format"] = "date-time"
	return map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "One line of a caseledger journal",
		"type":                 "object",
		"additionalProperties": false,
		"required":             []string{"ref", "clock", "command", "actor", "body"},
		"oneOf":                []any{map[string]any{"required": []string{"person"}}, map[string]any{"required": []string{"stream"}}},
		"dependentRequired":    map[string]any{"importReason": []string{"origin"}},
		"if": map[string]any{"properties": map[string]any{"origin": map[string]any{"const": "IMPORTED"}},
			"required": []string{"origin"}},
		"then": map[string]any{"required": []string{"importReason"}},
		"properties": map[string]any{
			"ref":     pattern("names the line; once in a journal", refShape.String()),
			"clock":   clock,
			"command": oneOf("the command's name", commands),
			"person":  pattern("a label: the same label is the same person", labelShape.String()),
			"stream":  pattern("the stream of a case", "^case-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
			"actor": map[string]any{"description": "one of the cast, or who else it is", "oneOf": []any{
				oneOf("one of the cast", staff),
				map[string]any{"type": "object", "additionalProperties": false, "required": []string{"label", "role", "org"},
					"properties": map[string]any{
						"label": pattern("the same label is the same member of staff", labelShape.String()),
						"role":  oneOf("a role that the organisation's side has", roles),
						"org":   text("the organisation's code or label"),
					}},
			}},
			"purpose":        oneOf("why", purposes),
			"effectiveAt":    text("when what the command says was true: an RFC 3339 instant or a Europe/London day; left out, the clock"),
			"origin":         oneOf("LIVE is a command and may be refused; IMPORTED records a fact past validation", []string{"LIVE", "IMPORTED"}),
			"importReason":   text("why a fact comes in past validation; with IMPORTED only"),
			"expectRejected": text("the code with which the command must be refused"),
			"body": map[string]any{"type": "object", "description": "the command's own body. A string \"@person:A\", \"@actor:PP1\", " +
				"\"@org:GP1\", \"@made:REF:LABEL\" or \"@event:REF:N\" stands for the identifier of what it names"},
		},
	}
}
