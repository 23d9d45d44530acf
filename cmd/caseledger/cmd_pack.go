package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/eventstore/casepack"
	"caseledger/eventstore/casepack/assemble"
)

func (p *program) packCommand() *cobra.Command {
	var w wantedPack
	var kind string
	create := &cobra.Command{
		Use: "create PERSON", Short: "Make a case proof pack about one person", Args: cobra.ExactArgs(1),
		Long: "Makes one ZIP file about one person: what was recorded, as far as whoever asks may read it, what proves to a stranger that it stood in the " +
			"ledger and that nothing was left out, who looked, what was told to whom, and the rules that decisions were taken by. Of a person who is not on " +
			"record it proves that. PERSON is an identifier, or a label of a journal. Check a pack with `caseledger-verify`.\n\n" +
			"An evidence pack is for an auditor or an information governance lead, and opens what their role may read; an auditor of the regulator sees every " +
			"organisation's entries. A subject access pack is for the person, asked for by an information governance lead or a data protection officer, and " +
			"opens what their organisation holds. Entries of others, and those named with --withhold, are in it as hashes alone: somebody must decide which " +
			"they are, of third parties for instance, before it is given away.\n\n" +
			"That it was made is on the record before the file is there. The record must not be open elsewhere.",
		Example: "  caseledger pack create A --out A.zip --as AUD1/AUDITOR/REGULATOR1 --reason \"complaint 17\"\n" +
			"  caseledger pack create A --out A.zip --kind subject-access --as DPO1/DPO/HUB-CAM --reason \"request 4\" --withhold 31,40",
		RunE: func(cmd *cobra.Command, args []string) error {
			w.kind = assemble.Kind(kind)
			return p.packCreate(cmd.Context(), args[0], w)
		},
	}
	f := create.Flags()
	f.StringVar(&w.out, "out", "", "the file to write; it must not be there yet")
	f.StringVar(&kind, "kind", string(assemble.Evidence), "evidence or subject-access")
	f.StringVar(&w.as, "as", "", "who asks: a label or an identifier, a stroke, their role, a stroke, and their organisation")
	f.StringVar(&w.reason, "reason", "", "why, in your own words")
	f.StringVar(&w.use, "purpose", string(access.Purposes[0]), "of an evidence pack: "+purposesText())
	f.StringVar(&w.from, "from", "", "open only what was recorded at this time or later: an RFC 3339 time, or a day")
	f.StringVar(&w.to, "to", "", "open only what was recorded by this time: an RFC 3339 time, or a day, which counts to its end")
	f.StringSliceVar(&w.withhold, "withhold", nil, "entries that may not be given, by their positions")
	inspect := &cobra.Command{
		Use: "inspect FILE", Short: "Say what a case proof pack is, without the ledger", Args: cobra.ExactArgs(1),
		Long: "Reads a pack and says what it says of itself: that it is undamaged, and what is in it. Whether the ledger's key signed it, and whether its " +
			"proofs hold, is for `caseledger-verify`, which needs neither this program nor the ledger.",
		Example: "  caseledger pack inspect A.zip\n  caseledger pack inspect A.zip --json",
		RunE:    func(_ *cobra.Command, args []string) error { return p.packInspect(args[0]) },
	}
	return group("pack", "Make case proof packs, and look into them", "  caseledger pack create A --out A.zip --as AUD1/AUDITOR/REGULATOR1 --reason \"complaint 17\"\n  caseledger pack inspect A.zip",
		create, inspect)
}

func purposesText() string {
	var all []string
	for _, p := range access.Purposes {
		all = append(all, string(p))
	}
	return strings.Join(all, ", ")
}

// wantedPack is what somebody asks for on the command line.
type wantedPack struct {
	kind                           assemble.Kind
	out, as, reason, use, from, to string
	withhold                       []string
}

// packRoles may ask for a pack of each kind.
var packRoles = map[assemble.Kind][]event.Role{
	assemble.Evidence:      overseers,
	assemble.SubjectAccess: {"IG_LEAD", "DPO"},
}

// request is what is asked for, but for what the record decides.
func (p *program) request(who string, w wantedPack, t trusted) (assemble.Request, error) {
	r := assemble.Request{Kind: w.kind, Person: personOf(who), MadeAt: p.now().UTC().Truncate(time.Microsecond), Purpose: "AUDIT"}
	roles, ok := packRoles[w.kind]
	if !ok {
		return r, usage("--kind is evidence or subject-access")
	}
	if w.out == "" || strings.TrimSpace(w.reason) == "" {
		return r, usage("--out and --reason are needed")
	}
	if w.kind == assemble.SubjectAccess {
		r.Purpose = "SUBJECT_RIGHTS"
	} else if err := access.Ask(access.Purpose(w.use)); err != nil {
		return r, usage("--purpose is one of %s", purposesText())
	}
	var err error
	if r.Maker, err = publisherNamed(w.as, t); err != nil {
		return r, err
	}
	if !slices.Contains(roles, r.Maker.Role) {
		return r, usage("--as: of such a pack, the role is one of %v", roles)
	}
	if w.from != "" {
		from, err := event.ParseWhen(w.from)
		if err != nil {
			return r, usage("--from wants an RFC 3339 time with its offset, or a day")
		}
		r.From = from.Earliest()
	}
	if w.to != "" {
		if r.To, err = p.moment("to", w.to); err != nil {
			return r, err
		}
	}
	for _, text := range w.withhold {
		position, err := strconv.ParseUint(text, 10, 63)
		if err != nil || position == 0 {
			return r, usage("--withhold wants positions of entries")
		}
		r.Withhold = append(r.Withhold, event.Position(position))
	}
	return r, nil
}

// packed is what came of making a pack.
type packed struct {
	File     string     `json:"file"`
	Bytes    int        `json:"bytes"`
	Person   event.UUID `json:"person"`
	Entries  int        `json:"entries"`
	Opened   int        `json:"opened"`
	Withheld int        `json:"withheld"`
	Streams  int        `json:"streams"`
	Covered  uint64     `json:"completeUpTo"`
	Size     int64      `json:"ledgerSize"`
}

func (p *program) packCreate(ctx context.Context, who string, w wantedPack) (err error) {
	o, err := p.opening(writing)
	if err == nil {
		err = o.there()
	}
	if err != nil {
		return err
	}
	t, err := known(o.dir)
	if err != nil {
		return err
	}
	asked, err := p.request(who, w, t)
	if err != nil {
		return err
	}
	policy, err := p.config.witnessPolicy()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(w.out); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already, or cannot be looked at: %w", w.out, cmp.Or(err, fs.ErrExist))
	}
	p.announce()
	r, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	var pack bytes.Buffer
	made, err := o.makePack(ctx, r, t, policy, asked, why{use: access.Purpose(w.use), reason: w.reason}, &pack)
	if errors.Is(err, assemble.ErrNoSuchPerson) {
		return fmt.Errorf("nothing is held about such a person that is for the asker to know of: %w", errNotFound)
	}
	if errors.Is(err, assemble.ErrNotListed) {
		return usage("--withhold: %v", err)
	}
	if err != nil {
		return err
	}
	if err := writeNew(w.out, pack.Bytes()); err != nil {
		return err
	}
	out := packed{w.out, pack.Len(), asked.Person, made.Entries, made.Opened, made.Withheld, made.Streams, made.Covered, made.Size}
	if p.json() {
		return p.object(p.out, out)
	}
	return p.printf("%s: %d bytes, %d entries of %d streams, of which %d were opened; %d are in it as hashes alone\nIt is complete up to entry %d of the ledger.\n",
		out.File, out.Bytes, out.Entries, out.Streams, out.Opened, out.Withheld, out.Covered)
}

// inspected is what a pack says of itself.
type inspected struct {
	File    string   `json:"file"`
	Origin  string   `json:"origin"`
	Size    int64    `json:"ledgerSize"`
	Members []string `json:"members"`
	Bytes   int      `json:"bytes"`
}

func (p *program) packInspect(file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	pack, err := casepack.Read(b)
	if err != nil {
		return fmt.Errorf("%w: %w", errIntegrity, err)
	}
	out := inspected{File: file, Origin: pack.Statement.Origin, Size: pack.Statement.Tree.N, Bytes: len(b)}
	for _, m := range pack.Members {
		out.Members = append(out.Members, m.Name)
	}
	if p.json() {
		return p.object(p.out, out)
	}
	readme, ok := pack.Member("README.txt")
	if !ok {
		return fmt.Errorf("%w: the pack has no README.txt", errIntegrity)
	}
	return p.printf("%s: undamaged, %d bytes, %d members, signed as of %d entries of the ledger %s\nIt says of itself:\n\n%s",
		file, len(b), len(out.Members), out.Size, out.Origin, readme)
}
