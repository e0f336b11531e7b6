// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
)

// canonicalAnswer is the answer without id and record, as the digest in the log covers it.
// It is written by hand, with names in order, since every decision needs it; a test holds
// it against canonical.
func canonicalAnswer(dec *comity.Decision) ([]byte, error) {
	c := canon{b: make([]byte, 0, 512)}
	c.answer(dec)
	return c.b, c.err
}

func (c *canon) answer(dec *comity.Decision) {
	c.open()
	c.text("about", dec.About)
	c.texts("applicable", dec.Applicable)
	c.instant("at", &dec.At)
	c.texts("citations", dec.Citations)
	list(c, "conditions", dec.Conditions, (*canon).condition)
	list(c, "conflicts", dec.Conflicts, (*canon).conflict)
	list(c, "duties", dec.Duties, (*canon).duty)
	c.text("effect", string(dec.Effect))
	c.texts("explanation", dec.Explanation)
	list(c, "grounds", dec.Grounds, (*canon).ground)
	c.instant("known_at", dec.KnownAt)
	list(c, "missing", dec.Missing, (*canon).missing)
	c.text("mode", string(dec.Mode))
	list(c, "near", dec.Near, (*canon).near)
	c.texts("not_at_issue", dec.NotAtIssue)
	list(c, "outside", dec.Outside, (*canon).outside)
	list(c, "overridden", dec.Overridden, (*canon).override)
	list(c, "packs", dec.Packs, (*canon).pack)
	c.text("program", dec.Program)
	list(c, "questions", dec.Questions, (*canon).question)
	if dec.Regions != nil {
		c.any("regions", dec.Regions)
	}
	if len(dec.RegionsUnsure) > 0 {
		c.any("regions_unsure", dec.RegionsUnsure)
	}
	c.texts("unbound", dec.Unbound)
	c.instant("valid_until", dec.ValidUntil)
	list(c, "violations", dec.Violations, (*canon).violation)
	c.texts("warnings", dec.Warnings)
	c.shut()
}

// canon writes canonical JSON (RFC 8785); its callers name the members in order. The first
// error stays.
type canon struct {
	b   []byte
	err error
}

func (c *canon) open() { c.b = append(c.b, '{') }
func (c *canon) shut() { c.b = append(c.b, '}') }

func (c *canon) name(name string) {
	if c.b[len(c.b)-1] != '{' {
		c.b = append(c.b, ',')
	}
	c.b = append(c.b, '"')
	c.b = append(c.b, name...)
	c.b = append(c.b, '"', ':')
}

func (c *canon) string(s string) {
	for i := range len(s) {
		if b := s[i]; b < ' ' || b == '"' || b == '\\' || b >= utf8.RuneSelf {
			c.b, _ = jsontext.AppendQuote(c.b, s) // what is no UTF-8 becomes U+FFFD
			return
		}
	}
	c.b = append(c.b, '"')
	c.b = append(c.b, s...)
	c.b = append(c.b, '"')
}

func (c *canon) text(name, s string) {
	c.name(name)
	c.string(s)
}

// given is text that is left out where it is empty.
func (c *canon) given(name, s string) {
	if s != "" {
		c.text(name, s)
	}
}

func (c *canon) texts(name string, l []string) {
	if len(l) > 0 {
		c.allTexts(name, l)
	}
}

func (c *canon) allTexts(name string, l []string) {
	c.name(name)
	if l == nil {
		c.b = append(c.b, "null"...)
		return
	}
	c.strings(l)
}

func (c *canon) strings(l []string) {
	c.b = append(c.b, '[')
	for i, s := range l {
		if i > 0 {
			c.b = append(c.b, ',')
		}
		c.string(s)
	}
	c.b = append(c.b, ']')
}

func (c *canon) flag(name string, v bool) {
	if v {
		c.name(name)
		c.b = append(c.b, "true"...)
	}
}

func (c *canon) instant(name string, t *time.Time) {
	if t != nil {
		c.name(name)
		c.b = append(c.b, '"')
		c.b = t.AppendFormat(c.b, time.RFC3339Nano)
		c.b = append(c.b, '"')
	}
}

func (c *canon) parts(l []int) {
	if len(l) == 0 {
		return
	}
	c.name("parts")
	c.b = append(c.b, '[')
	for i, n := range l {
		if i > 0 {
			c.b = append(c.b, ',')
		}
		c.b = strconv.AppendInt(c.b, int64(n), 10)
	}
	c.b = append(c.b, ']')
}

// any writes a value whose form is not known here.
func (c *canon) any(name string, v any) {
	c.name(name)
	if c.plain(v) {
		return
	}
	text, err := canonical(v)
	if c.err == nil {
		c.err = err
	}
	c.b = append(c.b, text...)
}

// plain writes the values that facts usually have, and tells whether v is one.
func (c *canon) plain(v any) bool {
	switch v := v.(type) {
	case string:
		c.string(v)
	case bool:
		c.b = strconv.AppendBool(c.b, v)
	case []string:
		if v == nil {
			return false
		}
		c.strings(v)
	case map[string]any:
		return c.plainMap(v)
	default:
		return false
	}
	return true
}

func (c *canon) plainMap(m map[string]any) bool {
	var room [16]string
	names, before := room[:0], len(c.b)
	for name := range m {
		for i := range len(name) {
			if name[i] >= utf8.RuneSelf {
				return false // two that are no UTF-8 may become one
			}
		}
		names = append(names, name)
	}
	if m == nil {
		return false
	}
	slices.Sort(names)
	c.open()
	for i, name := range names {
		if i > 0 {
			c.b = append(c.b, ',')
		}
		c.string(name)
		c.b = append(c.b, ':')
		if !c.plain(m[name]) {
			c.b = c.b[:before]
			return false
		}
	}
	c.shut()
	return true
}

func (c *canon) facts(name string, m map[string]any) {
	if len(m) > 0 {
		c.any(name, m)
	}
}

// list leaves an empty list out.
func list[T any](c *canon, name string, l []T, item func(*canon, *T)) {
	if len(l) == 0 {
		return
	}
	c.name(name)
	c.b = append(c.b, '[')
	for i := range l {
		if i > 0 {
			c.b = append(c.b, ',')
		}
		c.open()
		item(c, &l[i])
		c.shut()
	}
	c.b = append(c.b, ']')
}

func (c *canon) action(a *comity.Action) {
	if a != nil {
		c.name("action")
		c.open()
		c.restrict(a)
		c.shut()
	}
}

func (c *canon) restrict(a *comity.Action) {
	c.facts("params", a.Params)
	c.text("type", a.Type)
}

func (c *canon) condition(x *comity.Condition) {
	c.action(x.Action)
	c.texts("citations", x.Citations)
	c.given("due", x.Due)
	c.text("id", x.ID)
	c.parts(x.Parts)
	c.text("requirement", x.Requirement)
	c.flag("standing", x.Standing)
	c.text("text", x.Text)
}

func (c *canon) violation(x *comity.Violation) {
	c.texts("citations", x.Citations)
	c.facts("facts", x.Facts)
	c.parts(x.Parts)
	list(c, "remedies", x.Remedies, (*canon).remedy)
	c.text("requirement", x.Requirement)
	c.text("why", x.Why)
}

func (c *canon) remedy(x *comity.Remedy) {
	c.texts("citations", x.Citations)
	c.facts("obtain", x.Obtain)
	c.any("set", x.Set)
	c.text("text", x.Text)
}

func (c *canon) conflict(x *comity.Conflict) {
	if x.Case != nil {
		c.name("case")
		c.open()
		c.given("due", x.Case.Due)
		c.text("id", x.Case.ID)
		c.given("url", x.Case.URL)
		c.shut()
	}
	c.texts("citations", x.Citations)
	c.parts(x.Parts)
	c.allTexts("requirements", x.Requirements)
	list(c, "restrict", x.Restrict, (*canon).restrict)
	c.text("who", x.Who)
	c.text("why", x.Why)
}

func (c *canon) missing(x *comity.Missing) {
	c.text("fact", x.Fact)
	c.texts("needed_by", x.NeededBy)
	c.parts(x.Parts)
	c.flag("possible", x.Possible)
}

func (c *canon) near(x *comity.Near) {
	c.text("fact", x.Fact)
	c.any("given", x.Given)
	c.parts(x.Parts)
	c.text("requirement", x.Requirement)
	c.text("text", x.Text)
	c.any("threshold", x.Threshold)
}

func (c *canon) duty(x *comity.Duty) {
	c.action(x.Action)
	c.texts("citations", x.Citations)
	c.given("due", x.Due)
	c.text("id", x.ID)
	c.parts(x.Parts)
	c.text("requirement", x.Requirement)
	c.text("text", x.Text)
}

func (c *canon) question(x *comity.Question) {
	c.texts("citations", x.Citations)
	c.parts(x.Parts)
	c.text("requirement", x.Requirement)
	c.text("text", x.Text)
	c.given("who", x.Who)
}

func (c *canon) ground(x *comity.Ground) {
	c.text("branch", x.Branch)
	c.texts("citations", x.Citations)
	c.parts(x.Parts)
	c.text("requirement", x.Requirement)
}

func (c *canon) outside(x *comity.OutsideNode) {
	c.texts("citations", x.Citations)
	c.text("id", x.ID)
	c.text("pack", x.Pack)
	c.parts(x.Parts)
	c.text("text", x.Text)
}

func (c *canon) override(x *comity.Override) {
	c.text("fact", x.Fact)
	c.any("given", x.Given)
	c.text("source", x.Source)
	c.any("used", x.Used)
}

func (c *canon) pack(x *comity.PackRef) {
	c.text("id", x.ID)
	c.text("version", x.Version)
}
