// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"fmt"
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// Outcome is a decided case with what is wrong about the answer; no Faults means passed.
type Outcome struct {
	Case     Case
	Decision comity.Decision
	Err      error
	Faults   []string
	// Cited and Demanded count the must_cite entries that were met.
	Cited, Demanded int
}

// Run decides one case and compares the answer with what it expects.
func Run(e *engine.Engine, c Case) Outcome {
	o := Outcome{Case: c}
	o.Decision, o.Err = e.Decide(comity.Request{Facts: c.Facts, Parts: c.Parts, Missing: c.Missing, KnownAt: c.KnownAt})
	if o.Err != nil {
		o.Faults = append(o.Faults, o.Err.Error())
		return o
	}
	d := &o.Decision
	fault := func(format string, args ...any) { o.Faults = append(o.Faults, fmt.Sprintf(format, args...)) }
	if c.Effect != "" && d.Effect != c.Effect {
		fault("effect %s, expected %s", d.Effect, c.Effect)
	} else if c.Plain != nil && d.Effect == comity.Allow && *c.Plain != (len(d.Conditions) == 0) {
		fault("%s, expected %s", plainWord(len(d.Conditions) == 0), plainWord(*c.Plain))
	}
	for _, want := range c.MustCite {
		o.Demanded++
		if Cites(d.Citations, want) {
			o.Cited++
		} else {
			fault("%q is not cited", want)
		}
	}
	o.packFaults(fault)
	return o
}

func plainWord(plain bool) string {
	if plain {
		return "a plain allow"
	}
	return "an allow with conditions"
}

// packFaults checks what only pack cases say.
func (o *Outcome) packFaults(fault func(string, ...any)) {
	d, c := &o.Decision, &o.Case
	stopped := Stopped(d)
	for _, id := range c.Stops {
		if !slices.Contains(stopped, id) {
			fault("%s does not stop it", id)
		}
	}
	for _, id := range c.Passes {
		if slices.Contains(stopped, id) && !onlyDemands(d, id) {
			fault("%s stops it", id)
		}
	}
	for _, id := range c.Conditions {
		if !slices.ContainsFunc(d.Conditions, func(x comity.Condition) bool { return x.ID == id }) {
			fault("condition %s is missing", id)
		}
	}
	for _, g := range c.Grounds {
		if !slices.ContainsFunc(d.Grounds, func(x comity.Ground) bool { return x.Requirement+"/"+x.Branch == g }) {
			fault("ground %s is missing", g)
		}
	}
	for _, id := range c.Outside {
		if !slices.ContainsFunc(d.Outside, func(x comity.OutsideNode) bool { return x.ID == id }) {
			fault("outside %s is missing", id)
		}
	}
	for _, id := range c.Due {
		if !slices.ContainsFunc(d.Duties, func(x comity.Duty) bool { return x.Requirement == id }) {
			fault("duty %s is missing", id)
		}
	}
}

// Stopped lists the requirements that took effect against the operation: violated, in
// conflict, an open question, or adding conditions of their own.
func Stopped(d *comity.Decision) []string {
	var out []string
	for _, v := range d.Violations {
		out = append(out, v.Requirement)
	}
	for _, c := range d.Conflicts {
		out = append(out, c.Requirements...)
	}
	for _, q := range d.Questions {
		out = append(out, q.Requirement)
	}
	for _, c := range d.Conditions {
		if !slices.ContainsFunc(d.Grounds, func(g comity.Ground) bool { return g.Requirement == c.Requirement }) {
			out = append(out, c.Requirement)
		}
	}
	for _, m := range d.Missing {
		out = append(out, m.NeededBy...)
	}
	return out
}

// onlyDemands tells a requirement that is in a conflict only because it demands the act.
func onlyDemands(d *comity.Decision, id string) bool {
	for _, c := range d.Conflicts {
		if c.Requirements[0] == id {
			return false
		}
	}
	return !slices.ContainsFunc(d.Violations, func(v comity.Violation) bool { return v.Requirement == id }) && len(d.Conflicts) > 0
}

// Cites tells whether one of the alternatives in want ("A | B") is among the citations,
// matched on token boundaries: "GDPR Art. 45" is met by "GDPR Art. 45(1)", not by
// "GDPR Art. 4".
func Cites(citations []string, want string) bool {
	for _, alt := range strings.Split(want, "|") {
		alt = strings.TrimSpace(alt)
		for _, c := range citations {
			if i := strings.Index(c, alt); i >= 0 && boundary(c, i-1) && boundary(c, i+len(alt)) {
				return true
			}
		}
	}
	return false
}

func boundary(s string, i int) bool {
	if i < 0 || i >= len(s) {
		return true
	}
	c := s[i]
	return !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')
}

// Rate is a share with its counts.
type Rate struct {
	Right int     `json:"right"`
	Of    int     `json:"of"`
	Share float64 `json:"share"`
}

func (r *Rate) add(ok bool) {
	r.Of++
	if ok {
		r.Right++
	}
	r.Share = float64(r.Right) / float64(r.Of)
}

// Score is the measure of one set of cases: recall per effect, plain or conditional of
// the allowed, and citations.
type Score struct {
	Cases      int             `json:"cases"`
	Effects    map[string]Rate `json:"effects"`
	Macro      float64         `json:"macro"`
	Conditions Rate            `json:"conditions"`
	Citations  Rate            `json:"citations"`
	// Plain counts plain allows, where that is what all cases of the set expect.
	Plain Rate `json:"plain"`
	// DenyAll and AllowAll are the macro averages of the two trivial answers.
	DenyAll  float64 `json:"deny_all"`
	AllowAll float64 `json:"allow_all"`
}

// reviewMin is the number of reviews from which they count in the macro average.
const reviewMin = 15

// Measure scores outcomes.
func Measure(outcomes []Outcome) Score {
	s := Score{Cases: len(outcomes), Effects: map[string]Rate{}}
	for _, o := range outcomes {
		want := string(o.Case.Effect)
		if want == "" {
			continue
		}
		r := s.Effects[want]
		right := o.Err == nil && o.Decision.Effect == o.Case.Effect
		r.add(right)
		s.Effects[want] = r
		if o.Case.Effect == comity.Allow && o.Case.Plain != nil {
			plain := len(o.Decision.Conditions) == 0
			s.Conditions.add(right && plain == *o.Case.Plain)
			s.Plain.add(right && plain)
		}
		for i := 0; i < o.Demanded; i++ {
			s.Citations.add(i < o.Cited)
		}
		if o.Err != nil {
			for range o.Case.MustCite {
				s.Citations.add(false)
			}
		}
	}
	n := 0
	for _, e := range []string{"allow", "deny", "review"} {
		r, ok := s.Effects[e]
		if !ok || e == "review" && r.Of < reviewMin {
			continue
		}
		s.Macro += r.Share
		n++
	}
	if n > 0 {
		s.Macro /= float64(n)
		if _, ok := s.Effects["deny"]; ok {
			s.DenyAll = 1 / float64(n)
		}
		if _, ok := s.Effects["allow"]; ok {
			s.AllowAll = 1 / float64(n)
		}
	}
	return s
}
