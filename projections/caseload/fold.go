package caseload

import (
	"slices"

	"caseledger/domain/appointment"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/domain/screening"
	"caseledger/domain/supervision"
)

// own folds an event of the controller's own record into r, a copy.
func (r *Row) own(e event.Recorded) {
	switch d := e.Data.(type) {
	case person.PersonRegistered:
		r.Registered, r.Site, r.Region = true, d.Site, d.Region
		if name, state := d.Name.Get(); state == event.Open {
			r.named(name.Given, name.Family)
		}
		r.Erased = d.Name.State() == event.Erased
		if day, state := d.DateOfBirth.Get(); state == event.Open {
			r.BirthDate = Text(day.String())
		}
	case person.IdentifierLinked:
		if value, state := d.Value.Get(); state == event.Open {
			r.identified(Identifier{d.Link, d.Type, value, d.Status})
		}
	case person.IdentifierVerified:
		r.Identifiers = slices.Clone(r.Identifiers)
		for i := range r.Identifiers {
			if r.Identifiers[i].Link == d.Link {
				r.Identifiers[i].Status = d.Status
			}
		}
	case person.IdentifierUnlinked:
		r.Identifiers = slices.DeleteFunc(slices.Clone(r.Identifiers), func(i Identifier) bool { return i.Link == d.Link })
	case person.PrivacyNoticeGiven:
		r.Notice = true
	case supervision.SupervisionStarted:
		if !d.Practitioner.IsZero() {
			r.Practitioner = d.Practitioner
		}
	case supervision.PractitionerAllocated:
		r.Practitioner = d.Practitioner
	case supervision.CaseTransferred:
		r.Region = d.To
	case appointment.AppointmentScheduled:
		r.booked(Contact{d.Appointment, d.Slot.From})
	case appointment.AppointmentRescheduled:
		r.unbooked(d.Appointment)
		r.booked(Contact{d.Appointment, d.Slot.From})
	case appointment.AppointmentCancelled:
		r.unbooked(d.Appointment)
	case appointment.AttendanceRecorded:
		r.unbooked(d.Appointment)
	case screening.ScreeningCompleted:
		r.ScreenedAt = e.Effective
	case screening.RiskFlagRaised:
		r.RiskFlags = with(r.RiskFlags, d.Flag)
	case screening.RiskFlagClosed:
		r.RiskFlags = without(r.RiskFlags, d.Flag)
	default:
		r.referred(e)
	}
	if changesConsent[e.Type] {
		r.ConsentAt = e.Effective
	}
}

var changesConsent = map[string]bool{"consent.granted": true, "consent.refused": true, "consent.narrowed": true,
	"consent.withdrawn": true, "consent.expired": true, "consent.invalidated": true}

func (r *Row) named(given, family string) {
	r.GivenName, r.FamilyName, r.Sought = Text(given), Text(family), Sought(family)
}

func (r *Row) identified(i Identifier) {
	r.Identifiers = append(slices.DeleteFunc(slices.Clone(r.Identifiers), func(old Identifier) bool {
		return old.Link == i.Link && old.Type == i.Type && (!i.Link.IsZero() || old.Value == i.Value)
	}), i)
}

func (r *Row) booked(c Contact) {
	r.Contacts = append(slices.Clone(r.Contacts), c)
	slices.SortStableFunc(r.Contacts, func(a, b Contact) int { return a.From.Earliest().Compare(b.From.Earliest()) })
}

func (r *Row) unbooked(appointment event.UUID) {
	r.Contacts = slices.DeleteFunc(slices.Clone(r.Contacts), func(c Contact) bool { return c.Appointment == appointment })
}

func with(ids []event.UUID, id event.UUID) []event.UUID {
	if slices.Contains(ids, id) {
		return ids
	}
	return append(slices.Clone(ids), id)
}

func without(ids []event.UUID, id event.UUID) []event.UUID {
	return slices.DeleteFunc(slices.Clone(ids), func(other event.UUID) bool { return other == id })
}

// told folds what a disclosure told the controller into r, a copy: who the
// person is, where that was told, and no more.
func (r *Row) told(e event.Recorded) {
	// A justice identifier is offence data: it reveals supervision.
	var items []event.Item
	switch d := e.Data.(type) {
	case disclosure.DisclosureMade:
		items = slices.Concat(d.ToldIdentity.Value(), d.ToldOffence.Value())
	case disclosure.UnplannedDisclosureReported:
		items = slices.Concat(d.ToldIdentity.Value(), d.ToldOffence.Value())
	}
	for _, item := range items {
		facts := map[string]string{}
		for _, f := range item.Facts {
			facts[f.Name] = f.Value
		}
		switch item.Category {
		case "ID.DEMOG":
			r.named(facts["givenName"], facts["familyName"])
			r.BirthDate = Text(facts["dateOfBirth"])
		case "ID.NHSNO", "ID.CRN", "ID.NOMS", "ID.PNC", "ID.CRO":
			r.identified(Identifier{Type: person.IdentifierType(facts["type"]), Value: facts["value"],
				Status: reference.NHSNumberStatus(facts["status"])})
		}
	}
}

// referred folds an event of a referral: what counts is whether it is open.
func (r *Row) referred(e event.Recorded) {
	s := referral.Evolve(referral.State{}, e)
	if len(s.Referrals) != 1 {
		return
	}
	switch one := s.Referrals[0]; {
	case one.Stage.Open():
		r.Referrals = with(r.Referrals, one.ID)
	case one.Stage.Ended():
		r.Referrals = without(r.Referrals, one.ID)
	}
}
