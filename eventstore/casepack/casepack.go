package casepack

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The names of members that are the same in every pack.
const (
	NameSums      = "SHA256SUMS"
	NameSignature = "SHA256SUMS.sig"
)

// Format is the first line of a pack's signed text, and the format in pack.json.
const Format = "caseledger-pack/v1"

// ErrSignature: the pack is not signed by a key that is trusted.
var ErrSignature = errors.New("casepack: not signed by a key of the ledger")

// Statement is where a pack is from: the ledger, and the state of it that the
// pack was made at.
type Statement struct {
	Origin string
	Tree   tlog.Tree
}

func (s Statement) text(sums []byte) string {
	digest := sha256.Sum256(sums)
	return strings.Join([]string{Format, s.Origin, base64.StdEncoding.EncodeToString(digest[:]),
		strconv.FormatInt(s.Tree.N, 10), base64.StdEncoding.EncodeToString(s.Tree.Hash[:]), ""}, "\n")
}

// parseStatement reads what text writes, and nothing else.
func parseStatement(text string, sums []byte) (Statement, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 6 {
		return Statement{}, fmt.Errorf("%w: what is signed has not five lines", ErrAltered)
	}
	s := Statement{Origin: lines[1]}
	var err error
	if s.Tree.N, err = strconv.ParseInt(lines[3], 10, 64); err != nil || s.Tree.N < 0 {
		return Statement{}, fmt.Errorf("%w: the size that is signed is none", ErrAltered)
	}
	root, err := base64.StdEncoding.DecodeString(lines[4])
	if err != nil || len(root) != tlog.HashSize {
		return Statement{}, fmt.Errorf("%w: the root that is signed is none", ErrAltered)
	}
	s.Tree.Hash = tlog.Hash(root)
	if s.text(sums) != text {
		return Statement{}, fmt.Errorf("%w: what is signed is not of these checksums, or not in its one form", ErrAltered)
	}
	return s, nil
}

// Write writes a pack of members, by name, and adds the checksums and their
// signature. Every signer is a key of the ledger, named like its origin; there
// is at least one.
//
// [ErrName] or [ErrTooLarge] for members that no pack can have, before anything
// is written; otherwise the error is the signer's or the writer's.
func Write(to io.Writer, members map[string][]byte, of Statement, signers ...note.Signer) error {
	if of.Origin == Format || len(signers) == 0 ||
		slices.ContainsFunc(signers, func(s note.Signer) bool { return s.Name() != of.Origin }) {
		return fmt.Errorf("%w: %d signers, each must be named like the origin", ErrSignature, len(signers))
	}
	all := make([]Member, 0, len(members)+2)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if name == NameSums || name == NameSignature {
			return fmt.Errorf("%w: %s is made from the others", ErrName, name)
		}
		all = append(all, Member{name, members[name]})
	}
	sums := checksums(all)
	signature, err := note.Sign(&note.Note{Text: of.text(sums)}, signers...)
	if err != nil {
		return fmt.Errorf("casepack: sign: %w", err)
	}
	all = append(all, Member{NameSums, sums}, Member{NameSignature, signature})
	slices.SortFunc(all, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	if err := checkMembers(all); err != nil {
		return err
	}
	if err := writeContainer(to, all); err != nil {
		return fmt.Errorf("casepack: write: %w", err)
	}
	return nil
}

// checksums returns the member SHA256SUMS for members in the order of their
// names.
func checksums(members []Member) (sums []byte) {
	for _, m := range members {
		if m.Name == NameSums || m.Name == NameSignature {
			continue
		}
		digest := sha256.Sum256(m.Bytes)
		sums = hex.AppendEncode(sums, digest[:])
		sums = append(sums, "  "+m.Name+"\n"...)
	}
	return sums
}

// Pack is a pack that was read.
type Pack struct {
	// Members are in the order of their names, checksums and signature among
	// them.
	Members   []Member
	Statement Statement
	signature []byte
}

// Read reads a pack: the container is in its one form, the checksums are those
// of the members, and what is signed is of those checksums. Whether a key that
// is trusted signed it is for [Pack.Signed] to say, and what the members say for
// the offline verifier. The members share the bytes.
//
// Errors: [ErrNotPack], [ErrAltered], [ErrName], [ErrTooLarge].
func Read(pack []byte) (*Pack, error) {
	members, err := readContainer(pack)
	if err != nil {
		return nil, err
	}
	p := &Pack{Members: members}
	sums, ok := p.Member(NameSums)
	signature, signed := p.Member(NameSignature)
	if !ok || !signed {
		return nil, fmt.Errorf("%w: it has no signed checksums", ErrNotPack)
	}
	if string(checksums(members)) != string(sums) {
		return nil, fmt.Errorf("%w: the checksums are not those of the members", ErrAltered)
	}
	p.signature = signature
	var unverified *note.UnverifiedNoteError
	if _, err := note.Open(signature, note.VerifierList()); !errors.As(err, &unverified) {
		return nil, fmt.Errorf("%w: its signature is no signed note", ErrAltered)
	}
	if p.Statement, err = parseStatement(unverified.Note.Text, sums); err != nil {
		return nil, err
	}
	return p, nil
}

// Member returns the bytes of a member; false if there is none of that name.
func (p *Pack) Member(name string) ([]byte, bool) {
	i, found := slices.BinarySearchFunc(p.Members, name, func(m Member, name string) int { return strings.Compare(m.Name, name) })
	if !found {
		return nil, false
	}
	return p.Members[i].Bytes, true
}

// Signed says which of the keys signed the pack: at least one, which is named
// like the origin of its statement; [ErrSignature] otherwise.
func (p *Pack) Signed(keys note.Verifiers) ([]note.Signature, error) {
	n, err := note.Open(p.signature, keys)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if !slices.ContainsFunc(n.Sigs, func(s note.Signature) bool { return s.Name == p.Statement.Origin }) {
		return nil, ErrSignature
	}
	return n.Sigs, nil
}
