// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/comity-project/comity"
)

// printDecision is the answer for people: the effect first, then why, under which
// conditions, until when, with citations.
func printDecision(w io.Writer, d *comity.Decision) {
	head := strings.ToUpper(string(d.Effect))
	if d.Effect == comity.Allow && len(d.Conditions) > 0 {
		head += " with conditions"
	}
	if d.About == "state" && d.Effect == comity.Deny {
		head += " (this state does not comply)"
	}
	fmt.Fprintf(w, "%s  on %s\n", head, d.At.Format("2006-01-02"))
	cites := func(c []string) string {
		if len(c) == 0 {
			return ""
		}
		return " [" + strings.Join(c, "; ") + "]"
	}
	for _, v := range d.Violations {
		fmt.Fprintf(w, "  violates   %s%s\n             %s\n", v.Requirement, cites(v.Citations), v.Why)
		for _, r := range v.Remedies {
			fmt.Fprintf(w, "    remedy   %s%s\n", r.Text, cites(r.Citations))
		}
	}
	for _, c := range d.Conflicts {
		fmt.Fprintf(w, "  conflict   %s%s\n             %s\n    who      %s\n", strings.Join(c.Requirements, " against "), cites(c.Citations), c.Why, c.Who)
		for _, a := range c.Restrict {
			fmt.Fprintf(w, "    meanwhile %s %v\n", a.Type, a.Params)
		}
	}
	for _, q := range d.Questions {
		fmt.Fprintf(w, "  open       %s%s\n             %s\n", q.Requirement, cites(q.Citations), q.Text)
	}
	for _, m := range d.Missing {
		need := ""
		if len(m.NeededBy) > 0 {
			need = " (needed by " + strings.Join(m.NeededBy, ", ") + ")"
		}
		fmt.Fprintf(w, "  missing    %s%s\n", m.Fact, need)
	}
	for _, c := range d.Conditions {
		due := ""
		if c.Due != "" {
			due = " by " + c.Due
		}
		fmt.Fprintf(w, "  condition  %s%s%s\n", c.Text, due, cites(c.Citations))
	}
	for _, g := range d.Grounds {
		fmt.Fprintf(w, "  ground     %s/%s%s\n", g.Requirement, g.Branch, cites(g.Citations))
	}
	for _, o := range d.Outside {
		fmt.Fprintf(w, "  outside    %s: %s%s\n", o.Pack, o.Text, cites(o.Citations))
	}
	for _, x := range d.Duties {
		fmt.Fprintf(w, "  duty       %s: %s%s\n", x.Requirement, x.Text, cites(x.Citations))
	}
	for kind, list := range d.Regions {
		fmt.Fprintf(w, "  regions    %s: %s\n", kind, strings.Join(list, " "))
	}
	if d.ValidUntil != nil {
		fmt.Fprintf(w, "  valid until %s\n", d.ValidUntil.Format("2006-01-02 15:04 MST"))
	}
	if len(d.Citations) > 0 {
		fmt.Fprintf(w, "  cites      %s\n", strings.Join(d.Citations, "; "))
	}
	for _, s := range d.Explanation {
		fmt.Fprintf(w, "  because    %s\n", s)
	}
}
