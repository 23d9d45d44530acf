package event

import (
	"encoding/hex"
	"errors"
)

// MarshalText writes 64 hexadecimal digits.
func (c Commitment) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(c[:])), nil }

// UnmarshalText reads what [Commitment.MarshalText] writes.
func (c *Commitment) UnmarshalText(text []byte) error {
	if len(text) != 64 {
		return errors.New("event: a commitment is 64 hexadecimal digits")
	}
	_, err := hex.Decode(c[:], text)
	return err
}
