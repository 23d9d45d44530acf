package person

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// PrivacyNoticeGiven says that the person has been told what happens to
// information about them.
type PrivacyNoticeGiven struct {
	Notice   reference.PrivacyNotice `json:"notice"` // the version
	Format   reference.NoticeFormat  `json:"format"`
	Language Language                `json:"language"`
	Method   Method                  `json:"method"`
}

func (PrivacyNoticeGiven) isEvent() {}

var privacyNoticeGiven = event.Define[PrivacyNoticeGiven]("person.privacy-notice-given", 1)
