package lawfulness

import (
	"slices"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/reference"
)

// l12: the gateway that the decision names does not lead between these sides,
// excludes what was told, or is not one of its rule; or section 251 approval was
// used for supervision (domain reference section 8.2).
var l12 = Monitor{ID: "L12", Version: 1, Severity: finding.High,
	Title:  "Wrong gateway",
	Source: "statute",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		b, decided := basisOf(d)
		if !decided {
			return nil
		}
		hit := Hit{Evidence: []event.ID{decidedBy(d)}}
		rule, ruled := ruleOf(v, d)
		switch {
		case wrongGateway(v, b.Gateway, d.Flow), b.Confidence == disclosure.Section251 && supervises(d.Flow):
		case ruled && len(rule.Gateways) > 0 && b.Gateway == "":
			hit.Notes = []finding.Note{"no-gateway"}
		case ruled && len(rule.Gateways) > 0 && !slices.Contains(rule.Gateways, b.Gateway):
			hit.Notes = []finding.Note{"not-of-the-rule"}
		default:
			return nil
		}
		return []Hit{hit}
	},
}

// wrongGateway reports whether a gateway does not lead between the sides of a
// flow, or not for what is told.
func wrongGateway(v View, g disclosure.Gateway, f disclosure.Flow) bool {
	switch g {
	case "G-251B": // between English health and adult social care alone
		return !inEnglishCare(v, f.FromOrg, f.Direction.From) || !inEnglishCare(v, f.ToOrg, f.Direction.To) || v.inWales()
	case "G-OMA14": // NHS bodies are not named in it
		return f.Direction.From == event.NHS || f.Direction.To == event.NHS
	case "G-SVD": // excludes patient information
		return slices.ContainsFunc(f.Categories, func(c event.Category) bool { return reference.Covers("H.*", c) }) ||
			f.Direction.From == event.NHS && len(ofKind(f.Categories, confidential)) > 0
	case "G-CDA17A": // depersonalised sets alone
		return true
	case "G-251":
		return supervises(f)
	}
	return false
}

func inEnglishCare(v View, org event.UUID, side event.Side) bool {
	o, known := v.Shared.Organisation(org)
	if !known {
		return side == event.NHS
	}
	return o.Care && o.Nation != reference.Wales
}

// supervises reports whether a flow serves supervision, not a medical purpose.
func supervises(f disclosure.Flow) bool {
	justice := []event.Side{event.Probation, event.Prison, event.Police, event.Court}
	return slices.Contains(justice, f.Direction.From) || slices.Contains(justice, f.Direction.To) ||
		slices.Contains([]event.Purpose{"REHAB_SUPPORT", "REQ_MGMT", "PUBLIC_PROTECTION"}, f.Purpose)
}
