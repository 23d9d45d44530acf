package lawfulness

// gates are the policies that judge a disclosure under a rule.
type gates struct{}

func parseGates([]byte, []Rule) (gates, error) { return gates{}, nil }
