package main

import "github.com/spf13/cobra"

// commands is every command of the program.
func (p *program) commands() []*cobra.Command {
	return []*cobra.Command{
		p.demoCommand(), p.serveCommand(), p.simulateCommand(), p.importCommand(), p.replayCommand(), p.eventsCommand(),
		p.projectCommand(), p.findingsCommand(), p.policyCommand(), p.verifyCommand(), p.ledgerCommand(), p.packCommand(), p.keysCommand(),
		p.relayCommand(), p.witnessCommand(), p.migrateCommand(), p.doctorCommand(), p.versionCommand(),
	}
}
