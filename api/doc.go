// Package api is the HTTP face of the record: it says who is asking, reads
// what they ask strictly, and turns every fault into a problem document. It
// decides nothing about a case, knows no store, and never sends back a value
// that it refused.
package api
