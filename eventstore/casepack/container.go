package casepack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
)

// The limits of a pack. It is made and checked in memory.
const (
	// MaxMembers is the largest number of members: one more would be ZIP64's mark.
	MaxMembers = 65534
	// MaxBytes is the largest size of the file.
	MaxBytes = 1 << 30
	// MaxName is the largest length of a member's name.
	MaxName = 200
)

var (
	// ErrNotPack: the bytes are no pack, or not all of one.
	ErrNotPack = errors.New("casepack: not a pack")
	// ErrAltered: it is not as it was written: the container is not in its one
	// form, or a member has not its checksum.
	ErrAltered = errors.New("casepack: the pack was altered")
	// ErrName: a member cannot have that name, beside the others.
	ErrName = errors.New("casepack: not the name of a member")
	// ErrTooLarge: more or larger members than a pack may have.
	ErrTooLarge = errors.New("casepack: too large")
)

// Member is one file in a pack.
type Member struct {
	Name  string
	Bytes []byte
}

const (
	localBytes   = 30
	centralBytes = 46
	endBytes     = 22
)

// writeContainer writes members, which are in the order of their names and pass
// checkMembers.
func writeContainer(to io.Writer, members []Member) error {
	var central []byte
	offset := 0
	for _, m := range members {
		shared := binary.LittleEndian.AppendUint16(nil, 10) // version needed to extract: 1.0
		shared = append(shared, 0, 0, 0, 0, 0, 0, 0x21, 0)  // flags, method, time, date
		shared = binary.LittleEndian.AppendUint32(shared, crc32.ChecksumIEEE(m.Bytes))
		shared = binary.LittleEndian.AppendUint32(shared, uint32(len(m.Bytes)))
		shared = binary.LittleEndian.AppendUint32(shared, uint32(len(m.Bytes)))
		shared = binary.LittleEndian.AppendUint16(shared, uint16(len(m.Name)))
		shared = append(shared, 0, 0) // extra field

		local := append([]byte("PK\x03\x04"), shared...)
		local = append(local, m.Name...)
		for _, b := range [][]byte{local, m.Bytes} {
			if _, err := to.Write(b); err != nil {
				return err
			}
		}
		central = append(central, "PK\x01\x02\x0a\x00"...) // version made by: 1.0
		central = append(central, shared...)
		central = append(central, make([]byte, 10)...) // comment, disk, attributes
		central = binary.LittleEndian.AppendUint32(central, uint32(offset))
		central = append(central, m.Name...)
		offset += len(local) + len(m.Bytes)
	}
	end := append([]byte("PK\x05\x06"), 0, 0, 0, 0)
	end = binary.LittleEndian.AppendUint16(end, uint16(len(members)))
	end = binary.LittleEndian.AppendUint16(end, uint16(len(members)))
	end = binary.LittleEndian.AppendUint32(end, uint32(len(central)))
	end = binary.LittleEndian.AppendUint32(end, uint32(offset))
	end = append(end, 0, 0) // comment
	_, err := to.Write(append(central, end...))
	return err
}

// readContainer gives the members of a pack, which share its bytes.
func readContainer(pack []byte) ([]Member, error) {
	if len(pack) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(pack))
	}
	var members []Member
	rest := pack
	for len(rest) >= localBytes && string(rest[:4]) == "PK\x03\x04" {
		size, name := int(binary.LittleEndian.Uint32(rest[18:])), int(binary.LittleEndian.Uint16(rest[26:]))
		rest = rest[localBytes:]
		if size > len(rest) || name > len(rest)-size {
			return nil, fmt.Errorf("%w: it ends within member %d", ErrNotPack, len(members)+1)
		}
		members = append(members, Member{string(rest[:name]), rest[name : name+size : name+size]})
		rest = rest[name+size:]
	}
	if len(members) == 0 {
		return nil, ErrNotPack
	}
	if err := checkMembers(members); err != nil {
		return nil, err
	}
	same := comparer{rest: pack}
	if err := writeContainer(&same, members); err != nil || len(same.rest) > 0 {
		return nil, fmt.Errorf("%w: the container is not as it is written", ErrAltered)
	}
	return members, nil
}

// comparer fails the write of what does not come next.
type comparer struct{ rest []byte }

func (c *comparer) Write(b []byte) (int, error) {
	if len(b) > len(c.rest) || string(c.rest[:len(b)]) != string(b) {
		return 0, ErrAltered
	}
	c.rest = c.rest[len(b):]
	return len(b), nil
}

// checkMembers says what is wrong with members as those of one pack: their
// order, their names, their number and size.
func checkMembers(members []Member) error {
	size := endBytes
	taken := make(map[string]bool, len(members))
	for i, m := range members {
		if !validName(m.Name) {
			return fmt.Errorf("%w: member %d", ErrName, i+1)
		}
		if i > 0 && members[i-1].Name >= m.Name {
			return fmt.Errorf("%w: %s is not in its place", ErrAltered, m.Name)
		}
		folded := strings.ToLower(m.Name)
		if taken[folded] {
			return fmt.Errorf("%w: %s is there in other letters", ErrName, m.Name)
		}
		taken[folded] = true
		size += localBytes + centralBytes + 2*len(m.Name) + len(m.Bytes)
		if i >= MaxMembers || size > MaxBytes {
			return fmt.Errorf("%w: at most %d members, and %d bytes", ErrTooLarge, MaxMembers, MaxBytes)
		}
	}
	for _, m := range members {
		for i, c := range m.Name {
			if c == '/' && taken[strings.ToLower(m.Name[:i])] {
				return fmt.Errorf("%w: a folder of %s is a member", ErrName, m.Name)
			}
		}
	}
	return nil
}

// validName says whether a name is one by itself.
func validName(name string) bool {
	if len(name) > MaxName {
		return false
	}
	return !slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool {
		return part == "" || strings.Contains(".-_", part[:1]) || strings.Trim(part, partCharacters) != ""
	})
}

const partCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"
