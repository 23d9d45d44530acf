package lawfulness

import (
	"caseledger/domain/appointment"
	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/reference"
)

// asks records a consent in an appointment of a kind.
func asks(kind reference.AppointmentKind, role event.Role, at reference.OrganisationCode, change func(*consent.ConsentGranted)) func(*story) {
	return func(s *story) {
		s.record("", appointment.AppointmentScheduled{Appointment: id("a"), Kind: kind, Site: "CAMBRIDGE", Slot: slot("2026-02-04 10:00", 60)})
		c := consent.ConsentGranted{Consent: id("c"), Version: 1, Kind: consent.Disclosure, Scope: probation("H.ATTENDANCE"),
			Voluntary: consent.Voluntariness{NoEffect: true, AskedFreely: true}}
		if change != nil {
			change(&c)
		}
		s.at("2026-02-04 10:14").by(role, at).record("c", c)
	}
}

var (
	captured  = []want{{item: "c", notes: []finding.Note{"captured-by-practitioner"}, known: true, now: true}}
	unfree    = []want{{item: "c", notes: []finding.Note{"no-voluntariness-statement"}, known: true, now: true}}
	unstated  = func(c *consent.ConsentGranted) { c.Voluntary = consent.Voluntariness{} }
	recipient = func(r consent.Recipient) func(*consent.ConsentGranted) {
		return func(c *consent.ConsentGranted) { c.Scope.Recipients = []consent.Recipient{r} }
	}
)

var _ = check("L23",
	monitorCase{"by the practitioner", asks(reference.SupervisionAppointment, "PP", "PROB-N56", nil), captured},
	monitorCase{"by the practitioner, for a side", asks(reference.SupervisionAppointment, "PP", "PROB-N56", recipient(consent.Recipient{Side: event.Probation})), captured},
	monitorCase{"by the practitioner, for their role", asks(reference.SupervisionAppointment, "PP", "PROB-N56", recipient(consent.Recipient{Role: "PP"})), captured},
	monitorCase{"by the practitioner, for a housing authority", asks(reference.SupervisionAppointment, "PP", "PROB-N56", recipient(consent.Recipient{Org: org("HOUSE-MID")})), nil},
	monitorCase{"by the practitioner, of what probation holds", asks(reference.SupervisionAppointment, "PP", "PROB-N56", func(c *consent.ConsentGranted) {
		c.Scope.From = event.Probation
	}), nil},
	monitorCase{"by a nurse, journey A5", asks(reference.CoLocated, "HUB_NURSE", "HUB-CAM", nil), nil},
	monitorCase{"by a nurse, and not said that it is free", asks(reference.CoLocated, "HUB_NURSE", "HUB-CAM", unstated), unfree},
	monitorCase{"half of it said", asks(reference.CoLocated, "HUB_NURSE", "HUB-CAM", func(c *consent.ConsentGranted) { c.Voluntary.AskedFreely = false }), unfree},
	monitorCase{"to be screened, and not said", asks(reference.CoLocated, "HUB_NURSE", "HUB-CAM", func(c *consent.ConsentGranted) { unstated(c); c.Kind = consent.Screening }), unfree},
	monitorCase{"to be treated", asks(reference.CoLocated, "HUB_NURSE", "HUB-CAM", func(c *consent.ConsentGranted) { unstated(c); c.Kind = consent.Treatment }), nil},
	monitorCase{"at a clinic", asks(reference.HubClinic, "HUB_NURSE", "HUB-CAM", unstated), nil},
	monitorCase{"at an appointment that it names, recorded afterwards", func(s *story) {
		asks(reference.CoLocated, "HUB_NURSE", "HUB-CAM", nil)(s)
		s.at("2026-02-04 12:00").record("later", consent.ConsentGranted{Consent: id("later"), Kind: consent.Screening, Appointment: id("a")})
	}, []want{both("later")}},
	monitorCase{"after the appointment", func(s *story) {
		asks(reference.CoLocated, "HUB_NURSE", "HUB-CAM", nil)(s)
		s.at("2026-02-04 11:00").record("later", consent.ConsentGranted{Consent: id("later"), Kind: consent.Screening})
	}, nil},
)
