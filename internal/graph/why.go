// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/comity-project/comity/internal/pack"
)

// clash says what two requirements do to each other.
func (g *Graph) clash(c *candidate) string {
	a, b := c.a, c.b
	var head string
	switch c.kind {
	case Demanded:
		head = fmt.Sprintf("%s forbids what %s demands.", a.ID, b.ID)
	case Apart:
		head = fmt.Sprintf("%s keeps the data in %s, and %s forbids to bring it there.", b.ID, g.listed(home(b)), a.ID)
	case Mirrored:
		head = fmt.Sprintf("Each forbids to obey an authority of the other side: an order from %s compels what %s protects, and one from %s what %s does.",
			g.order(b), a.ID, g.order(a), b.ID)
	default:
		head = fmt.Sprintf("Keeping %s takes an operation that %s forbids: %s", b.ID, a.ID, strings.TrimSuffix(c.entail.Text["en"], ".")+".")
	}
	return head
}

// between says why neither law gives way: weights rank only inside one order, and exceptions
// reach only as far as what they recognise.
func (g *Graph) between(a, b *pack.Rule) string {
	return fmt.Sprintf("Their legal orders, %s and %s, do not rank each other; %s recognises %s, and %s %s.",
		g.order(a), g.order(b), b.ID, g.recognised(b), a.ID, g.recognised(a))
}

// recognised says which laws the exceptions of a rule give way to.
func (g *Graph) recognised(r *pack.Rule) string {
	var orders []string
	for i := range r.Branches {
		for _, o := range r.Branches[i].Recognises {
			if code := g.m.Vocab.Regions().Code(o); !slices.Contains(orders, code) {
				orders = append(orders, code)
			}
		}
	}
	if len(orders) == 0 {
		return "no other law"
	}
	return "duties under the law of " + strings.Join(orders, ", ") + " only"
}

func (g *Graph) listed(set []pack.RegionID) string {
	codes := make([]string, len(set))
	for i, id := range set {
		codes[i] = g.m.Vocab.Regions().Code(id)
	}
	return strings.Join(codes, ", ")
}

// meanwhile says what to do until somebody decides.
func (g *Graph) meanwhile(c *candidate) string {
	for _, r := range []*pack.Rule{c.a, c.b} {
		if len(r.Req.Restrict) == 0 && len(r.Req.Who) == 0 {
			continue
		}
		out := "Restrict the data meanwhile"
		if len(r.Req.WhoCites) > 0 {
			out += " (" + strings.Join(r.Req.WhoCites, ", ") + ")"
		}
		if who := r.Req.Who["en"]; who != "" {
			out += "; " + strings.TrimSuffix(who, ".") + " decides"
		}
		return out + "."
	}
	switch c.kind {
	case Apart:
		return "Keep a copy at home of what arises there, and send nothing until a ground for the transfer is shown."
	case Entailed:
		return "Leave people under the other law out of the operation, or find a ground for it first."
	}
	return "Refrain from processing, disclosing and transferring the data until counsel of both orders has decided."
}
