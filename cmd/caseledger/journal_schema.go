package main

import (
	"strings"

	"caseledger/domain/access"
	"caseledger/domain/catalogue"
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
	var commands, purposes, staff, roles, classes []string
	for _, c := range catalogue.Commands() {
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
	for _, c := range access.Classes {
		classes = append(classes, string(c))
	}
	given := func(names ...string) map[string]any { return map[string]any{"required": names} }
	clock := text("when the command was given, with its offset; never before that of the line before")
	clock["format"] = "date-time"
	return map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "One line of a caseledger journal",
		"type":                 "object",
		"additionalProperties": false,
		"required":             []string{"ref", "clock", "actor"},
		"oneOf": []any{given("command", "body", "person"), given("command", "body", "stream"),
			map[string]any{"required": []string{"access", "purpose"}, "not": map[string]any{"anyOf": []any{given("body"), given("expectRejected")}}}},
		"not": given("person", "stream"),
		"if": map[string]any{"properties": map[string]any{"origin": map[string]any{"const": "IMPORTED"}},
			"required": []string{"origin"}},
		"then": map[string]any{"required": []string{"importReason"}},
		"properties": map[string]any{
			"ref":     pattern("names the line; once in a journal", refShape.String()),
			"clock":   clock,
			"command": oneOf("the command's name", commands),
			"access": map[string]any{"type": "object", "additionalProperties": false, "description": "a look at the record of the line's person, in place of a command",
				"oneOf": []any{given("view", "class"), given("view", "ledger", "purpose"), given("view", "export", "purpose")},
				"properties": map[string]any{
					"view":    pattern("what was looked at", viewShape.String()),
					"class":   oneOf("how the look is counted", classes),
					"ledger":  map[string]any{"const": true, "description": "a read of the ledger or its log, of one person if the line names one"},
					"export":  map[string]any{"const": true, "description": "a replay left the system"},
					"purpose": pattern("what the ledger or its log was used for", purposeShape.String()),
					"items":   map[string]any{"type": "integer", "minimum": 0, "maximum": mostItems, "description": "how much was shown; left out, 1"},
					"reason":  text("what the reader gave as the reason"),
				}},
			"person": pattern("a label: the same label is the same person", labelShape.String()),
			"stream": pattern("what else it is given to, by a label or by its name",
				"^(policy|(agreement|org|finding):"+strings.Trim(labelShape.String(), "^$")+"|(case|agreement|org|finding)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$"),
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
			"sourceSystem":   pattern("which system it comes from; with IMPORTED only. In a simulation it may be left out", labelShape.String()),
			"expectRejected": text("the code with which the command must be refused"),
			"body": map[string]any{"type": "object", "description": "the command's own body. A string \"@person:A\", \"@actor:PP1\", " +
				"\"@org:GP1\", \"@agreement:DSA-1\", \"@made:REF:LABEL\" or \"@event:REF:N\" stands for the identifier of what it names"},
		},
	}
}
