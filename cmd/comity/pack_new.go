// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/pack"
)

//go:embed skeleton/*.tmpl
var skeleton embed.FS

type newFlags struct {
	dir, order, zone, weight string
	asJSON                   bool
}

func newPackNew() *cobra.Command {
	var f newFlags
	cmd := &cobra.Command{
		Use:   "new ID",
		Short: "Write the skeleton of a pack",
		Long: `Writes a folder with a commented pack.yaml and its cases: one working requirement
with an exception, to be changed step by step. It lints clean and its cases pass.
The legal order is read off the id (in_rbi is of IN, us_ca_x of US-CA) unless
--order names it. Nothing is ever overwritten.`,
		Example: `  comity pack new in_rbi_psd
  comity pack new acme_policy --order DE --weight company --zone Europe/Berlin --dir mine`,
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.dir, "dir", ".", "folder in which the pack's folder is made")
	fl.StringVar(&f.order, "order", "", "legal order: a region code, or INT for standards")
	fl.StringVar(&f.zone, "zone", "UTC", "IANA time zone in which its days begin")
	fl.StringVar(&f.weight, "weight", "federal", "constitution, treaty, federal, state, local, industry or company")
	fl.BoolVar(&f.asJSON, "json", false, "print one JSON object")
	_ = cmd.MarkFlagDirname("dir")
	return cmd
}

// blank is what the skeleton leaves to be filled in.
type blank struct {
	ID, Dir, Order, Weight, Zone, Act, Req string
	Here, Facts                            string
	Today, Before, Review                  string
}

var packID = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

func (f *newFlags) blank(id string, regions *pack.Regions, today pack.Day) (*blank, error) {
	if !packID.MatchString(id) {
		return nil, usageError("pack new", "write lower-case words with _, such as in_rbi_psd", "%q cannot be the id of a pack", id)
	}
	order := f.order
	if order == "" {
		order = orderOf(id, regions)
	}
	if _, ok := regions.Lookup(order); !ok {
		return nil, usageError("--order", regions.Suggest(order), "unknown legal order %q of %s", order, id)
	}
	if _, err := time.LoadLocation(f.zone); err != nil || f.zone == "Local" {
		return nil, usageError("--zone", "use an IANA name such as Europe/Brussels", "unknown time zone %q", f.zone)
	}
	if !slices.Contains(pack.WeightNames(), f.weight) {
		return nil, usageError("--weight", pack.Suggest(f.weight, pack.WeightNames()), "unknown weight %q", f.weight)
	}
	name := strings.ToUpper(id)
	b := &blank{
		ID: id, Dir: filepath.ToSlash(filepath.Join(f.dir, id)), Order: order, Weight: f.weight, Zone: f.zone,
		Act: strings.ReplaceAll(name, "_", " "), Req: strings.ReplaceAll(name, "_", "-"),
		Here:  fmt.Sprintf("'subject_location in %s or controller_establishment in %[1]s or targets in %[1]s'", order),
		Facts: fmt.Sprintf("subject_location: %q", order),
		Today: today.String(), Before: (today - 1).String(), Review: (today + pack.ReviewDays).String(),
	}
	if order == "INT" { // which is nowhere
		b.Here, b.Facts = "controller_type == company", "controller_type: company"
	}
	return b, nil
}

// orderOf reads the legal order off the first words of an id.
func orderOf(id string, regions *pack.Regions) string {
	words := strings.Split(strings.ToUpper(id), "_")
	for n := min(3, len(words)); n > 0; n-- {
		code := strings.Join(words[:n], "-")
		if code == "UK" {
			code = "GB"
		}
		if _, ok := regions.Lookup(code); ok {
			return code
		}
	}
	return words[0]
}

func (f *newFlags) run(cmd *cobra.Command, id string) error {
	eng, err := app.LoadPacks(nil)
	if err != nil {
		return err
	}
	m := eng.Program().Model()
	b, err := f.blank(id, m.Vocab.Regions(), pack.DayOf(time.Now().UTC()))
	if err != nil {
		return err
	}
	files, err := b.write(filepath.Join(f.dir, id))
	if err != nil {
		return err
	}
	if f.asJSON {
		printJSON(cmd.OutOrStdout(), struct {
			ID    string   `json:"id"`
			Files []string `json:"files"`
		}{id, files})
		return nil
	}
	s := newScreen(cmd.OutOrStdout())
	for _, name := range files {
		s.printf("wrote %s\n", clean(name))
	}
	if knownPack(m, id) == nil {
		s.printf("an embedded pack has this id: with --packs %s yours takes its place\n", clean(filepath.ToSlash(f.dir)))
	}
	s.printf("next: comity pack lint %s && comity pack test %[1]s\n", clean(b.Dir))
	return nil
}

// write makes the folder and its files; a folder that is there is left alone.
func (b *blank) write(dir string) ([]string, error) {
	tmpl, err := template.ParseFS(skeleton, "skeleton/*.tmpl")
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeInternal, Op: "pack new", Err: err}
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // packs are no secret
		return nil, notFound("pack new", err)
	}
	switch err := os.Mkdir(dir, 0o755); { //nolint:gosec // the same
	case errors.Is(err, fs.ErrExist):
		return nil, &comity.Error{Code: comity.CodeConflict, Op: filepath.ToSlash(dir), Err: errors.New("it exists already, and nothing is overwritten"), Remedy: "give another id or --dir"}
	case err != nil:
		return nil, notFound("pack new", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "cases"), 0o755); err != nil { //nolint:gosec // the same
		return nil, notFound("pack new", err)
	}
	var out []string
	for _, x := range []struct{ tmpl, name string }{{"pack.yaml.tmpl", "pack.yaml"}, {"cases.yaml.tmpl", "cases/" + b.ID + ".yaml"}} {
		var text bytes.Buffer
		if err := tmpl.ExecuteTemplate(&text, x.tmpl, b); err != nil {
			return nil, &comity.Error{Code: comity.CodeInternal, Op: "pack new", Err: err}
		}
		name := filepath.Join(dir, filepath.FromSlash(x.name))
		if err := os.WriteFile(name, text.Bytes(), 0o644); err != nil { //nolint:gosec // the same
			return nil, notFound("pack new", err)
		}
		out = append(out, filepath.ToSlash(name))
	}
	return out, nil
}
