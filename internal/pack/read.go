// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// ReadPack reads the pack in folder dir of fsys: pack.yaml and every further *.yaml file
// beside it. Problems are added to probs; the pack is nil if its header cannot be read.
func ReadPack(fsys fs.FS, dir, source string, v *Vocabulary, probs *Problems) *Pack {
	names, err := fs.Glob(fsys, path.Join(dir, "*.yaml"))
	if err != nil || len(names) == 0 {
		probs.add(Pos{File: path.Join(source, dir)}, "a pack is a folder with a pack.yaml", "no pack here")
		return nil
	}
	head := path.Join(dir, "pack.yaml")
	i := slices.Index(names, head)
	if i < 0 {
		probs.add(Pos{File: path.Join(source, dir)}, "", "pack.yaml is missing")
		return nil
	}
	names = append([]string{head}, slices.Delete(names, i, i+1)...)
	pr := &packReader{v: v, p: &Pack{Terms: map[string]*Cond{}, Source: source}, parts: map[string]*yaml.Node{}, readers: map[string]reader{}}
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			probs.add(Pos{File: path.Join(source, name)}, "", "read: %v", err)
			continue
		}
		file := path.Join(source, name)
		if n := parseYAML(file, data, probs); n != nil {
			pr.order = append(pr.order, file)
			pr.parts[file] = n
			pr.readers[file] = reader{file: file, probs: probs}
		}
	}
	if len(pr.order) == 0 || !strings.HasSuffix(pr.order[0], "/pack.yaml") && pr.order[0] != "pack.yaml" {
		return nil
	}
	if !pr.read(path.Base(dir)) {
		return nil
	}
	return pr.p
}

// PackDirs lists the folders of fsys that hold a pack.yaml, at most two levels down.
func PackDirs(fsys fs.FS) []string {
	var out []string
	for _, pat := range []string{"pack.yaml", "*/pack.yaml", "*/*/pack.yaml"} {
		m, err := fs.Glob(fsys, pat)
		if err != nil {
			continue
		}
		for _, f := range m {
			out = append(out, path.Dir(f))
		}
	}
	sort.Strings(out)
	return out
}

type packReader struct {
	v       *Vocabulary
	p       *Pack
	order   []string
	parts   map[string]*yaml.Node
	readers map[string]reader
}

var headerKeys = []string{"format", "id", "name", "version", "order", "weight", "zone", "reviewed", "next_review",
	"summary", "sources", "instruments", "reach", "fragments"}

var partKeys = []string{"terms", "outside", "edges", "requirements"}

func (pr *packReader) read(folder string) bool {
	fields := map[string]map[string]*yaml.Node{}
	for i, file := range pr.order {
		keys := partKeys
		if i == 0 {
			keys = append(slices.Clone(headerKeys), partKeys...)
		}
		fields[file] = pr.readers[file].fields(pr.parts[file], keys...)
	}
	head := pr.order[0]
	if !pr.header(pr.readers[head], pr.parts[head], fields[head], folder) {
		return false
	}
	// Terms first: conditions of all files may use them.
	for _, file := range pr.order {
		pr.terms(pr.readers[file], fields[file]["terms"])
	}
	rd := pr.readers[head]
	if n := fields[head]["reach"]; n != nil {
		pr.p.Reach = pr.node(rd, n)
	}
	for _, file := range pr.order {
		rd, f := pr.readers[file], fields[file]
		for _, n := range rd.items(f["outside"]) {
			pr.p.Outside = append(pr.p.Outside, pr.node(rd, n))
		}
		for _, n := range rd.items(f["edges"]) {
			if e := pr.edge(rd, n); e != nil {
				pr.p.Edges = append(pr.p.Edges, e)
			}
		}
		for _, n := range rd.items(f["requirements"]) {
			if q := pr.requirement(rd, n); q != nil {
				pr.p.Requirements = append(pr.p.Requirements, q)
			}
		}
	}
	return true
}

func (pr *packReader) header(rd reader, n *yaml.Node, f map[string]*yaml.Node, folder string) bool {
	p := pr.p
	p.Pos = rd.pos(n)
	if !rd.need(n, f, "format", "id", "name", "version", "order", "weight", "zone", "reviewed", "next_review", "instruments", "reach") {
		return false
	}
	rd.format(f["format"])
	p.ID, p.Name, p.Version, p.Summary = rd.str(f["id"]), rd.str(f["name"]), rd.str(f["version"]), rd.str(f["summary"])
	if folder != "." && p.ID != folder {
		rd.fail(f["id"], "name the folder as the pack", "id %q stands in folder %q", p.ID, folder)
	}
	p.Order = pr.region(rd, f["order"])
	p.WeightName = rd.str(f["weight"])
	var ok bool
	if p.Weight, ok = weightOf(p.WeightName); !ok {
		rd.fail(f["weight"], "use constitution, treaty, federal, state, local, industry or company", "unknown weight %q", p.WeightName)
	}
	p.Zone = rd.str(f["zone"])
	if _, err := time.LoadLocation(p.Zone); err != nil || p.Zone == "" || p.Zone == "Local" {
		rd.fail(f["zone"], "use an IANA name such as Europe/Brussels", "unknown time zone %q", p.Zone)
	}
	p.Reviewed = rd.day(f["reviewed"], 0)
	p.NextReview = rd.day(f["next_review"], 0)
	p.Sources = rd.strs(f["sources"])
	for _, c := range rd.items(f["instruments"]) {
		pr.instrument(rd, c)
	}
	return true
}

func (pr *packReader) instrument(rd reader, n *yaml.Node) {
	f := rd.fields(n, "cite", "unit", "aliases", "examples", "order", "weight", "mandatory")
	if !rd.need(n, f, "cite") {
		return
	}
	in := &Instrument{Cite: rd.str(f["cite"]), Unit: rd.str(f["unit"]), Aliases: rd.strs(f["aliases"]),
		Examples: rd.strs(f["examples"]), Order: pr.p.Order, Weight: pr.p.Weight, Mandatory: rd.boolean(f["mandatory"]), Pack: pr.p, Pos: rd.pos(n)}
	if f["order"] != nil {
		in.Order = pr.region(rd, f["order"])
	}
	if w := f["weight"]; w != nil {
		var ok bool
		if in.Weight, ok = weightOf(w.Value); !ok {
			rd.fail(w, "", "unknown weight %q", w.Value)
		}
	}
	pr.p.Instruments = append(pr.p.Instruments, in)
}

func (pr *packReader) region(rd reader, n *yaml.Node) RegionID {
	if n == nil {
		return 0
	}
	id, ok := pr.v.regions.Lookup(n.Value)
	if !ok {
		rd.fail(n, Suggest(n.Value, pr.v.regions.Codes()), "unknown region %q", n.Value)
	}
	return id
}

func (pr *packReader) regionList(rd reader, n *yaml.Node) []RegionID {
	if n == nil {
		return nil
	}
	nodes := []*yaml.Node{n}
	if n.Kind != yaml.ScalarNode {
		nodes = rd.items(n)
	}
	var out []RegionID
	for _, c := range nodes {
		if id := pr.region(rd, c); id != 0 {
			out = append(out, id)
		}
	}
	return out
}

func (pr *packReader) factList(rd reader, n *yaml.Node) []FactID {
	if n == nil {
		return nil
	}
	nodes := []*yaml.Node{n}
	if n.Kind != yaml.ScalarNode {
		nodes = rd.items(n)
	}
	var out []FactID
	for _, c := range nodes {
		if f := pr.v.ref(rd, c); f != nil {
			out = append(out, f.ID)
		}
	}
	return out
}

func (pr *packReader) terms(rd reader, n *yaml.Node) {
	if n == nil {
		return
	}
	for _, p := range rd.pairs(n) {
		if _, dup := pr.p.Terms[p.key]; dup {
			rd.fail(p.keyNode, "", "term %q is defined twice", p.key)
			continue
		}
		if c := pr.cond(rd, p.node); c != nil {
			pr.p.Terms[p.key] = c
		}
	}
}

func (pr *packReader) node(rd reader, n *yaml.Node) Node {
	f := rd.fields(n, "id", "when", "cite", "text", "ask")
	rd.need(n, f, "when", "cite")
	return Node{ID: rd.str(f["id"]), When: pr.cond(rd, f["when"]), Cites: rd.strs(f["cite"]), Text: rd.text(f["text"]),
		Ask: pr.factList(rd, f["ask"]), Pos: rd.pos(n)}
}

func (pr *packReader) edge(rd reader, n *yaml.Node) *Edge {
	f := rd.fields(n, "id", "set", "origin", "destination", "from", "until", "known_from", "known_until", "when", "claim", "cite", "ended_by", "text")
	if !rd.need(n, f, "id", "set", "origin", "destination", "cite") {
		return nil
	}
	e := &Edge{ID: rd.str(f["id"]), Set: rd.str(f["set"]), Origin: pr.regionList(rd, f["origin"]), Destination: pr.regionList(rd, f["destination"]),
		From: rd.day(f["from"], DayMin), Until: rd.day(f["until"], DayMax),
		KnownFrom: rd.day(f["known_from"], DayMin), KnownUntil: rd.day(f["known_until"], DayMax),
		Cites: rd.strs(f["cite"]), EndedBy: rd.strs(f["ended_by"]), Text: rd.text(f["text"]), Pack: pr.p, Pos: rd.pos(n)}
	if e.From >= e.Until {
		rd.fail(n, "", "edge %q ends before it begins", e.ID)
	}
	if f["when"] != nil {
		e.When = pr.cond(rd, f["when"])
	}
	if f["claim"] != nil {
		e.Claim = pr.cond(rd, f["claim"])
	}
	return e
}

// cond reads a condition: text, a list (all), or a mapping all/any/not.
func (pr *packReader) cond(rd reader, n *yaml.Node) *Cond {
	if n == nil {
		return Always()
	}
	switch n.Kind {
	case yaml.ScalarNode:
		c, err := ParseCond(pr.v, pr.p.Terms, n.Value)
		if err != nil {
			pe := err.(*ParseError)
			rd.probs.add(condPos(rd, n, pe.Offset), pe.Remedy, "%s", pe.Msg)
			return Always()
		}
		if c.Pos.Line == 0 {
			pos := rd.pos(n)
			c.Walk(func(k *Cond) {
				if k.Pos.Line == 0 {
					k.Pos = pos
				}
			})
		}
		return c
	case yaml.SequenceNode:
		return pr.group(rd, OpAll, n)
	case yaml.MappingNode:
		ps := rd.pairs(n)
		if len(ps) != 1 {
			rd.fail(n, "", "a condition mapping has one key: all, any or not")
			return Always()
		}
		switch ps[0].key {
		case "all":
			return pr.group(rd, OpAll, ps[0].node)
		case "any":
			return pr.group(rd, OpAny, ps[0].node)
		case "not":
			return &Cond{Op: OpNot, Kids: []*Cond{pr.cond(rd, ps[0].node)}, Pos: rd.pos(n)}
		case "not shown":
			return &Cond{Op: OpNotShown, Kids: []*Cond{pr.cond(rd, ps[0].node)}, Pos: rd.pos(n)}
		}
		rd.fail(ps[0].keyNode, "use all, any or not", "unknown key %q in a condition", ps[0].key)
	}
	return Always()
}

func (pr *packReader) group(rd reader, op Op, n *yaml.Node) *Cond {
	c := &Cond{Op: op, Pos: rd.pos(n)}
	for _, k := range rd.items(n) {
		c.Kids = append(c.Kids, pr.cond(rd, k))
	}
	switch len(c.Kids) {
	case 0:
		rd.fail(n, "", "the list of conditions is empty")
		return Always()
	case 1:
		return c.Kids[0]
	}
	return c
}

// condPos is the place of a fault inside a condition: exact for plain one-line text, the
// beginning of the text for folded blocks, whose columns YAML does not keep.
func condPos(rd reader, n *yaml.Node, offset int) Pos {
	p := rd.pos(n)
	if n.Style&(yaml.FoldedStyle|yaml.LiteralStyle) == 0 {
		p.Col += offset
		if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
			p.Col++
		}
	}
	return p
}
