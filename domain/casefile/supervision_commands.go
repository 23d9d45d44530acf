package casefile

var supervisionCommands = []Command{}
