package fault

// Under adds the fields found in one part of the body, below the part's
// pointer.
func (f *Fields) Under(pointer string, part []Field) {
	for _, p := range part {
		p.Pointer = pointer + p.Pointer
		*f = append(*f, p)
	}
}
