package casefile

var personCommands = []Command{}
