package lawfulness

import (
	"caseledger/domain/access"
	"caseledger/domain/appointment"
	"caseledger/domain/breakglass"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/domain/supervision"
)

// ilfracombe registers the person there under supervision, and transfers the
// case to London on 20 March, with a handover until 3 April.
func ilfracombe(s *story) {
	s.at("2026-02-04 10:00").record("", person.PersonRegistered{Site: "ILFRACOMBE", Region: "N58"})
	s.by("PP", "PROB-N58").record("", supervision.SupervisionStarted{Supervision: id("licence"), Practitioner: staff("PP4"),
		Terms: event.Own(supervision.Terms{Type: "LICENCE", From: event.MustDay("2026-02-01"), To: event.MustDay("2026-08-16")})})
	s.at("2026-03-20 09:00").record("moved", supervision.CaseTransferred{From: "N58", To: "N07", HandoverUntil: event.MustDay("2026-04-03")})
}

// looks has somebody look at a time.
func looks(clock string, role event.Role, at reference.OrganisationCode, before func(*story)) func(*story) {
	return func(s *story) {
		before(s)
		s.at(clock).by(role, at).look("look", "person.timeline")
	}
}

// referredTo refers the person, who then accepts or not, to an organisation.
func referredTo(destination reference.ReferralDestination, at reference.OrganisationCode, then ...any) func(*story) {
	return func(s *story) {
		s.record("", referral.ReferralSent{Referral: id("r"), Details: referral.Details{Destination: destination, Priority: "ROUTINE", ToOrg: org(at)}})
		for _, e := range then {
			s.at("2026-02-03 09:00").record("", e)
		}
	}
}

func meeting(kind reference.AppointmentKind, with ...event.UUID) func(*story) {
	return func(s *story) {
		s.by("SYSTEM", "ICB1").record("", appointment.AppointmentScheduled{Appointment: id("a"), Kind: kind, Site: "CAMBRIDGE", Slot: slot("2026-03-01 10:00", 60), With: with})
	}
}

var stranger = []want{both("look")}

var _ = check("L21",
	monitorCase{"the former hub after the handover, journey C9", looks("2026-04-15 10:00", "HUB_NURSE", "HUB-ILF", ilfracombe), []want{both("look", "moved")}},
	monitorCase{"the former hub on the handover's last day", looks("2026-04-03 23:59", "HUB_NURSE", "HUB-ILF", ilfracombe), nil},
	monitorCase{"the former hub the day after", looks("2026-04-04 00:00", "HUB_NURSE", "HUB-ILF", ilfracombe), []want{both("look")}},
	monitorCase{"the former region after the handover", looks("2026-04-15 10:00", "PP", "PROB-N58", ilfracombe), []want{both("look")}},
	monitorCase{"the receiving hub on the day of transfer", looks("2026-03-20 10:00", "HUB_NURSE", "HUB-HAM", ilfracombe), nil},
	monitorCase{"the receiving region on the day of transfer", looks("2026-03-20 10:00", "PP", "PROB-N07", ilfracombe), nil},
	monitorCase{"the receiving region the day before", looks("2026-03-19 10:00", "PP", "PROB-N07", func(s *story) {
		ilfracombe(s)
		s.now = london("2026-03-19 09:00").Earliest()
	}), []want{both("look")}},
	monitorCase{"a transfer recorded late", func(s *story) {
		s.record("", person.PersonRegistered{Site: "ILFRACOMBE", Region: "N58"})
		s.at("2026-03-20 10:00").by("HUB_NURSE", "HUB-HAM").look("look", "person.timeline")
		s.at("2026-03-21 10:00").was(day("2026-03-20")).record("", supervision.CaseTransferred{From: "N58", To: "N07", HandoverUntil: event.MustDay("2026-04-03")})
	}, []want{thenOnly("look")}},
	monitorCase{"the region while the order runs", looks("2026-03-01 10:00", "PP", "PROB-N58", func(s *story) { ilfracombe(s); s.now = london("2026-03-01 09:00").Earliest() }), nil},
	monitorCase{"the region after the order", looks("2026-08-17 10:00", "PP", "PROB-N07", ilfracombe), []want{both("look")}},
	monitorCase{"the region while the person is in custody", looks("2026-08-17 10:00", "PP", "PROB-N07", func(s *story) {
		ilfracombe(s)
		s.record("", supervision.CustodyEntered{})
	}), nil},
	monitorCase{"a volunteer, journey B8", looks("2026-03-16 10:00", "NAVIGATOR", "VOL1", nothing), stranger},
	monitorCase{"who broke the glass", looks("2026-03-16 10:00", "HUB_CLIN", "HUB-MID", func(s *story) {
		s.at("2026-03-16 09:00").by("HUB_CLIN", "HUB-MID").record("", breakglass.BreakGlassInvoked{BreakGlass: id("g"), ExpiresAt: london("2026-03-16 13:00")})
	}), nil},
	monitorCase{"when the glass is whole again", looks("2026-03-16 13:00", "HUB_CLIN", "HUB-MID", func(s *story) {
		s.at("2026-03-16 09:00").by("HUB_CLIN", "HUB-MID").record("", breakglass.BreakGlassInvoked{BreakGlass: id("g"), ExpiresAt: london("2026-03-16 13:00")})
	}), stranger},
	monitorCase{"an open referral", looks("2026-03-16 10:00", "HUB_CLIN", "TRUST", referredTo("TALKING_THERAPIES", "TRUST")), nil},
	monitorCase{"a referral that was withdrawn", looks("2026-03-16 10:00", "HUB_CLIN", "TRUST", referredTo("TALKING_THERAPIES", "TRUST", referral.ReferralWithdrawn{Referral: id("r")})), stranger},
	monitorCase{"the practice where the person is registered", looks("2026-06-16 10:00", "GP", "GP2", referredTo("GP_REGISTRATION", "GP2", referral.GPRegistrationAccepted{Referral: id("r")})), nil},
	monitorCase{"the practice that refused", looks("2026-06-16 10:00", "GP", "GP1", referredTo("GP_REGISTRATION", "GP1", referral.GPRegistrationRefused{Referral: id("r")})), stranger},
	monitorCase{"who treats under a live requirement", looks("2026-03-16 10:00", "TX_PROV", "DRUG1", func(s *story) {
		s.record("", supervision.RequirementImposed{Requirement: id("r"), Terms: event.Own(supervision.RequirementTerms{Kind: "DRR", Provider: org("DRUG1"),
			From: event.MustDay("2026-01-19"), To: event.MustDay("2027-03-18")})})
	}), nil},
	monitorCase{"exactly fourteen days before an appointment", looks("2026-02-15 10:00", "HUB_NURSE", "HUB-CAM", meeting(reference.HubClinic)), nil},
	monitorCase{"a minute more", looks("2026-02-15 09:59", "HUB_NURSE", "HUB-CAM", meeting(reference.HubClinic)), stranger},
	monitorCase{"exactly fourteen days after it", looks("2026-03-15 11:00", "HUB_NURSE", "HUB-CAM", meeting(reference.HubClinic)), nil},
	monitorCase{"a minute later", looks("2026-03-15 11:01", "HUB_NURSE", "HUB-CAM", meeting(reference.HubClinic)), stranger},
	monitorCase{"the region of a shared appointment", looks("2026-03-01 11:00", "PP", "PROB-N56", meeting(reference.CoLocated)), nil},
	monitorCase{"the region of a clinic", looks("2026-03-01 11:00", "PP", "PROB-N56", meeting(reference.HubClinic)), stranger},
	monitorCase{"somebody whom it is with", looks("2026-03-01 11:00", "TX_PROV", "DRUG1", meeting(reference.HubClinic, staff("TX_PROV of DRUG1"))), nil},
	monitorCase{"a colleague of somebody whom it is with", looks("2026-03-01 11:00", "TX_PROV", "DRUG1", func(s *story) {
		s.assigned("", "another", "TX_PROV", "DRUG1", false)
		meeting(reference.HubClinic, staff("another"))(s)
	}), nil},
	monitorCase{"an appointment that was cancelled", looks("2026-03-01 11:00", "HUB_NURSE", "HUB-CAM", func(s *story) {
		meeting(reference.HubClinic)(s)
		s.record("", appointment.AppointmentCancelled{Appointment: id("a")})
	}), stranger},
	monitorCase{"where the person came", looks("2026-03-01 11:00", "HUB_NURSE", "HUB-CAM", func(s *story) {
		s.at("2026-03-01 10:00").record("", appointment.AttendanceRecorded{Appointment: id("a"), Kind: reference.HubClinic})
	}), nil},
	monitorCase{"an auditor", looks("2026-03-01 11:00", "AUDITOR", "REGULATOR1", nothing), nil},
	monitorCase{"the information governance lead", looks("2026-03-01 11:00", "IG_LEAD", "HUB-MID", nothing), nil},
	monitorCase{"the ledger: L47", func(s *story) { s.reads("look", "AUDIT") }, nil},
	monitorCase{"one of a list", func(s *story) {
		s.on(event.Access(s.actor.ID), "look", access.RecordAccessed{Class: access.ReadList, Subjects: []event.UUID{s.person}, Items: 20}, event.ID{})
	}, nil},
)
