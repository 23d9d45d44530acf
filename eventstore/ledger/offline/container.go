package offline

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"
)

// The limits of package casepack.
const (
	maxPackBytes = 1 << 30
	maxMembers   = 65534
	maxName      = 200
)

// members are the files of a pack in the order of their names, with the bytes
// of the pack itself.
type members []member

type member struct {
	name  string
	bytes []byte
}

func (m members) get(name string) ([]byte, bool) {
	i, ok := slices.BinarySearchFunc(m, name, func(m member, name string) int { return strings.Compare(m.name, name) })
	if !ok {
		return nil, false
	}
	return m[i].bytes, true
}

const localMagic, centralMagic, endMagic = "PK\x03\x04", "PK\x01\x02", "PK\x05\x06"

// unpack takes a container apart as package casepack specifies it. The members
// determine every byte of a container; what is written from them is compared with
// what was read.
func unpack(pack []byte) (members, error) {
	if len(pack) > maxPackBytes || !bytes.HasPrefix(pack, []byte(localMagic)) {
		return nil, found(Unreadable, "not-a-pack", "it is not a pack")
	}
	var all members
	rest := pack
	for bytes.HasPrefix(rest, []byte(localMagic)) {
		if len(rest) < 30 {
			return nil, found(Unreadable, "truncated", "the file is cut short")
		}
		size, name := uint64(binary.LittleEndian.Uint32(rest[18:])), uint64(binary.LittleEndian.Uint16(rest[26:]))
		rest = rest[30:]
		if name+size > uint64(len(rest)) {
			return nil, found(Unreadable, "truncated", "the file is cut short, or a length in it was altered")
		}
		all = append(all, member{string(rest[:name]), rest[name : name+size : name+size]})
		if wrong := all.lastName(); wrong != "" {
			return nil, tampered("container", "member %d %s", len(all), wrong)
		}
		rest = rest[name+size:]
	}
	if wrong := all.clash(); wrong != "" {
		return nil, tampered("container", "%s", wrong)
	}
	again := &sameBytes{want: pack}
	all.writeTo(again)
	if again.differs || len(again.want) > 0 {
		return nil, tampered("container", "the file is not what its members make it, from byte %d", len(pack)-len(again.want))
	}
	return all, nil
}

// lastName says what is wrong with the name of the last member.
func (m members) lastName() string {
	last := m[len(m)-1].name
	if len(last) > maxName || len(m) > maxMembers {
		return "is one too many, or has too long a name"
	}
	for part := range strings.SplitSeq(last, "/") {
		for i := range len(part) {
			c := part[i]
			alphanumeric := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
			if !alphanumeric && (i == 0 || c != '.' && c != '-' && c != '_') {
				return "has a name that none can have"
			}
		}
		if part == "" {
			return "has a name that none can have"
		}
	}
	if n := len(m); n > 1 && m[n-2].name >= last {
		return "is not in its place"
	}
	return ""
}

// clash says whether a file system could not hold all members beside each other.
func (m members) clash() string {
	names := make(map[string]bool, len(m))
	for _, x := range m {
		names[strings.ToLower(x.name)] = true
	}
	if len(names) != len(m) {
		return "two members have the same name but for case"
	}
	for _, x := range m {
		for i := strings.IndexByte(x.name, '/'); i >= 0; {
			if names[strings.ToLower(x.name[:i])] {
				return "a member is the folder of another"
			}
			next := strings.IndexByte(x.name[i+1:], '/')
			if next < 0 {
				break
			}
			i += 1 + next
		}
	}
	return ""
}

// writeTo writes the container that the members make.
func (m members) writeTo(w io.Writer) {
	le := binary.LittleEndian
	var directory bytes.Buffer
	offset := uint32(0)
	for _, x := range m {
		var common [26]byte // from "version needed" to the length of the extra field
		le.PutUint16(common[0:], 10)
		le.PutUint16(common[8:], 0x21)
		le.PutUint32(common[10:], crc32.ChecksumIEEE(x.bytes))
		le.PutUint32(common[14:], uint32(len(x.bytes)))
		le.PutUint32(common[18:], uint32(len(x.bytes)))
		le.PutUint16(common[22:], uint16(len(x.name)))
		for _, b := range [][]byte{[]byte(localMagic), common[:], []byte(x.name), x.bytes} {
			_, _ = w.Write(b)
		}
		var tail [14]byte // comment, disk, attributes, offset
		le.PutUint32(tail[10:], offset)
		for _, b := range [][]byte{[]byte(centralMagic), {10, 0}, common[:], tail[:], []byte(x.name)} {
			directory.Write(b)
		}
		offset += uint32(4 + len(common) + len(x.name) + len(x.bytes))
	}
	var end [18]byte
	le.PutUint16(end[4:], uint16(len(m)))
	le.PutUint16(end[6:], uint16(len(m)))
	le.PutUint32(end[8:], uint32(directory.Len()))
	le.PutUint32(end[12:], offset)
	for _, b := range [][]byte{directory.Bytes(), []byte(endMagic), end[:]} {
		_, _ = w.Write(b)
	}
}

// sameBytes compares what is written with what is wanted.
type sameBytes struct {
	want    []byte
	differs bool
}

func (s *sameBytes) Write(b []byte) (int, error) {
	if s.differs = s.differs || !bytes.HasPrefix(s.want, b); !s.differs {
		s.want = s.want[len(b):]
	}
	return len(b), nil
}

const nameSums, nameSignature = "SHA256SUMS", "SHA256SUMS.sig"

// checkSums compares the checksums with the members, and says which differs.
func (m members) checkSums() error {
	sums, ok := m.get(nameSums)
	if !ok {
		return tampered("checksums", "there are no checksums")
	}
	lines := strings.SplitAfter(string(sums), "\n")
	for _, x := range m {
		if x.name == nameSums || x.name == nameSignature {
			continue
		}
		digest := sha256.Sum256(x.bytes)
		if lines[0] != hex.EncodeToString(digest[:])+"  "+x.name+"\n" {
			return tampered("checksums", "%s does not have its checksum, or its line is not in its place", x.name)
		}
		lines = lines[1:]
	}
	if len(lines) != 1 || lines[0] != "" {
		return tampered("checksums", "there are checksums of members that are not there")
	}
	return nil
}

// checkSignature checks the signed note over the checksums, and returns the tree
// that it names.
func (m members) checkSignature(t *Trust, r *Result) (checkpoint, error) {
	signature, ok := m.get(nameSignature)
	if !ok {
		return checkpoint{}, tampered("signature", "the checksums are not signed")
	}
	n, byLedger, err := t.openNote(signature)
	if err != nil {
		return checkpoint{}, signatureError("the checksums", err)
	}
	sums, _ := m.get(nameSums)
	digest := sha256.Sum256(sums)
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 6 || lines[0] != packFormat || lines[2] != encode64(digest[:]) || lines[5] != "" {
		return checkpoint{}, tampered("signature", "what is signed is not of these checksums")
	}
	of, ok := parseCheckpoint(lines[1] + "\n" + lines[3] + "\n" + lines[4] + "\n")
	switch {
	case !ok:
		return of, tampered("signature", "what is signed names no tree")
	case t.origin != "" && of.origin != t.origin:
		return of, tampered("origin", "the pack is of another ledger than %s", t.origin)
	case t.Pinned() && !byLedger:
		return of, tampered("signature", "no key that you gave has signed the pack")
	case t.Pinned():
		r.step("the checksums are signed by %s, at %s entries", of.origin, strconv.FormatUint(of.size, 10))
	}
	return of, nil
}

const packFormat = "caseledger-pack/v1"
