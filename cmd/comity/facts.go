// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity/internal/graph"
	"github.com/comity-project/comity/internal/pack"
)

type factsFlags struct {
	packs  packFlags
	pack   string
	asJSON bool
}

func newFacts() *cobra.Command {
	var f factsFlags
	cmd := &cobra.Command{
		Use:   "facts [NAME...]",
		Short: "List the facts of questions, with their values",
		Long: `Lists the vocabulary in which questions and packs are written, by what a fact
describes: the act, the person, the actor, the ground, the safeguard, or an age.
With names (aliases, too) it says all of each: its values and what they mean and
imply, its other names, who could change it, and which packs read it. With --pack
only what that pack reads is listed.`,
		Example: `  comity facts
  comity facts operation consent
  comity facts --pack us_il_bipa
  comity facts transfer_mechanism --json`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
		ValidArgsFunction: func(_ *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
			return f.complete(args, prefix)
		},
	}
	f.packs.bind(cmd)
	cmd.Flags().StringVar(&f.pack, "pack", "", "list only what this pack reads")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON object")
	return cmd
}

func (f *factsFlags) complete(args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	eng, err := f.packs.engine()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	v := eng.Program().Model().Vocab
	var out []string
	for _, name := range v.FactNames() {
		if strings.HasPrefix(name, prefix) && !slices.Contains(args, name) {
			out = append(out, name+"\t"+v.MustFact(name).Text)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// factEntry is the JSON of one fact.
type factEntry struct {
	Name    string       `json:"name"`
	Kind    pack.Role    `json:"kind"`
	Type    string       `json:"type"`
	Text    string       `json:"text"`
	Aliases []string     `json:"aliases,omitempty"`
	DPV     string       `json:"dpv,omitempty"` // the same in other vocabularies
	Fides   string       `json:"fides,omitempty"`
	Control string       `json:"control,omitempty"`
	Cost    int          `json:"cost,omitempty"`
	Unit    string       `json:"unit,omitempty"`
	Origin  string       `json:"origin,omitempty"`
	Values  []valueEntry `json:"values,omitempty"`
	Packs   []string     `json:"packs"`
}

// valueEntry is one value of a fact; needs are the facts without which an operation is not
// judged.
type valueEntry struct {
	Name    string   `json:"name"`
	Text    string   `json:"text,omitempty"`
	Aliases []string `json:"aliases,omitempty"`
	Implies []string `json:"implies,omitempty"`
	Mode    string   `json:"mode,omitempty"`
	Needs   []string `json:"needs,omitempty"`
}

func (f *factsFlags) run(cmd *cobra.Command, args []string) error {
	eng, err := f.packs.engine()
	if err != nil {
		return err
	}
	m := eng.Program().Model()
	if f.pack != "" {
		if err := knownPack(m, f.pack); err != nil {
			return err
		}
	}
	chosen, err := chooseFacts(m.Vocab, args)
	if err != nil {
		return err
	}
	readers := graph.Readers(m)
	list := []factEntry{}
	for _, x := range chosen {
		if f.pack == "" || slices.Contains(readers[x.ID], f.pack) {
			list = append(list, entryOfFact(m.Vocab, x, readers[x.ID]))
		}
	}
	s := newScreen(cmd.OutOrStdout())
	switch {
	case f.asJSON:
		printJSON(cmd.OutOrStdout(), map[string]any{"facts": list})
	case len(args) > 0:
		for i := range list {
			printFact(s, &list[i], i > 0)
		}
	default:
		printFacts(s, list)
	}
	return nil
}

// chooseFacts finds facts by name or alias; without names it gives all, by kind.
func chooseFacts(v *pack.Vocabulary, names []string) ([]*pack.Fact, error) {
	var out []*pack.Fact
	for _, name := range names {
		x, ok := v.Lookup(name)
		if !ok {
			return nil, usageError("facts", cmp.Or(pack.Suggest(name, v.FactNames()), "comity facts lists them"), "no fact is called %q", name)
		}
		out = append(out, x)
	}
	if len(names) > 0 {
		return out, nil
	}
	for _, kind := range factKinds {
		for _, x := range v.Facts[1:] {
			if x != nil && x.Role == kind.role {
				out = append(out, x)
			}
		}
	}
	return out, nil
}

// factKinds are the kinds of facts in the order in which a question is thought of.
var factKinds = []struct {
	role  pack.Role
	title string
}{
	{pack.RoleAct, "the act: what happens, to which data, where"},
	{pack.RolePerson, "the person whose data it is"},
	{pack.RoleActor, "the actor: who does it"},
	{pack.RoleGround, "grounds: what a permission can rest on"},
	{pack.RoleSafeguard, "safeguards: what was done"},
	{pack.RoleAge, "ages: what grows by itself"},
}

func entryOfFact(v *pack.Vocabulary, x *pack.Fact, readers []string) factEntry {
	out := factEntry{
		Name: x.Name, Kind: x.Role, Type: x.Kind.String(), Text: x.Text, Aliases: x.Aliases, DPV: x.DPV, Fides: x.Fides,
		Control: x.Control, Cost: x.Cost, Packs: append([]string{}, readers...),
	}
	if x.List {
		out.Type = "list of " + out.Type
	}
	if x.Ages != pack.NoUnit {
		out.Unit, out.Origin = strings.TrimPrefix(pack.Period{N: 1, Unit: x.Ages}.String(), "1 "), v.Facts[x.Origin].Name
	}
	other := map[int][]string{}
	for name, i := range x.ValueTable() {
		if name != x.Values[i].Name {
			other[int(i)] = append(other[int(i)], name)
		}
	}
	for i := range x.Values {
		d := &x.Values[i]
		val := valueEntry{Name: d.Name, Text: d.Text, Aliases: other[i]}
		slices.Sort(val.Aliases)
		for _, k := range x.Implies[i] {
			val.Implies = append(val.Implies, x.Values[k].Name)
		}
		if x.ID == v.Op() {
			o := v.Operations[i]
			val.Text, val.Mode = o.Text, "act"
			if o.State {
				val.Mode = "state"
			}
			for _, id := range o.Needs {
				val.Needs = append(val.Needs, v.Facts[id].Name)
			}
		}
		out.Values = append(out.Values, val)
	}
	return out
}

// printFacts lists facts in columns, under their kinds.
func printFacts(s *screen, list []factEntry) {
	name, typ := 0, 0
	for i := range list {
		name, typ = max(name, len(list[i].Name)), max(typ, len(list[i].Type))
	}
	for _, kind := range factKinds {
		first := true
		for i := range list {
			x := &list[i]
			if x.Kind != kind.role {
				continue
			}
			if first {
				s.printf("%s\n", s.paint(strong, strings.ToUpper(kind.title)))
				first = false
			}
			lead := fmt.Sprintf("  %-*s  %-*s  ", name, x.Name, typ, x.Type)
			for _, line := range wrap(x.Text, max(s.width-len(lead), minWidth)) {
				s.printf("%s%s\n", lead, line)
				lead = strings.Repeat(" ", len(lead))
			}
		}
	}
	s.printf("%s; comity facts NAME shows values, and which packs read it\n", count(len(list), "fact"))
}

// printFact says all of one fact.
func printFact(s *screen, x *factEntry, more bool) {
	if more {
		s.printf("\n")
	}
	s.printf("%s (%s): %s\n", s.paint(strong, x.Name), x.Type, x.Text)
	s.row("kind", plain, string(x.Kind))
	row := func(label, text string) {
		if text != "" {
			s.row(label, plain, text)
		}
	}
	row("aliases", strings.Join(x.Aliases, ", "))
	row("like", strings.Join(slices.DeleteFunc([]string{x.DPV, x.Fides}, func(t string) bool { return t == "" }), ", "))
	if x.Control != "" {
		row("changed by", fmt.Sprintf("%s, cost %d", x.Control, max(1, x.Cost)))
	}
	if x.Origin != "" {
		row("counts", x.Unit+"s from "+x.Origin)
	}
	switch x.Type {
	case "region", "list of region":
		row("values", "countries, their parts and groups, such as DE, US-CA and EU")
	case "instant":
		row("values", "a day such as 2026-01-31, or an instant such as 2026-01-31T12:00:00Z")
	case "date":
		row("values", "a day such as 2026-01-31")
	}
	row("read by", strings.Join(x.Packs, ", "))
	for i := range x.Values {
		v := &x.Values[i]
		s.printf("  %s\n", s.paint(strong, v.Name))
		row("", v.Text)
		row("aliases", strings.Join(v.Aliases, ", "))
		row("implies", strings.Join(v.Implies, ", "))
		row("needs", strings.Join(v.Needs, ", "))
	}
}
