// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/flip"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/internal/scenario"
	"github.com/comity-project/comity/packs"
)

// diffFlags are the flags of pack diff.
type diffFlags struct {
	known    []string
	examples int
	asJSON   bool
}

func newPackDiff() *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff [A] B",
		Short: "Say what changes between two versions of packs, with operations whose answer flips",
		Long: `Compares two versions of a pack: A and B are folders, or the id of an embedded
pack (a folder of that name goes first); with one folder, the embedded packs of
the same ids are A. With --known-at
it compares what the packs knew on two days (with one day, that and all they know
now), of all packs or of the named ones.

It lists what was added, removed or changed: requirements with their dates, scope,
exceptions, conditions, citations and texts, edges between places, terms, the reach
and what is outside. Then it shows operations whose answer flips, decided both
ways: the cases of the packs, as they are and with a fact or two changed, without
the facts that do not matter. No example does not prove that no answer flips.

The exit code is 0, whatever differs.`,
		Example: `  comity pack diff packs/eu_gdpr
  comity pack diff us_il_bipa packs/us_il_bipa --json
  comity pack diff --known-at 2025-01-01 --known-at 2026-06-01 us_co_ai_act`,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
		ValidArgsFunction: completeDirs,
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&f.known, "known-at", nil, "compare what was known on this day with what was known on another (given twice) or is known now")
	fl.IntVar(&f.examples, "examples", 8, "how many operations whose answer flips to show at most; 0 looks for none")
	fl.BoolVar(&f.asJSON, "json", false, "print one JSON object")
	return cmd
}

func (f *diffFlags) run(cmd *cobra.Command, args []string) error {
	if f.examples < 0 {
		return usageError("--examples", "give 0 for none", "%d is less than none", f.examples)
	}
	c, err := f.compare(args)
	if err != nil {
		return err
	}
	rep := c.report()
	if f.examples > 0 {
		if err := c.examples(rep, f.examples, newProgress(cmd.ErrOrStderr(), "operations", 0)); err != nil {
			return err
		}
	}
	if f.asJSON {
		printJSON(cmd.OutOrStdout(), rep)
		return nil
	}
	rep.print(newScreen(cmd.OutOrStdout()))
	return nil
}

// packSide is one side of a comparison.
type packSide struct {
	name  string
	eng   *engine.Engine
	ids   []string // packs that it names; nil is all
	dir   string   // the folder that holds them, empty for the embedded
	known time.Time
}

func (v *packSide) side(id string) pack.Side {
	m := v.eng.Program().Model()
	s := pack.Side{Vocab: m.Vocab, Known: pack.DayMax}
	if !v.known.IsZero() {
		s.Known = pack.DayOf(v.known.UTC())
	}
	for _, p := range m.Packs {
		if p.ID == id && (v.ids == nil || slices.Contains(v.ids, id)) {
			s.Pack = p
		}
	}
	return s
}

// comparison is two versions of some packs.
type comparison struct {
	a, b   packSide
	ids    []string
	search flip.Search
}

// compare reads the two sides from the command line.
func (f *diffFlags) compare(args []string) (*comparison, error) {
	c := &comparison{}
	var err error
	switch {
	case len(f.known) > 0:
		return f.compareDays(args)
	case len(args) == 1:
		err = c.b.open(args[0])
		if err == nil && c.b.dir == "" {
			err = usageError("pack diff", "give two versions, a folder, or days with --known-at", "%s is one version only", args[0])
		}
		if err == nil {
			c.a.name = "embedded"
			c.a.eng, err = app.LoadPacks(nil)
		}
	case len(args) == 2:
		if err = c.a.open(args[0]); err == nil {
			err = c.b.open(args[1])
		}
	default:
		err = usageError("pack diff", "give two folders or ids of embedded packs, one folder, or --known-at DAY twice", "%s given", count(len(args), "version"))
	}
	if err != nil {
		return nil, err
	}
	if err := c.pair(); err != nil {
		return nil, err
	}
	c.search = flip.Search{A: flip.Way{Engine: c.a.eng}, B: flip.Way{Engine: c.b.eng}}
	return c, nil
}

// open loads a folder of packs, or the embedded pack of an id.
func (v *packSide) open(name string) error {
	v.name = name
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		if err := mustHold(name); err != nil {
			return err
		}
		found, err := app.PacksIn(name)
		if err != nil {
			return err
		}
		for _, p := range found {
			v.ids = append(v.ids, p.ID)
		}
		v.dir = name
		v.eng, err = app.LoadPacks([]string{name})
		return err
	}
	eng, err := app.LoadPacks(nil)
	if err != nil {
		return err
	}
	v.eng, v.ids = eng, []string{name}
	return embeddedID("pack diff", name)
}

// embeddedID refuses what is no id of an embedded pack.
func embeddedID(op, name string) error {
	ids := pack.PackDirs(packs.FS)
	if slices.Contains(ids, name) {
		return nil
	}
	e := &comity.Error{Code: comity.CodeNotFound, Op: op, Err: fmt.Errorf("%q is neither a folder nor the id of an embedded pack", name), Remedy: pack.Suggest(name, ids)}
	if e.Remedy == "" {
		e.Remedy = "comity version --json lists the packs"
	}
	return e
}

// pair finds the packs to compare: those that either side names.
func (c *comparison) pair() error {
	a, b := &c.a, &c.b
	switch {
	case a.ids == nil:
		c.ids = b.ids
		return nil
	case a.dir == "" && b.dir == "" && a.ids[0] == b.ids[0]:
		return usageError("pack diff", "compare it with a folder, or two days with --known-at", "%s and %s are the same version", a.name, b.name)
	}
	for _, id := range append(slices.Clone(a.ids), b.ids...) {
		if !slices.Contains(c.ids, id) && (len(a.ids) > 1 || len(b.ids) > 1 || slices.Contains(a.ids, id) && slices.Contains(b.ids, id)) {
			c.ids = append(c.ids, id)
		}
	}
	// Beside a single pack only its other version is of interest.
	for _, v := range []*packSide{a, b} {
		if len(v.ids) == 1 {
			c.ids = slices.DeleteFunc(c.ids, func(id string) bool { return !slices.Contains(v.ids, id) })
			other := a
			if v == a {
				other = b
			}
			if !slices.Contains(other.ids, v.ids[0]) {
				return usageError("pack diff", "compare two versions of one pack", "%s holds %s, and %s does not", v.name, v.ids[0], other.name)
			}
		}
	}
	return nil
}

// compareDays compares what the packs knew on two days.
func (f *diffFlags) compareDays(args []string) (*comparison, error) {
	if len(f.known) > 2 {
		return nil, usageError("--known-at", "give it once or twice", "%d days", len(f.known))
	}
	var days [2]time.Time
	for i, text := range f.known {
		var err error
		if days[i], err = engine.ParseTime(text); err != nil {
			return nil, usageError("--known-at", "", "%w", cause(err))
		}
	}
	if len(f.known) == 2 && days[1].Before(days[0]) {
		return nil, usageError("--known-at", "give the earlier day first", "%s is after %s", f.known[0], f.known[1])
	}
	c := &comparison{}
	var dirs []string
	for _, arg := range args {
		if info, err := os.Stat(arg); err == nil && info.IsDir() {
			dirs = append(dirs, arg)
		}
	}
	eng, err := app.LoadPacks(dirs)
	if err != nil {
		return nil, err
	}
	for _, arg := range args {
		if !slices.Contains(dirs, arg) {
			if err := embeddedID("pack diff", arg); err != nil {
				return nil, err
			}
			c.ids = append(c.ids, arg)
			continue
		}
		found, err := app.PacksIn(arg)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			c.ids = append(c.ids, p.ID)
		}
		c.b.dir = arg
	}
	c.a.eng, c.b.eng, c.a.known, c.b.known = eng, eng, days[0], days[1]
	c.a.name, c.b.name = "known at "+f.known[0], "known now"
	if len(f.known) == 2 {
		c.b.name = "known at " + f.known[1]
	}
	if len(args) == 0 {
		for _, p := range eng.Program().Model().Packs {
			c.ids = append(c.ids, p.ID)
		}
	}
	c.search = flip.Search{A: flip.Way{Engine: eng, KnownAt: days[0]}, B: flip.Way{Engine: eng, KnownAt: days[1]}}
	return c, nil
}

// seeds are the cases of the compared packs, embedded and in folders.
func (c *comparison) seeds() error {
	cases, err := scenario.Embedded(c.ids)
	if err != nil {
		return err
	}
	for _, v := range []*packSide{&c.a, &c.b} {
		if v.dir == "" {
			continue
		}
		found, err := app.PacksIn(v.dir)
		if err != nil {
			return err
		}
		for _, p := range found {
			files, err := yamlFiles(filepath.Join(p.Dir, "cases"))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return notFound("pack diff", err)
			}
			own, err := readCases(files)
			if err != nil {
				return err
			}
			cases = append(cases, own...)
		}
	}
	for i := range cases {
		x := &cases[i]
		req := comity.Request{Facts: x.Facts, Parts: x.Parts, Missing: x.Missing}
		c.search.Seeds = append(c.search.Seeds, flip.Seed{Name: strings.TrimSpace(x.Name), Request: req})
	}
	return nil
}
