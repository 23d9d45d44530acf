package verify

// TileName is the name of a tile's object, and RootOf the root of hashes of one
// level, for tests that make them by other means.
var (
	TileName = tileName
	RootOf   = rootOf
)
