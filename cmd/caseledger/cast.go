package main

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// member is one of the invented staff that journals speak of and that the
// demo gives tokens to.
type member struct {
	label string
	role  event.Role
	org   reference.OrganisationCode
	does  string // one line for whoever picks a persona
}

// cast is every invented member of staff: those of the three journeys (domain
// reference section 12) first, then one more for each role that has none.
var cast = []member{
	{"NUR1", "HUB_NURSE", "HUB-CAM", "hub nurse, Cambridge"},
	{"NUR2", "HUB_NURSE", "HUB-MID", "hub nurse, Middlesbrough"},
	{"NUR3", "HUB_NURSE", "HUB-ILF", "hub nurse, Ilfracombe"},
	{"NUR4", "HUB_NURSE", "HUB-HAM", "hub nurse, Hammersmith"},
	{"CLI1", "HUB_CLIN", "HUB-MID", "hub clinician on call, Middlesbrough"},
	{"CLI2", "HUB_CLIN", "HUB-CAM", "hub clinician, Cambridge"},
	{"CLI3", "HUB_CLIN", "HUB-ILF", "hub clinician, Ilfracombe"},
	{"CLI4", "HUB_CLIN", "HUB-HAM", "hub clinician, Hammersmith"},
	{"NAV1", "NAVIGATOR", "HUB-CAM", "NHS health navigator, undertaking signed"},
	{"NAV2", "NAVIGATOR", "VOL1", "volunteer navigator, no undertaking"},
	{"PP1", "PP", "PROB-N56", "probation practitioner, Cambridge"},
	{"PP2", "PP", "PROB-N54", "probation practitioner, Middlesbrough"},
	{"PP4", "PP", "PROB-N58", "probation practitioner, Ilfracombe"},
	{"PP7", "PP", "PROB-N07", "probation practitioner, Hammersmith"},
	{"SPO1", "SPO", "PROB-N54", "senior probation officer, Middlesbrough"},
	{"SPO2", "SPO", "PROB-N56", "senior probation officer, Cambridge"},
	{"GPR1", "GP", "GP1", "general practice one"},
	{"GPR2", "GP", "GP2", "general practice two"},
	{"TX1", "TX_PROV", "DRUG1", "treatment provider, drug and alcohol service"},
	{"TX2", "TX_PROV", "TRUST", "treatment provider, mental health trust"},
	{"PHC1", "PRISON_HC", "PRISON-HC", "prison healthcare"},
	{"HOU1", "HOUSING", "HOUSE-MID", "housing officer, Middlesbrough"},
	{"HOU2", "HOUSING", "HOUSE-HAM", "housing officer, Hammersmith"},
	{"LD1", "LD", "HUB-MID", "liaison and diversion"},
	{"CRT1", "COURT", "COURT1", "court"},
	{"CG1", "CALDICOTT", "HUB-MID", "Caldicott Guardian"},
	{"IGL1", "IG_LEAD", "HUB-MID", "information governance lead, NHS"},
	{"IGL2", "IG_LEAD", "PROB-N56", "information governance lead, probation"},
	{"DPO1", "DPO", "HUB-CAM", "data protection officer"},
	{"SIR1", "SIRO", "HUB-CAM", "senior information risk owner"},
	{"AUD1", "AUDITOR", "REGULATOR1", "auditor"},
}

// memberNamed finds one of the cast.
func memberNamed(label string) (member, bool) {
	i := slices.IndexFunc(cast, func(m member) bool { return m.label == label })
	if i < 0 {
		return member{}, false
	}
	return cast[i], true
}

// actorID is the identifier that a label stands for: that of whoever brings a
// token of the demo's issuer with the label as its subject, so that what a
// journal did and what the persona does is done by the same somebody.
func actorID(label string) event.UUID {
	return event.DeriveUUID("principal", []byte(demoIssuer), []byte(label))
}

// personID is the person that a label stands for, in every journal.
func personID(label string) event.UUID { return event.DeriveUUID("journal-person", []byte(label)) }

// agreementID is the agreement that a label stands for, in every journal.
func agreementID(label string) event.UUID {
	return event.DeriveUUID("journal-agreement", []byte(label))
}

// theRegister is the organisations that every installation knows.
var theRegister = reference.NewRegister()

// actor is the member as events name them.
func (m member) actor() event.Actor {
	org, ok := theRegister.ByCode(m.org)
	if !ok {
		panic("cast: no organisation " + string(m.org))
	}
	return event.Actor{ID: actorID(m.label), Role: m.role, Side: org.Side, Org: org.ID}
}

// personas is the first of the cast for each role: whom the demo gives a
// token.
func personas() []member {
	var first []member
	for _, m := range cast {
		if !slices.ContainsFunc(first, func(p member) bool { return p.role == m.role }) {
			first = append(first, m)
		}
	}
	return first
}
