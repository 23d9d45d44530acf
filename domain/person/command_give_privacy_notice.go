package person

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// GivePrivacyNotice says that the person has been told what happens to
// information about them.
type GivePrivacyNotice struct {
	event.Timed
	Notice   reference.PrivacyNotice `json:"notice"`
	Format   reference.NoticeFormat  `json:"format"`
	Language Language                `json:"language,omitempty"` // left out: en
	Method   Method                  `json:"method,omitempty"`   // left out: IN_PERSON
}

// Validate names the fields that cannot be accepted.
func (c GivePrivacyNotice) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/notice", c.Notice, reference.PrivacyNotices.Listed)
	if n, ok := reference.PrivacyNotices.Latest(c.Notice); ok {
		f.If(!slices.Contains(n.Formats, c.Format), "/format", "unknown-code", "the notice is not published in this format")
	}
	f.If(c.Language != "" && !c.Language.wellFormed(), "/language", "malformed", "this does not have the form of a language tag")
	if c.Method != "" {
		fault.OneOf(&f, "/method", c.Method, Methods)
	}
	return f
}

// Check refuses a version that is not in force on the day.
func (c GivePrivacyNotice) Check(_ State, ctx event.Context) error {
	if !reference.PrivacyNotices.Known(c.Notice, event.DayOf(ctx.When().Latest())) {
		return fault.Refuse("unknown-notice-version", "this version of the notice is not in force on that day")
	}
	return nil
}

// Events records that the notice was given.
func (c GivePrivacyNotice) Events(State, event.Context) []event.Draft {
	e := PrivacyNoticeGiven{Notice: c.Notice, Format: c.Format, Language: c.Language, Method: c.Method}
	if e.Language == "" {
		e.Language = "en"
	}
	if e.Method == "" {
		e.Method = InPerson
	}
	return []event.Draft{{Data: e}}
}
