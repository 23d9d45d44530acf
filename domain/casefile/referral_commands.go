package casefile

var referralCommands = []Command{}
