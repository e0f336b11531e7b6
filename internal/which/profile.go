// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package which

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// Everywhere is the value of a list of regions that stands for every place.
const Everywhere = "everywhere"

// value is what is said or supposed of one fact: its type says which field counts.
type value struct {
	yes    bool
	num    int64
	places []string
	// all marks a list that was given as everywhere.
	all bool
}

// profile is what is said or supposed of a business, by the name of the fact.
type profile map[string]value

// Business is what a business says of itself; what it does not say is open.
type Business struct {
	q     *Questions
	given profile
	// Given are the facts as they were given, for the answer.
	Given map[string]any
}

// NewBusiness reads facts. Values are bools, integers, texts and lists of texts; texts are
// read as what the fact needs. The vocabulary knows the regions.
func (q *Questions) NewBusiness(v *pack.Vocabulary, facts map[string]any) (*Business, error) {
	b := &Business{q: q, given: profile{}, Given: facts}
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		f := q.fact(name)
		if f == nil {
			return nil, &comity.Error{Code: comity.CodeUnknown, Op: name, Err: fmt.Errorf("unknown fact %q about a business", pack.Short(name)), Remedy: orList(pack.Suggest(name, q.Names()))}
		}
		val, err := f.parse(v.Regions(), facts[name])
		if err != nil {
			return nil, err
		}
		b.given[name] = val
	}
	for _, f := range q.Facts {
		said, ok := b.given[f.Name]
		if f.Everywhere == "" || !ok {
			continue
		}
		list, listed := b.given[f.Everywhere]
		switch {
		case said.yes:
			b.given[f.Everywhere] = value{places: list.places, all: true}
		case listed && list.all:
			return nil, &comity.Error{Code: comity.CodeConflict, Op: f.Name, Err: fmt.Errorf("%s is false, but %s is %s", f.Name, f.Everywhere, Everywhere), Remedy: "give one of them"}
		}
	}
	for _, f := range q.Facts {
		if list, ok := b.given[f.Everywhere]; ok && f.Everywhere != "" {
			b.given[f.Name] = value{yes: list.all}
		}
	}
	return b, nil
}

func orList(remedy string) string {
	if remedy == "" {
		return "comity which --facts lists them"
	}
	return remedy
}

func (f *Fact) fault(format string, args ...any) error {
	remedy := map[string]string{
		typeBool: "write true or false", typeInt: "write a whole number",
		typeRegions: "write codes of ISO 3166 or groups, such as DE,US-CA,EU, or everywhere, or none",
	}[f.Type]
	return &comity.Error{Code: comity.CodeInvalid, Op: f.Name, Err: fmt.Errorf(format, args...), Remedy: remedy}
}

func (f *Fact) parse(regions *pack.Regions, given any) (value, error) {
	text := fmt.Sprint(given)
	switch f.Type {
	case typeBool:
		switch text {
		case "true", "yes":
			return value{yes: true}, nil
		case "false", "no":
			return value{}, nil
		}
		return value{}, f.fault("%q is neither true nor false", pack.Short(text))
	case typeInt:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return value{}, f.fault("%q is no number from 0", pack.Short(text))
		}
		return value{num: n}, nil
	}
	var val value
	codes := words(given)
	if len(codes) == 0 {
		return val, f.fault("no place is given")
	}
	for _, code := range codes {
		switch _, ok := regions.Lookup(code); {
		case code == "none":
		case code == Everywhere || code == pack.World:
			val.all = true
		case !ok:
			err := f.fault("unknown region %q", pack.Short(code)).(*comity.Error) //nolint:errorlint // made here
			err.Remedy = regions.Suggest(code)
			err.Code = comity.CodeUnknown
			return val, err
		case !slices.Contains(val.places, code):
			val.places = append(val.places, code)
		}
	}
	return val, nil
}

// words splits a text at commas, or takes a list as it is.
func words(given any) []string {
	var out []string
	switch x := given.(type) {
	case []any:
		for _, v := range x {
			out = append(out, fmt.Sprint(v))
		}
	case []string:
		out = x
	default:
		for _, w := range strings.Split(fmt.Sprint(x), ",") {
			if w = strings.TrimSpace(w); w != "" {
				out = append(out, w)
			}
		}
	}
	return out
}

// wide is the value that brings the most regimes, with these places for a list.
func (f *Fact) wide(places []string) value {
	switch f.Type {
	case typeRegions:
		return value{places: places}
	case typeInt:
		n, _ := f.Wide.(int)
		return value{num: int64(n)}
	}
	no, isBool := f.Wide.(bool)
	return value{yes: !isBool || no}
}

// narrow is the value that brings the fewest.
func (f *Fact) narrow() value {
	if f.Type == typeBool {
		return value{yes: !f.wide(nil).yes}
	}
	return value{}
}

// base supposes the narrow value of every fact that was not given.
func (b *Business) base(everywhere []string) profile {
	p := profile{}
	for _, f := range b.q.Facts {
		v, ok := b.given[f.Name]
		if !ok {
			v = f.narrow()
		}
		if v.all {
			v.places = everywhere
		}
		p[f.Name] = v
	}
	return p
}

// change is another value of one fact: one that was not given, or (hard) another one than
// was given.
type change struct {
	fact *Fact
	to   value
	hard bool
}

// with is the profile after changes; places are added to those that are there.
func (p profile) with(changes ...change) profile {
	out := maps.Clone(p)
	for _, c := range changes {
		v := c.to
		if c.fact.Type == typeRegions {
			v.places = slices.Clone(out[c.fact.Name].places)
			for _, code := range c.to.places {
				if !slices.Contains(v.places, code) {
					v.places = append(v.places, code)
				}
			}
		}
		out[c.fact.Name] = v
	}
	return out
}

// changes lists what would widen a profile towards places: soft where nothing was said or
// a place lies within one that was given, hard where the contrary was said.
func (b *Business) changes(regions *pack.Regions, on pack.Day, places []string) (soft, hard []change) {
	for _, f := range b.q.Facts {
		said, ok := b.given[f.Name]
		switch {
		case f.Everywhere != "":
		case !ok:
			if f.Type != typeRegions || len(places) > 0 {
				soft = append(soft, change{fact: f, to: f.wide(places)})
			}
		case f.Type == typeRegions:
			inside, outside := split(regions, on, places, said)
			if len(inside) > 0 {
				soft = append(soft, change{fact: f, to: value{places: inside}})
			}
			if len(outside) > 0 {
				hard = append(hard, change{fact: f, to: value{places: outside}, hard: true})
			}
		default:
			if w := f.wide(nil); w.yes != said.yes || w.num > said.num {
				hard = append(hard, change{fact: f, to: w, hard: true})
			}
		}
	}
	return soft, hard
}

// split tells the places that lie within a given one, of which it was not said whether
// they are meant, from those that lie elsewhere.
func split(regions *pack.Regions, on pack.Day, places []string, said value) (inside, outside []string) {
	if said.all {
		return nil, nil
	}
	var given []pack.RegionID
	for _, code := range said.places {
		id, _ := regions.Lookup(code)
		given = append(given, id)
	}
	for _, code := range places {
		id, _ := regions.Lookup(code)
		switch {
		case slices.Contains(said.places, code):
		case len(given) > 0 && regions.In(id, given, on) == pack.True:
			inside = append(inside, code)
		default:
			outside = append(outside, code)
		}
	}
	return inside, outside
}
