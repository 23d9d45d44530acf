package casefile

var consentCommands = []Command{}
