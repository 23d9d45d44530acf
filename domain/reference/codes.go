package reference

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"caseledger/domain/event"
)

// The codes of the lists. A code says nothing about being in force: ask its
// list.
type (
	Region              string // an HMPPS provider code, such as "N56"
	Site                string // where a hub works, such as "CAMBRIDGE"
	SupervisionType     string
	RequirementKind     string
	DeliusOutcome       string // as the probation case system writes it, such as "UAAB"
	NHSAttendance       string // ATTENDED OR DID NOT ATTEND, "2" to "7"
	AppointmentKind     string
	Barrier             string
	CommunicationNeed   string
	PrivacyNotice       string // a version of the privacy notice
	NHSNumberStatus     string // "01" to "08"
	ReferralDestination string
	ReferralReason      string
	GPRefusalReason     string
	ScreeningProgramme  string
	NoticeFormat        string
	Nation              string
	Confidentiality     string // HL7 v3-Confidentiality: N, R or V
	Timer               string
	ReferralReasonUse   string
	Answer              string // YES, NO, or why there is neither
	Outcome             string // our reading of an outcome code
	OutcomeScheme       string // which list an appointment kind takes its outcome codes from
	OrganisationCode    string
)

// CategoryEntry is a data category.
type CategoryEntry struct {
	Head[event.Category]
	Special         bool            `json:"special"`         // UK GDPR Article 9
	Criminal        bool            `json:"criminal"`        // Article 10
	Confidential    bool            `json:"confidential"`    // held under a duty of confidence
	Confidentiality Confidentiality `json:"confidentiality"` // by default
	Holder          []event.Side    `json:"holder"`
	NeverCrosses    bool            `json:"neverCrosses,omitempty"` // never told to another controller
}

// Categories lists the data categories.
var Categories = load("categories", func(e CategoryEntry) error {
	if !slices.Contains([]Confidentiality{"N", "R", "V"}, e.Confidentiality) {
		return errors.New("unknown confidentiality")
	}
	return sides(e.Holder)
}, func(e *CategoryEntry, d event.Day) { e.startsBy(d) })

func (h *Head[C]) startsBy(d event.Day) {
	if h.From == 0 {
		h.From = d
	}
}

func sides(of []event.Side) error {
	if len(of) == 0 {
		return errors.New("no side")
	}
	for _, s := range of {
		if !slices.Contains(event.Sides, s) {
			return fmt.Errorf("unknown side %q", s)
		}
	}
	return nil
}

// Covers reports whether a category, or a group such as "H.*" or
// "H.SCREEN_*", covers another category or group.
func Covers(scope, category event.Category) bool {
	if scope == category {
		return true
	}
	prefix, group := strings.CutSuffix(string(scope), "*")
	return group && strings.HasPrefix(string(category), prefix)
}

// CoveredBy reports whether some category or group of scope covers category.
func CoveredBy(scope []event.Category, category event.Category) bool {
	return slices.ContainsFunc(scope, func(s event.Category) bool { return Covers(s, category) })
}

// ValidScope reports whether scope is a listed category, or a group that
// holds at least one.
func ValidScope(scope event.Category) bool {
	if !strings.HasSuffix(string(scope), "*") {
		return Categories.Listed(scope)
	}
	if prefix := strings.TrimSuffix(string(scope), "*"); !strings.ContainsAny(prefix, ".") {
		return false // "*" and "H*" cover more than anyone means
	}
	return slices.ContainsFunc(Categories.Codes(), func(c event.Category) bool { return Covers(scope, c) })
}

// Expand returns the listed categories that scope covers, in the list's order.
func Expand(scope ...event.Category) []event.Category {
	var out []event.Category
	for _, c := range Categories.Codes() {
		if CoveredBy(scope, c) {
			out = append(out, c)
		}
	}
	return out
}

// PurposeEntry is a purpose.
type PurposeEntry struct {
	Head[event.Purpose]
	ActReason []string `json:"actReason"` // HL7 v3-ActReason codes, the best first
}

// Purposes lists the purposes.
var Purposes = load("purposes", func(e PurposeEntry) error {
	if len(e.ActReason) == 0 {
		return errors.New("no ActReason")
	}
	return nil
}, func(e *PurposeEntry, d event.Day) { e.startsBy(d) })

// RoleEntry is a role.
type RoleEntry struct {
	Head[event.Role]
	Sides []event.Side `json:"sides"` // the sides on which it is held
	Human bool         `json:"human"`
}

// Roles lists the roles.
var Roles = load("roles", func(e RoleEntry) error { return sides(e.Sides) },
	func(e *RoleEntry, d event.Day) { e.startsBy(d) })

// HeldOn reports whether a role is held on a side.
func HeldOn(role event.Role, side event.Side) bool {
	e, ok := Roles.Latest(role)
	return ok && slices.Contains(e.Sides, side)
}

// SideEntry is a side of the boundary.
type SideEntry struct{ Head[event.Side] }

// Sides lists the sides.
var Sides = load("sides", func(e SideEntry) error { return sides([]event.Side{e.Code}) },
	func(e *SideEntry, d event.Day) { e.startsBy(d) })

// RegionEntry is a probation region.
type RegionEntry struct {
	Head[Region]
	Nation Nation `json:"nation"`
}

// The nations in which the Probation Service works.
const (
	England Nation = "ENGLAND"
	Wales   Nation = "WALES"
)

// Regions lists the probation regions.
var Regions = load("regions", func(e RegionEntry) error {
	if e.Nation != England && e.Nation != Wales {
		return errors.New("unknown nation")
	}
	return nil
}, func(e *RegionEntry, d event.Day) { e.startsBy(d) })

// SiteEntry is a place where a hub works.
type SiteEntry struct {
	Head[Site]
	Hub          OrganisationCode `json:"hub"`
	Region       Region           `json:"region"`
	DeliveryUnit string           `json:"deliveryUnit"`
}

// Sites lists the pilot's sites.
var Sites = load("sites", func(e SiteEntry) error {
	if !Regions.Listed(e.Region) || e.DeliveryUnit == "" || !Organisations.Listed(e.Hub) {
		return errors.New("unknown region or hub, or no delivery unit")
	}
	return nil
}, func(e *SiteEntry, d event.Day) { e.startsBy(d) })
