package reference

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// DecodeStrict reads a JSON document into a value. Unknown and duplicate
// members, and anything after it, are errors naming the file and the
// line.
func DecodeStrict(file string, raw []byte, into any) error {
	if err := uniqueMembers(raw); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s: line %d: %w", file, LineAt(raw, d.InputOffset()), err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: line %d: text after the list", file, LineAt(raw, d.InputOffset()))
	}
	return nil
}

// uniqueMembers refuses a JSON object that names a member twice, which the
// standard decoder would let pass.
func uniqueMembers(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	var value func() error
	value = func() error {
		t, err := d.Token()
		if err != nil {
			return fmt.Errorf("line %d: %w", LineAt(raw, d.InputOffset()), err)
		}
		open, ok := t.(json.Delim)
		if !ok {
			return nil
		}
		seen := map[string]bool{}
		for d.More() {
			if open == '{' {
				t, err := d.Token()
				if err != nil {
					return fmt.Errorf("line %d: %w", LineAt(raw, d.InputOffset()), err)
				}
				member := t.(string)
				if seen[member] {
					return fmt.Errorf("line %d: member %q twice", LineAt(raw, d.InputOffset()), member)
				}
				seen[member] = true
			}
			if err := value(); err != nil {
				return err
			}
		}
		if _, err := d.Token(); err != nil {
			return fmt.Errorf("line %d: %w", LineAt(raw, d.InputOffset()), err)
		}
		return nil
	}
	return value()
}

// LineAt is the line, from 1, of an offset into a document.
func LineAt(raw []byte, offset int64) int {
	return 1 + bytes.Count(raw[:min(int(offset), len(raw))], []byte{'\n'})
}
