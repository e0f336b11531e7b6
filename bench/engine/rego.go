// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import (
	"fmt"
	"strconv"
	"strings"
)

// regoRules writes the set as one rule per requirement, of literals only, so
// that OPA's rule indexer finds the few that a context can meet. Two choices
// matter. The heads are members of partial sets, since rules with an object key
// of their own (`applicable["R-1"] := ...`) share no index and take OPA a
// millisecond at 1,000. And a requirement with several values is either one
// rule with `in` (expand false) or one for each combination of its values in the
// first four facts; to expand all eight triples the rules and gains nothing.
func regoRules(s *Set, expand bool) string {
	var b strings.Builder
	b.WriteString("package comity\n\n")
	for i, r := range s.Requirements {
		for _, body := range regoBodies(s, r, expand) {
			if r.Forbid {
				fmt.Fprintf(&b, "forbidden contains %q if { %s }\n", ID(i), body)
			} else {
				fmt.Fprintf(&b, "qualified contains [%q, %q] if { %s }\n", ID(i), ConditionID(i), body)
			}
		}
	}
	return b.String()
}

// regoBodies writes the condition of one requirement as one or more rule bodies.
// A list is always expanded: `"a" in input.x` is indexed, an intersection is not.
func regoBodies(s *Set, r Requirement, expand bool) []string {
	bodies := [][]string{nil}
	for d, named := range r.Values {
		if named == nil {
			continue
		}
		dim := s.Dimensions[d]
		var ways []string
		switch {
		case dim.Values > 1:
			for _, v := range named {
				ways = append(ways, fmt.Sprintf("%q in input.%s", dim.Value(v), dim.Name))
			}
		case expand && d < 4 || len(named) == 1:
			for _, v := range named {
				ways = append(ways, fmt.Sprintf("input.%s == %q", dim.Name, dim.Value(v)))
			}
		default:
			ways = append(ways, fmt.Sprintf("input.%s in {%s}", dim.Name, strings.Join(quoted(dim, named), ", ")))
		}
		bodies = product(bodies, ways)
	}
	out := make([]string, len(bodies))
	for i, body := range bodies {
		out[i] = strings.Join(append(body, regoDates(r)...), "; ")
	}
	return out
}

func regoDates(r Requirement) []string {
	var terms []string
	if r.From != 0 {
		terms = append(terms, fmt.Sprintf("input.date >= %d", r.From))
	}
	if r.Until != 0 {
		terms = append(terms, fmt.Sprintf("input.date < %d", r.Until))
	}
	return terms
}

// product appends each of the ways to each of the bodies.
func product(bodies [][]string, ways []string) [][]string {
	var out [][]string
	for _, body := range bodies {
		for _, way := range ways {
			out = append(out, append(body[:len(body):len(body)], way))
		}
	}
	return out
}

func quoted(dim Dimension, values []int) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = strconv.Quote(dim.Value(v))
	}
	return out
}

// regoComprehension is the policy over requirements as data: data.forbid and
// data.qualify hold, per dimension and value, the requirements that name the
// value or do not name the dimension. The body walks those of the first
// dimension and looks each up in the others, which is far faster than to walk
// all requirements.
func regoComprehension(s *Set) string {
	var b strings.Builder
	b.WriteString("package comity\n\n")
	for _, rule := range []struct{ name, head, from string }{
		{"forbidden", "id", "forbid"}, {"qualified", "[id, condition]", "qualify"},
	} {
		fmt.Fprintf(&b, "%s := {%s |\n", rule.name, rule.head)
		for d, dim := range s.Dimensions {
			value := "input." + dim.Name
			if dim.Values > 1 {
				value = "v_" + dim.Name
				fmt.Fprintf(&b, "\tsome %s in input.%s\n", value, dim.Name)
			}
			table := fmt.Sprintf("data.%s.%s[%s]", rule.from, dim.Name, value)
			if d == 0 {
				fmt.Fprintf(&b, "\tsome id, condition in %s\n", table)
			} else {
				fmt.Fprintf(&b, "\t%s[id]\n", table)
			}
		}
		if s.Dated {
			b.WriteString("\tdata.dates[id].from <= input.date\n\tinput.date < data.dates[id].until\n")
		}
		b.WriteString("}\n\n")
	}
	return b.String()
}

// regoData is the data that regoComprehension reads.
func regoData(s *Set) map[string]any {
	tables := map[bool]map[string]any{true: {}, false: {}}
	for d, dim := range s.Dimensions {
		for _, table := range tables {
			values := map[string]any{}
			for v := range dim.Size {
				values[dim.Value(v)] = map[string]any{}
			}
			table[dim.Name] = values
		}
		for i, r := range s.Requirements {
			named := r.Values[d]
			if named == nil {
				named = all(dim.Size)
			}
			values := tables[r.Forbid][dim.Name].(map[string]any)
			for _, v := range named {
				values[dim.Value(v)].(map[string]any)[ID(i)] = ConditionID(i)
			}
		}
	}
	dates := map[string]any{}
	for i, r := range s.Requirements {
		until := r.Until
		if until == 0 {
			until = lastDay + 1
		}
		dates[ID(i)] = map[string]any{"from": r.From, "until": until}
	}
	return map[string]any{"forbid": tables[true], "qualify": tables[false], "dates": dates}
}

// all lists the numbers below n.
func all(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
