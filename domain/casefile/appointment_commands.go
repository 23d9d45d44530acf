package casefile

var appointmentCommands = []Command{}
