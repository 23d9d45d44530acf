package casefile

var recordCommands = []Command{}
