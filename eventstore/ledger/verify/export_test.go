package verify

// RootOf is the root of hashes of one level, for a test that makes it by other
// means.
var RootOf = rootOf
