// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// remedy words a way: what the caller sets himself, and what a process has to obtain.
func (p *Program) remedy(w *way) comity.Remedy {
	r := comity.Remedy{Set: map[string]any{}}
	var room [256]byte
	text := room[:0]
	for i, c := range w.set() {
		def := p.facts[c.fact].def
		val := p.fixValue(c)
		if i > 0 {
			text = append(text, "; "...)
		}
		if def.Control != pack.ControlCaller {
			if r.Obtain == nil {
				r.Obtain = map[string]any{}
			}
			r.Obtain[def.Name] = val
			text = append(append(append(text, "obtain "...), def.Name...), ": "...)
		} else {
			r.Set[def.Name] = val
			text = append(append(append(text, "set "...), def.Name...), " to "...)
		}
		text = append(text, textOf(val)...)
	}
	if w.branch != nil {
		if t := w.branch.Text[lang]; t != "" {
			text = append(append(append(text, " ("...), strings.TrimSuffix(t, ".")...), ')')
		}
		r.Citations = slices.Clone(w.branch.Cites)
	}
	r.Text = string(text)
	return r
}

// textOf writes a value in a sentence.
func textOf(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case bool:
		return strconv.FormatBool(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case []string:
		return strings.Join(x, " + ")
	}
	return fmt.Sprint(v)
}

func (p *Program) fixValue(c fix) any {
	def := p.facts[c.fact].def
	switch def.Kind {
	case pack.KindBool:
		return c.num == 1
	case pack.KindEnum, pack.KindRegion:
		return p.valueNames[c.fact][c.item]
	case pack.KindDay:
		return pack.Day(c.num).String()
	}
	return c.num
}
