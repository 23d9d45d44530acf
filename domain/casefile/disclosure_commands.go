package casefile

var disclosureCommands = []Command{}
