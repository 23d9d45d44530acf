package lawfulness

var _ = check("L29",
	monitorCase{"notes of therapy are reported", func(s *story) {
		s.ordered("MHTR", false).reported("H.ATTENDANCE", "H.NOTE")
	}, []want{both("report", "decision", "requirement")}},
	monitorCase{"attendance alone", func(s *story) { s.ordered("MHTR", false).reported("H.ATTENDANCE") }, nil},
	monitorCase{"notes under a drug rehabilitation requirement are an excess", func(s *story) {
		s.ordered("DRR", true).reported("H.ATTENDANCE", "H.NOTE")
	}, nil},
	monitorCase{"notes to the hub are no report", func(s *story) {
		f := flow(org("TRUST"), org("HUB-CAM"), "DIRECT_CARE", "H.NOTE")
		s.ordered("MHTR", false).by("GP", "TRUST").decides("decision", "R01", f).tells("telling", "decision", f)
	}, nil},
)
