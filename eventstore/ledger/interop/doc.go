// Package interop has only tests: that witnesses and verifiers which are not ours
// accept what this project makes. It is a module of its own, so that what they
// need is not in ours.
package interop
