package lawfulness

import (
	"caseledger/domain/access"
	"caseledger/domain/event"
)

var _ = check("L47",
	monitorCase{"to manage the person", func(s *story) {
		s.by("PP", "PROB-N56").reads("read", "REQ_MGMT")
	}, []want{both("read")}},
	monitorCase{"for nothing in particular", func(s *story) { s.reads("read", "") }, []want{both("read")}},
	monitorCase{"a replay is exported for research", func(s *story) {
		s.on(event.Access(s.actor.ID), "export", access.ReplayExported{Purpose: "RESEARCH", Subjects: []event.UUID{s.person}}, event.ID{})
	}, []want{both("export")}},
	monitorCase{"to see whether it was lawful", func(s *story) { s.by("AUDITOR", "REGULATOR1").reads("read", "AUDIT") }, nil},
	monitorCase{"for criminal proceedings", func(s *story) { s.reads("read", "CRIMINAL_PROCEEDINGS") }, nil},
	monitorCase{"the record, not its log", func(s *story) { s.look("look", "person.timeline") }, nil},
	monitorCase{"cannot be opened any more", func(s *story) {
		s.reads("read", "")
		s.looks[0].Operational = event.Erased
	}, nil},
)
