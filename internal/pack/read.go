// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"io/fs"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// ReadPack reads the pack in folder dir of fsys: pack.yaml and every further *.yaml file
// beside it. Problems are added to probs; the pack is nil if its header cannot be read.
func ReadPack(fsys fs.FS, dir, source string, v *Vocabulary, probs *Problems) *Pack {
	names := yamlFiles(fsys, dir)
	if len(names) == 0 {
		probs.add(Pos{File: path.Join(source, dir)}, "a pack is a folder with a pack.yaml", "no pack here")
		return nil
	}
	head := path.Join(dir, "pack.yaml")
	i := slices.Index(names, head)
	if i < 0 {
		probs.add(Pos{File: path.Join(source, dir)}, "a pack is a folder with a pack.yaml", "pack.yaml is missing")
		return nil
	}
	names = append([]string{head}, slices.Delete(names, i, i+1)...)
	// A folder that is a pack itself may hold the vocabulary that it adds.
	names = slices.DeleteFunc(names, func(n string) bool { return n == "vocabulary.yaml" || n == "regions.yaml" || n == "calendars.yaml" })
	pr := &packReader{v: v, p: &Pack{Terms: map[string]*Cond{}, Source: source}, parts: map[string]*yaml.Node{}, readers: map[string]reader{}}
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			probs.add(Pos{File: path.Join(source, name)}, "make it a readable file", "read: %v", err)
			continue
		}
		pr.p.Files = append(pr.p.Files, File{Name: path.Base(name), Data: data})
		file := path.Join(source, name)
		if rd, n := openYAML(file, data, probs); n != nil {
			pr.order = append(pr.order, file)
			pr.parts[file] = n
			pr.readers[file] = rd
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
	walkPacks(fsys, ".", 2, &out)
	sort.Strings(out)
	return out
}

// walkPacks reads folders by name, never by pattern: a name may hold the signs of one.
func walkPacks(fsys fs.FS, dir string, deep int, out *[]string) {
	if info, err := fs.Stat(fsys, path.Join(dir, "pack.yaml")); err == nil && !info.IsDir() {
		*out = append(*out, dir)
	}
	if deep == 0 {
		return
	}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return // a folder that cannot be read holds no pack that could be
	}
	for _, e := range entries {
		sub := path.Join(dir, e.Name())
		if info, err := fs.Stat(fsys, sub); err == nil && info.IsDir() {
			walkPacks(fsys, sub, deep-1, out)
		}
	}
}

// yamlFiles lists the *.yaml files of a folder by name.
func yamlFiles(fsys fs.FS, dir string) []string {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if path.Ext(e.Name()) == ".yaml" {
			out = append(out, path.Join(dir, e.Name()))
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

func (pr *packReader) read(folder string) bool {
	fields := map[string]map[string]*yaml.Node{}
	for i, file := range pr.order {
		rd, n := pr.readers[file], pr.parts[file]
		if i == 0 {
			fields[file] = rd.fields(n, append(slices.Clone(headerKeys), partKeys...)...)
			continue
		}
		if n.Kind == yaml.MappingNode && len(n.Content) > 0 && slices.Contains(headerKeys, n.Content[0].Value) {
			rd.fail(n.Content[0], "write it in pack.yaml", "key %q belongs to the header", n.Content[0].Value)
			continue
		}
		fields[file] = rd.fields(n, partKeys...)
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
		pr.p.Reach = pr.node(rd, n, reachKeys, "when", "cite")
	}
	for _, file := range pr.order {
		rd, f := pr.readers[file], fields[file]
		for _, n := range rd.items(f["outside"]) {
			pr.p.Outside = append(pr.p.Outside, pr.node(rd, n, outsideKeys, "id", "when", "cite"))
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
		for _, n := range rd.items(f["penalties"]) {
			if x, ok := rd.penalty(n); ok {
				pr.p.Penalties = append(pr.p.Penalties, x)
			}
		}
	}
	pr.p.sortRulings()
	return true
}

func (pr *packReader) header(rd reader, n *yaml.Node, f map[string]*yaml.Node, folder string) bool {
	p := pr.p
	p.Pos = rd.pos(n)
	if f["format"] != nil && f["format"].Value != Format {
		rd.format(f["format"]) // the other keys may mean something else there
		return false
	}
	if !rd.need(n, f, headerNeeds...) {
		return false
	}
	p.ID, p.Name, p.Version, p.Summary = rd.str(f["id"]), rd.str(f["name"]), rd.str(f["version"]), rd.str(f["summary"])
	if !isVersion(p.Version) {
		rd.fail(f["version"], "write numbers with dots, such as 1.2.0", "version %q is not one", p.Version)
	}
	if folder != "." && p.ID != folder {
		rd.fail(f["id"], "name the folder as the pack", "id %q stands in folder %q", p.ID, folder)
	}
	p.Order = pr.region(rd, f["order"])
	p.WeightName, p.Weight = rd.str(f["weight"]), rd.weight(f["weight"])
	p.Zone = rd.str(f["zone"])
	if _, err := time.LoadLocation(p.Zone); err != nil || p.Zone == "" || p.Zone == "Local" {
		rd.fail(f["zone"], "use an IANA name such as Europe/Brussels", "unknown time zone %q", p.Zone)
	}
	p.Reviewed = rd.day(f["reviewed"], 0)
	p.NextReview = rd.day(f["next_review"], p.Reviewed+ReviewDays)
	p.Sources = rd.strs(f["sources"])
	p.Counting = pr.counting(rd, n, f["periods"])
	for _, c := range rd.items(f["instruments"]) {
		pr.instrument(rd, c)
	}
	return true
}

// counting reads how the law counts deadlines; without the key it is by the plain calendar,
// and working days are those of the pack's order.
func (pr *packReader) counting(rd reader, head, n *yaml.Node) *Counting {
	c := &Counting{Pos: rd.pos(head)}
	if n != nil {
		f := rd.fields(n, periodsKeys...)
		c.Pos, c.Place, c.Cites = rd.pos(n), pr.regionList(rd, f["place"]), rd.strs(f["cite"])
		rd.need(n, f, "cite")
		if e := f["end"]; e != nil {
			if c.EndsWorking = e.Value == "working_day"; !c.EndsWorking {
				rd.fail(e, "write working_day, or remove the key where the plain day counts", "unknown end of a period %q", Short(e.Value))
			}
		}
		if l := f["at_least"]; l != nil {
			count, unit, _ := strings.Cut(l.Value, " ")
			least, err := strconv.Atoi(count)
			if err != nil || parseUnit(unit) != WorkingDays || least < 1 || least > 5 || !c.EndsWorking {
				rd.fail(l, "write 2 working days, beside end", "the least of a period is some working days")
			}
			c.Least = least
		}
	}
	if len(c.Place) == 0 {
		c.Place = []RegionID{pr.p.Order}
	}
	return c
}

// isVersion accepts one to three numbers with dots (semver.org without labels), which is
// what can be compared.
func isVersion(s string) bool {
	parts := strings.Split(s, ".")
	for _, p := range parts {
		if _, err := strconv.ParseUint(p, 10, 32); err != nil {
			return false
		}
	}
	return len(parts) <= 3
}

func (pr *packReader) instrument(rd reader, n *yaml.Node) {
	f := rd.fields(n, instrumentKeys...)
	if !rd.need(n, f, "cite") {
		return
	}
	in := &Instrument{
		Cite: rd.str(f["cite"]), Unit: rd.str(f["unit"]), Aliases: rd.strs(f["aliases"]),
		Examples: rd.strs(f["examples"]), Order: pr.p.Order, Weight: pr.p.Weight, Mandatory: rd.boolean(f["mandatory"]),
		From: rd.day(f["from"], DayMin), Pack: pr.p, Pos: rd.pos(n),
	}
	if f["order"] != nil {
		in.Order = pr.region(rd, f["order"])
	}
	if f["weight"] != nil {
		in.Weight = rd.weight(f["weight"])
	}
	pr.p.Instruments = append(pr.p.Instruments, in)
}

func (r reader) weight(n *yaml.Node) int {
	w, ok := weightOf(n.Value)
	if !ok {
		r.fail(n, "use "+oneOf(weightNames), "unknown weight %q", n.Value)
	}
	return w
}

func (pr *packReader) region(rd reader, n *yaml.Node) RegionID {
	if n == nil {
		return 0
	}
	id, ok := pr.v.regions.Lookup(n.Value)
	if !ok {
		rd.fail(n, pr.v.regions.Suggest(n.Value), "unknown region %q", n.Value)
	}
	return id
}

func (pr *packReader) regionList(rd reader, n *yaml.Node) []RegionID {
	var out []RegionID
	for _, c := range rd.oneOrMore(n) {
		if id := pr.region(rd, c); id != 0 {
			out = append(out, id)
		}
	}
	return out
}

func (pr *packReader) factList(rd reader, n *yaml.Node) []FactID {
	var out []FactID
	for _, c := range rd.oneOrMore(n) {
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
			rd.fail(p.keyNode, "remove one", "term %q is defined twice", p.key)
			continue
		}
		if !plainName(p.key) {
			rd.fail(p.keyNode, nameRemedy, "term %q cannot be written in a condition", p.key)
			continue
		}
		if c := pr.cond(rd, p.node); c != nil {
			pr.p.Terms[p.key] = c
		}
	}
}

func (pr *packReader) node(rd reader, n *yaml.Node, keys []string, needs ...string) Node {
	f := rd.fields(n, keys...)
	rd.need(n, f, needs...)
	return Node{
		ID: rd.str(f["id"]), When: pr.cond(rd, f["when"]), Cites: rd.strs(f["cite"]), Text: rd.text(f["text"]),
		Ask: pr.factList(rd, f["ask"]), Pos: rd.pos(n),
	}
}

func (pr *packReader) edge(rd reader, n *yaml.Node) *Edge {
	f := rd.fields(n, edgeKeys...)
	if !rd.need(n, f, edgeNeeds...) {
		return nil
	}
	e := &Edge{
		ID: rd.str(f["id"]), Set: rd.str(f["set"]), Origin: pr.regionList(rd, f["origin"]), Destination: pr.regionList(rd, f["destination"]),
		From: rd.day(f["from"], DayMin), Until: rd.day(f["until"], DayMax),
		KnownFrom: rd.day(f["known_from"], DayMin), KnownUntil: rd.day(f["known_until"], DayMax),
		Cites: rd.strs(f["cite"]), EndedBy: rd.strs(f["ended_by"]), Text: rd.text(f["text"]), Pack: pr.p, Pos: rd.pos(n),
	}
	if e.From >= e.Until {
		rd.fail(n, untilRemedy, "edge %q ends before it begins", e.ID)
	}
	if f["when"] != nil {
		e.When = pr.cond(rd, f["when"])
	}
	if f["claim"] != nil {
		e.Claim = pr.cond(rd, f["claim"])
	}
	return e
}
