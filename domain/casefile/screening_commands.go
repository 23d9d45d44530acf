package casefile

var screeningCommands = []Command{}
