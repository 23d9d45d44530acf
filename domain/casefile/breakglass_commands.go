package casefile

import "caseledger/domain/breakglass"

var breakGlassCommands = []Command{
	in[breakglass.State, breakglass.InvokeBreakGlass]("invoke-break-glass", "Open the record past the usual rules because it cannot wait.", ofBreakGlass,
		"HUB_CLIN", "HUB_NURSE", "GP", "PRISON_HC"),
	in[breakglass.State, breakglass.EndBreakGlass]("end-break-glass", "End a use of break-glass.", ofBreakGlass,
		"HUB_CLIN", "HUB_NURSE", "GP", "PRISON_HC", "SYSTEM"),
	in[breakglass.State, breakglass.ReviewBreakGlass]("review-break-glass", "Record what somebody else thinks of a use of break-glass.", ofBreakGlass,
		"IG_LEAD", "CALDICOTT", "DPO"),
}

func ofBreakGlass(s State) breakglass.State { return s.BreakGlass }
