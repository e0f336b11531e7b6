// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"fmt"
	"slices"
	"strings"
)

// absence is something that does not exist and is referred to: its kind and name, by what,
// and in which pack that stands.
type absence struct{ kind, name, by, pack string }

// maxReferrers bounds those who are named as referring to one thing.
const maxReferrers = 4

// Blame turns findings in other packs, about what old defined and p, which took its place,
// does not, into findings in p: the others did not change.
func Blame(old, p *Pack, probs *Problems) {
	had, has := defines(old), defines(p)
	type loss struct{ kind, name string }
	var lost []loss
	by := map[loss][]string{}
	*probs = slices.DeleteFunc(*probs, func(x Problem) bool {
		name := x.absent.name
		if x.absent.kind == "instrument" {
			name = instrumentOf(old, name)
		}
		key := loss{x.absent.kind, name}
		if x.absent.pack == p.ID || !had[x.absent.kind+" "+name] || has[x.absent.kind+" "+name] {
			return false
		}
		if by[key] == nil {
			lost = append(lost, key)
		}
		by[key] = append(by[key], fmt.Sprintf("%s (%s)", x.absent.by, x.Pos))
		return true
	})
	for _, x := range lost {
		who := by[x]
		more := ""
		if n := len(who) - maxReferrers; n > 0 {
			who, more = who[:maxReferrers], fmt.Sprintf(" and %d more", n)
		}
		probs.add(p.Pos, "define it, with until where it no longer holds, or give the pack an id of its own",
			"pack %s, which takes the place of another version, does not define %s %s, to which others refer: %s%s", p.ID, x.kind, x.name, strings.Join(who, ", "), more)
	}
}

// defines lists what other packs can refer to.
func defines(p *Pack) map[string]bool {
	out := map[string]bool{}
	for _, q := range p.Requirements {
		out["requirement "+q.ID] = true
		if q.Kind == Permit {
			out["permit "+q.ID] = true
		}
	}
	for _, e := range p.Edges {
		out["edge set "+e.Set] = true
	}
	for _, in := range p.Instruments {
		out["instrument "+in.Cite] = true
	}
	return out
}

// instrumentOf is the instrument of a pack to which a citation belongs.
func instrumentOf(p *Pack, cite string) string {
	for _, in := range p.Instruments {
		if rest, ok := strings.CutPrefix(cite, in.Cite); ok && (rest == "" || rest[0] == ' ') {
			return in.Cite
		}
	}
	return ""
}
