// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/comity-project/comity"
)

// printDecision is the answer for people: the effect first, then why, under which
// conditions, until when and by which provisions; what else applies stands last.
func printDecision(s *screen, d *comity.Decision) {
	s.printf("%s  on %s\n", s.paint(effectStyles[d.Effect], headline(d)), shortTime(d.At))
	printWhy(s, d)
	printConditions(s, d)
	if d.ValidUntil != nil {
		s.row("valid until", strong, shortTime(*d.ValidUntil))
	}
	s.row("citations", plain, cites(d.Citations))
	for _, kind := range slices.Sorted(maps.Keys(d.Regions)) {
		places := strings.Join(d.Regions[kind], " ")
		if places == "" {
			places = "no place is lawful"
		}
		s.row("regions", plain, kind+": "+places)
	}
	for _, kind := range slices.Sorted(maps.Keys(d.RegionsUnsure)) {
		s.row("unsure", plain, kind+": "+strings.Join(d.RegionsUnsure[kind], " "))
	}
	for _, x := range d.Duties {
		s.row("duty", plain, x.Requirement+" "+x.Text+by(x.Due)+ofParts(x.Parts)+cited(x.Citations))
	}
	for _, x := range d.Overridden {
		s.row("overridden", plain, fmt.Sprintf("%s: %s was given, %s is used, from %s", x.Fact, value(x.Given), value(x.Used), x.Source))
	}
	for _, line := range d.Explanation {
		s.row("explained", plain, line)
	}
	for _, line := range d.Warnings {
		s.row("warning", yellow, line)
	}
	if d.Record != nil {
		s.row("record", plain, recordPlace(d.Record))
	}
}

// recordPlace says where a decision stands in a log.
func recordPlace(r *comity.Record) string {
	switch {
	case r.Index == nil:
		return r.Log + ", written later"
	case r.Sub != nil:
		return fmt.Sprintf("%s, entry %d, part %d", r.Log, *r.Index, *r.Sub)
	}
	return fmt.Sprintf("%s, entry %d", r.Log, *r.Index)
}

func headline(d *comity.Decision) string {
	head := strings.ToUpper(string(d.Effect))
	switch {
	case d.Effect == comity.Allow && len(d.Conditions) > 0:
		head += " with " + count(len(d.Conditions), "condition")
	case d.About == "state" && d.Effect == comity.Deny:
		head += ": this state does not comply"
	}
	return head
}

// printWhy says what the effect rests on: what stops the operation, or what lets it pass.
func printWhy(s *screen, d *comity.Decision) {
	for _, v := range d.Violations {
		s.row("violates", strong, v.Requirement+ofParts(v.Parts))
		s.row("", plain, v.Why)
		s.row("", faint, cites(v.Citations))
		s.row("because", plain, facts(v.Facts))
	}
	printRemedies(s, d.Violations)
	for _, c := range d.Conflicts {
		s.row("conflict", strong, strings.Join(c.Requirements, " against ")+ofParts(c.Parts))
		s.row("", plain, c.Why)
		s.row("", faint, cites(c.Citations))
		s.row("decides", plain, c.Who)
		for _, a := range c.Restrict {
			s.row("meanwhile", plain, action(a))
		}
		if c.Case != nil {
			s.row("case", plain, strings.TrimSpace(c.Case.ID+" "+c.Case.URL)+by(c.Case.Due))
		}
	}
	for _, q := range d.Questions {
		s.row("open", strong, q.Requirement+ofParts(q.Parts))
		s.row("", plain, q.Text)
		s.row("", faint, cites(q.Citations))
		s.row("decides", plain, q.Who)
	}
	for _, m := range d.Missing {
		text := m.Fact + ofParts(m.Parts)
		if len(m.NeededBy) > 0 {
			text += ", for " + strings.Join(m.NeededBy, ", ")
		}
		s.row("missing", plain, text)
	}
	for _, g := range d.Grounds {
		s.row("ground", strong, g.Requirement+": "+g.Branch+ofParts(g.Parts))
		s.row("", faint, cites(g.Citations))
	}
	for _, o := range d.Outside {
		s.row("outside", strong, o.Pack+": "+o.ID+ofParts(o.Parts))
		s.row("", plain, o.Text)
		s.row("", faint, cites(o.Citations))
	}
	if d.Effect == comity.Allow && len(d.Grounds)+len(d.Outside) == 0 {
		s.row("because", plain, nothingStops(d))
	}
	if d.Effect == comity.Allow && len(d.NotAtIssue) > 0 {
		s.row("not asked", plain, strings.Join(d.NotAtIssue, ", ")+": nothing was said about the exceptions; --missing review asks for them")
	}
}

// printConditions lists what an allow asks for. Under a denial there is nothing to meet;
// beside a review they show what may be asked for once it is allowed.
func printConditions(s *screen, d *comity.Decision) {
	if d.Effect == comity.Deny {
		return
	}
	pending := ""
	if d.Effect == comity.Review {
		pending = " (without effect until the review allows it)"
	}
	for i, c := range d.Conditions {
		s.row(numbered("condition", i, len(d.Conditions)), plain, c.Text+by(c.Due)+ofParts(c.Parts)+pending)
		s.row("", faint, cites(c.Citations))
	}
}

// printRemedies lists each remedy once: it cures all violations and stands under each.
func printRemedies(s *screen, list []comity.Violation) {
	var seen []string
	for _, v := range list {
		for _, r := range v.Remedies {
			if !slices.Contains(seen, r.Text) {
				seen = append(seen, r.Text)
				s.row("remedy", plain, r.Text+cited(r.Citations))
			}
		}
	}
}

// nothingStops is the reason of an allow that rests on no exception.
func nothingStops(d *comity.Decision) string {
	if len(d.Applicable) == 0 {
		return cmp.Or(strings.Join(d.Unbound, " "), "no requirement of the packs binds this operation")
	}
	return "nothing that applies is violated: " + strings.Join(d.Applicable, ", ")
}

func numbered(label string, i, of int) string {
	if of == 1 {
		return label
	}
	return fmt.Sprintf("%s %d", label, i+1)
}

func by(due string) string {
	if due == "" {
		return ""
	}
	return " (by " + due + ")"
}

// ofParts names the parts of a question that something comes from, numbered as in JSON.
func ofParts(parts []int) string {
	if len(parts) == 0 {
		return ""
	}
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = fmt.Sprint(p)
	}
	noun := " (part "
	if len(parts) > 1 {
		noun = " (parts "
	}
	return noun + strings.Join(names, ", ") + ")"
}

// facts writes facts in one line, in the order of their names.
func facts(m map[string]any) string {
	out := make([]string, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, strings.ReplaceAll(name+" is "+value(m[name]), " ", hardSpace))
	}
	return strings.Join(out, ", ")
}

// value writes a fact's value; a list is what all stands in it.
func value(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case []string:
		return cmp.Or(strings.Join(x, " + "), "none")
	case []any:
		out := make([]string, len(x))
		for i := range x {
			out[i] = value(x[i])
		}
		return cmp.Or(strings.Join(out, " + "), "none")
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func action(a comity.Action) string {
	var params []string
	for _, name := range slices.Sorted(maps.Keys(a.Params)) {
		params = append(params, name+": "+value(a.Params[name]))
	}
	if len(params) == 0 {
		return a.Type
	}
	return a.Type + " (" + strings.Join(params, ", ") + ")"
}

// shortTime is a day where the time stands for one (its noon), else the instant.
func shortTime(t time.Time) string {
	if h, m, s := t.UTC().Clock(); h == 12 && m == 0 && s == 0 || h == 0 && m == 0 && s == 0 {
		return t.UTC().Format(time.DateOnly)
	}
	return t.UTC().Format(time.RFC3339)
}
