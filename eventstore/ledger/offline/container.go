package offline

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"caseledger/eventstore/ledger/verdict"
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
		return nil, unreadable("it is not a pack")
	}
	var all members
	rest := pack
	for bytes.HasPrefix(rest, []byte(localMagic)) {
		if len(rest) < 30 {
			return nil, unreadable("the file is cut short")
		}
		size, name := uint64(binary.LittleEndian.Uint32(rest[18:])), uint64(binary.LittleEndian.Uint16(rest[26:]))
		rest = rest[30:]
		if name+size > uint64(len(rest)) {
			return nil, unreadable("the file is cut short, or a length in it was altered")
		}
		all = append(all, member{string(rest[:name]), rest[name : name+size : name+size]})
		if bad := all.lastName(); bad != "" {
			return nil, wrong(verdict.Proof, "the file", "member %d %s", len(all), bad)
		}
		rest = rest[name+size:]
	}
	if bad := all.clash(); bad != "" {
		return nil, wrong(verdict.Proof, "the file", "%s", bad)
	}
	again := &sameBytes{want: pack}
	all.writeTo(again)
	if again.differs || len(again.want) > 0 {
		return nil, wrong(verdict.Proof, "the file", "it is not what its members make it, from byte %d or shortly after", len(pack)-len(again.want))
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
		return wrong(verdict.Proof, nameSums, "there are no checksums")
	}
	for _, x := range m {
		if x.name == nameSums || x.name == nameSignature {
			continue
		}
		digest := sha256.Sum256(x.bytes)
		rest, is := bytes.CutPrefix(sums, []byte(hex.EncodeToString(digest[:])+"  "+x.name+"\n"))
		if !is {
			return wrong(verdict.Proof, x.name, "it does not have its checksum, or that is not in its place")
		}
		sums = rest
	}
	if len(sums) > 0 {
		return wrong(verdict.Proof, nameSums, "it has checksums of members that are not there")
	}
	return nil
}

// checkSignature checks the signed note over the checksums, and returns the tree
// that it names.
func (m members) checkSignature(t *Trust, r *verdict.Report) (checkpoint, error) {
	signature, ok := m.get(nameSignature)
	if !ok {
		return checkpoint{}, wrong(verdict.Proof, nameSignature, "the checksums are not signed")
	}
	n, byLedger, err := t.openNote(signature)
	if err != nil {
		return checkpoint{}, signatureError(verdict.Proof, nameSignature, err)
	}
	sums, _ := m.get(nameSums)
	digest := sha256.Sum256(sums)
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 6 || lines[0] != packFormat || lines[2] != encode64(digest[:]) || lines[5] != "" {
		return checkpoint{}, wrong(verdict.Proof, nameSignature, "what is signed is not of these checksums")
	}
	of, ok := parseCheckpoint(lines[1] + "\n" + lines[3] + "\n" + lines[4] + "\n")
	switch {
	case !ok:
		return of, wrong(verdict.Proof, nameSignature, "what is signed names no tree")
	case t.origin != "" && of.origin != t.origin:
		return of, wrong(verdict.Proof, nameSignature, "the pack is of another ledger than %s", t.origin)
	case t.Pinned() && !byLedger:
		return of, wrong(verdict.Proof, nameSignature, "no key that was given has signed the pack")
	case t.Pinned():
		r.Step("signature", "the checksums are signed by %s, at %d entries", of.origin, of.size)
	}
	return of, nil
}

const packFormat = "caseledger-pack/v1"
