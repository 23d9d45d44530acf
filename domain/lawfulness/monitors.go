package lawfulness

import "slices"

// monitors is every monitor, in order of id.
var monitors = []Monitor{
	l01, l02, l03, l04, l05, l06, l07, l08, l09, l10,
	l11, l12, l13, l14, l15, l16, l17, l18, l19, l20,
	l21, l22, l23, l24, l25, l26, l27, l28, l29, l30,
	l31, l32, l33, l34, l35, l36, l37, l38, l39, l40,
	l41, l42, l43, l44, l45, l46, l47, l48, l49,
}

// Monitors returns every monitor, in order of id.
func Monitors() []Monitor { return slices.Clone(monitors) }
