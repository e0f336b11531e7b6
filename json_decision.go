// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package comity

import (
	"maps"
	"slices"
	"strconv"
)

func (w *jsonWriter) decision(d *Decision) {
	w.b = append(w.b, '{')
	w.text("id", d.ID)
	w.must("effect", string(d.Effect))
	w.must("about", d.About)
	w.must("mode", string(d.Mode))
	w.time("at", &d.At)
	w.time("known_at", d.KnownAt)
	w.time("valid_until", d.ValidUntil)
	each(w, "conditions", d.Conditions, (*jsonWriter).condition)
	each(w, "violations", d.Violations, (*jsonWriter).violation)
	each(w, "conflicts", d.Conflicts, (*jsonWriter).conflict)
	each(w, "missing", d.Missing, (*jsonWriter).missing)
	each(w, "duties", d.Duties, (*jsonWriter).duty)
	each(w, "questions", d.Questions, (*jsonWriter).question)
	each(w, "grounds", d.Grounds, (*jsonWriter).ground)
	each(w, "outside", d.Outside, (*jsonWriter).outside)
	w.texts("not_at_issue", d.NotAtIssue)
	w.texts("applicable", d.Applicable)
	w.texts("unbound", d.Unbound)
	w.texts("citations", d.Citations)
	if d.Regions != nil { // empty says that no place is excluded
		w.regions("regions", d.Regions)
	}
	if len(d.RegionsUnsure) > 0 {
		w.regions("regions_unsure", d.RegionsUnsure)
	}
	each(w, "near", d.Near, (*jsonWriter).near)
	each(w, "overridden", d.Overridden, (*jsonWriter).override)
	w.texts("explanation", d.Explanation)
	w.texts("warnings", d.Warnings)
	w.must("program", d.Program)
	each(w, "packs", d.Packs, (*jsonWriter).pack)
	w.record(d.Record)
	w.b = append(w.b, '}')
}

func (w *jsonWriter) actionBody(a *Action) {
	w.must("type", a.Type)
	if len(a.Params) > 0 {
		w.field("params")
		w.object(a.Params)
	}
}

func (w *jsonWriter) action(a *Action) {
	if a != nil {
		w.field("action")
		w.b = append(w.b, '{')
		w.actionBody(a)
		w.b = append(w.b, '}')
	}
}

func (w *jsonWriter) condition(c *Condition) {
	w.must("id", c.ID)
	w.must("text", c.Text)
	w.must("requirement", c.Requirement)
	w.texts("citations", c.Citations)
	w.action(c.Action)
	w.text("due", c.Due)
	w.flag("standing", c.Standing)
	w.parts(c.Parts)
}

func (w *jsonWriter) violation(v *Violation) {
	w.must("requirement", v.Requirement)
	w.texts("citations", v.Citations)
	w.must("why", v.Why)
	if len(v.Facts) > 0 {
		w.field("facts")
		w.object(v.Facts)
	}
	each(w, "remedies", v.Remedies, (*jsonWriter).remedy)
	w.parts(v.Parts)
}

func (w *jsonWriter) remedy(r *Remedy) {
	w.field("set")
	w.object(r.Set)
	if len(r.Obtain) > 0 {
		w.field("obtain")
		w.object(r.Obtain)
	}
	w.must("text", r.Text)
	w.texts("citations", r.Citations)
}

func (w *jsonWriter) conflict(c *Conflict) {
	w.field("requirements")
	w.list(c.Requirements)
	w.texts("citations", c.Citations)
	w.must("why", c.Why)
	w.must("who", c.Who)
	each(w, "restrict", c.Restrict, (*jsonWriter).actionBody)
	if c.Case != nil {
		w.field("case")
		w.b = append(w.b, '{')
		w.must("id", c.Case.ID)
		w.text("url", c.Case.URL)
		w.text("due", c.Case.Due)
		w.b = append(w.b, '}')
	}
	w.parts(c.Parts)
}

func (w *jsonWriter) missing(m *Missing) {
	w.must("fact", m.Fact)
	w.texts("needed_by", m.NeededBy)
	w.flag("possible", m.Possible)
	w.parts(m.Parts)
}

func (w *jsonWriter) near(n *Near) {
	w.must("fact", n.Fact)
	w.number("given", n.Given)
	w.number("threshold", n.Threshold)
	w.must("requirement", n.Requirement)
	w.must("text", n.Text)
	w.parts(n.Parts)
}

func (w *jsonWriter) duty(d *Duty) {
	w.must("id", d.ID)
	w.must("text", d.Text)
	w.must("requirement", d.Requirement)
	w.texts("citations", d.Citations)
	w.action(d.Action)
	w.text("due", d.Due)
	w.parts(d.Parts)
}

func (w *jsonWriter) question(q *Question) {
	w.must("requirement", q.Requirement)
	w.must("text", q.Text)
	w.texts("citations", q.Citations)
	w.text("who", q.Who)
	w.parts(q.Parts)
}

func (w *jsonWriter) ground(g *Ground) {
	w.must("requirement", g.Requirement)
	w.must("branch", g.Branch)
	w.texts("citations", g.Citations)
	w.parts(g.Parts)
}

func (w *jsonWriter) outside(o *OutsideNode) {
	w.must("pack", o.Pack)
	w.must("id", o.ID)
	w.must("text", o.Text)
	w.texts("citations", o.Citations)
	w.parts(o.Parts)
}

func (w *jsonWriter) override(o *Override) {
	w.must("fact", o.Fact)
	w.field("given")
	w.value(o.Given)
	w.field("used")
	w.value(o.Used)
	w.must("source", o.Source)
}

func (w *jsonWriter) pack(p *PackRef) {
	w.must("id", p.ID)
	w.must("version", p.Version)
}

func (w *jsonWriter) regions(name string, m map[string][]string) {
	w.field(name)
	w.b = append(w.b, '{')
	for i, kind := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.string(kind)
		w.b = append(w.b, ':')
		w.list(m[kind])
	}
	w.b = append(w.b, '}')
}

func (w *jsonWriter) record(r *Record) {
	if r == nil {
		return
	}
	w.field("record")
	w.b = append(w.b, '{')
	w.must("log", r.Log)
	if r.Index != nil {
		w.field("index")
		w.b = strconv.AppendInt(w.b, *r.Index, 10)
	}
	w.text("checkpoint", r.Checkpoint)
	if r.Sub != nil {
		w.field("sub")
		w.b = strconv.AppendInt(w.b, int64(*r.Sub), 10)
	}
	w.flag("later", r.Later)
	w.b = append(w.b, '}')
}
