// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"cmp"
	"encoding/json"
	"strings"
)

// requirement lists the parts of a requirement in the order in which they are read.
func (s Side) requirement(q *Requirement) item {
	x := item{what: "requirement", id: q.ID, title: cmp.Or(q.Title, q.Text["en"])}
	x.put("kind", "", s.kind(q))
	x.put("dates", "", s.dates(q))
	x.put("replaces", "", q.Replaces)
	x.put("scope", "", s.cond(q.When))
	x.put("must", "", s.cond(q.Must))
	x.put("demands", "", s.operations(q.Demand))
	if q.Place != "" {
		how := "every place in "
		if q.AtLeastOne {
			how = "at least one place in "
		}
		x.put("place", "", q.Place+": "+how+s.codes(q.Allowed))
	}
	x.put("period", "", s.period(q))
	for i := range q.Unless {
		s.branch(&x, &q.Unless[i])
	}
	s.conditions(&x, "", q.Conditions)
	x.put("meanwhile", "", s.meanwhile(q))
	x.put("asks", "", s.facts(q.Ask))
	x.put("citations", "", strings.Join(q.Cites, "; "))
	x.put("title", "", q.Title)
	x.texts("", q.Text)
	return x
}

func (s Side) kind(q *Requirement) string {
	text := string(q.Kind)
	for _, f := range []struct {
		set  bool
		word string
	}{{q.Absolute, "absolute"}, {q.SilentDuty, "silent: duty"}, {q.Unverified, "unverified"}} {
		if f.set {
			text += ", " + f.word
		}
	}
	return text
}

func (s Side) dates(q *Requirement) string {
	text := span(q.From, q.Until)
	if q.Enforced != DayMin {
		text += ", enforced from " + q.Enforced.String()
	}
	return text
}

func (s Side) operations(values []int) string {
	op := s.Vocab.Facts[s.Vocab.op]
	out := make([]string, len(values))
	for i, n := range values {
		out[i] = op.Values[n].Name
	}
	return strings.Join(out, ", ")
}

func (s Side) period(q *Requirement) string {
	switch {
	case q.KeepMin.N > 0:
		return "at least " + q.KeepMin.String() + " since " + s.Vocab.Facts[q.Since].Name
	case q.KeepMax.N > 0:
		return "at most " + q.KeepMax.String() + " since " + s.Vocab.Facts[q.Since].Name
	}
	return ""
}

// branch adds an exception: when it holds, its conditions, and what it cites.
func (s Side) branch(x *item, b *Branch) {
	id := b.ID
	if b.Permit != "" {
		id = "permit " + b.Permit
	}
	says := []string{}
	say := func(word, text string) {
		if text != "" {
			says = append(says, word+text)
		}
	}
	if b.Settled {
		say("", "settled")
	}
	say("claim ", s.cond(b.Claim))
	say("when ", s.cond(b.When))
	say("edges ", b.EdgeSet)
	if b.To != 0 {
		say("to ", s.Vocab.Facts[b.To].Name)
	}
	if b.RecognisesAny {
		say("recognises ", "any")
	}
	say("recognises ", s.codes(b.Recognises))
	x.put("exception", id, cmp.Or(strings.Join(says, "; "), "as the permit says"))
	s.conditions(x, id, b.Conditions)
	x.put("citations", id, strings.Join(b.Cites, "; "))
	x.texts(id, b.Text)
}

func (s Side) conditions(x *item, of string, list []Condition) {
	for i := range list {
		c := &list[i]
		text := c.Text["en"]
		if c.Action != nil {
			text += " [" + actionText(c.Action) + "]"
		}
		if c.Due != nil {
			// The operand stands alone in the file; the atom compares the date with it.
			text += " due " + strings.TrimPrefix(s.Vocab.AtomText(c.Due), s.Vocab.Facts[c.Due.Fact].Name+" "+c.Due.Cmp.String()+" ")
		}
		if c.Standing {
			text += " (standing)"
		}
		x.put("condition", strings.TrimPrefix(of+"/"+c.ID, "/"), text)
		x.put("citations", strings.TrimPrefix(of+"/"+c.ID, "/"), strings.Join(c.Cites, "; "))
	}
}

func (s Side) meanwhile(q *Requirement) string {
	var out []string
	for i := range q.Restrict {
		out = append(out, actionText(&q.Restrict[i]))
	}
	if who := q.Who["en"]; who != "" {
		out = append(out, who)
	}
	return strings.Join(append(out, q.WhoCites...), "; ")
}

// actionText is an action with its parameters in the order of their names.
func actionText(a *Action) string {
	text := a.Type
	for _, k := range sortedKeys(a.Params) {
		v, err := json.Marshal(a.Params[k])
		if err == nil {
			text += " " + k + "=" + string(v)
		}
	}
	return text
}

// DiffVocabulary lists the facts, values and operations that one vocabulary has and the
// other lacks, and facts whose type or role is another.
func DiffVocabulary(a, b *Vocabulary) []Change {
	list := func(v *Vocabulary) map[string]item {
		out := map[string]item{}
		for _, f := range v.Facts[1:] {
			x := item{what: "fact", id: f.Name, title: f.Text}
			x.put("type", "", f.Kind.String())
			x.put("role", "", string(f.Role))
			for i := range f.Values {
				x.put("value", f.Values[i].Name, "a value")
			}
			out[x.key()] = x
		}
		return out
	}
	var out []Change
	was, is := list(a), list(b)
	for _, k := range sortedKeys(is) {
		x := is[k]
		if _, ok := was[k]; !ok {
			out = append(out, Change{Added, x.what, x.id, x.title, nil})
		} else if parts := compare(was[k].parts, x.parts); len(parts) > 0 {
			out = append(out, Change{Changed, x.what, x.id, x.title, parts})
		}
	}
	for _, k := range sortedKeys(was) {
		if x := was[k]; is[k].what == "" {
			out = append(out, Change{Removed, x.what, x.id, x.title, nil})
		}
	}
	return out
}
