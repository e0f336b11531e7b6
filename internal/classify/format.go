// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"errors"
	"fmt"
	"strings"
)

// The format language of detectors: # is a digit, @ a letter of either case, * either of
// them, [AB1-3] one of a set, {3} or {2,4} repeats what stands before it, ? makes it
// optional, \ takes the next character as it is. Space, dot, dash, slash and colon are separators. _ stands for a separator that
// may be left out; all _ of one number are alike. Anything else is itself.
//
// A format becomes a few fixed-length shapes. That is what keeps matching linear and
// cheap: a candidate is compared only with the shapes of its length and its separators.

// Limits of one format, so that a file of detectors cannot take the machine.
const (
	maxShapeLen = 64
	maxShapes   = 512
)

// set is a set of ASCII characters.
type set [2]uint64

func (s set) has(c byte) bool { return c < 128 && s[c>>6]&(1<<(c&63)) != 0 }

func (s *set) add(c byte) {
	if c < 128 {
		s[c>>6] |= 1 << (c & 63)
	}
}

func (s *set) addRange(lo, hi byte) {
	for c := int(lo); c <= int(hi); c++ {
		s.add(byte(c))
	}
}

// shape is one fixed-length form of a format.
type shape []set

// shapeKey is what a candidate and the shapes that it may match have in common: length
// and places of separators.
type shapeKey struct {
	seps uint64
	n    int
}

func isSeparator(c byte) bool {
	return c == ' ' || c == '-' || c == '.' || c == '/' || c == ':' || c == '+'
}

func (s shape) key() shapeKey {
	k := shapeKey{n: len(s)}
	for i, set := range s {
		for c := range byte(128) {
			if isSeparator(c) && set.has(c) {
				k.seps |= 1 << i
			}
		}
	}
	return k
}

func (s shape) matches(text string) bool {
	for i, set := range s {
		if !set.has(text[i]) {
			return false
		}
	}
	return true
}

// compile makes the shapes of a format.
func compileFormat(format string) ([]shape, error) {
	variants := []string{format}
	if strings.Contains(format, "_") {
		variants = variants[:0]
		for _, sep := range []string{"", " ", "-", "."} {
			variants = append(variants, strings.ReplaceAll(format, "_", sep))
		}
	}
	var all []shape
	for _, v := range variants {
		shapes, err := expand(v)
		if err != nil {
			return nil, fmt.Errorf("format %q: %w", format, err)
		}
		for _, s := range shapes {
			all = append(all, split(s)...)
		}
		if len(all) > maxShapes {
			return nil, fmt.Errorf("format %q has more than %d shapes", format, maxShapes)
		}
	}
	return all, nil
}

// split makes two shapes of one that may have a separator or something else in a place, so
// that each has its separators in known places.
func split(s shape) []shape {
	for i, one := range s {
		var sep, other set
		for c := range byte(128) {
			switch {
			case one.has(c) && isSeparator(c):
				sep.add(c)
			case one.has(c):
				other.add(c)
			}
		}
		if sep != (set{}) && other != (set{}) {
			a, b := append(shape{}, s...), append(shape{}, s...)
			a[i], b[i] = sep, other
			return append(split(a), split(b)...)
		}
	}
	return []shape{s}
}

// compact is the shape without its separators.
func (s shape) compact() shape {
	var out shape
	for _, one := range s {
		sep := false
		for c := range byte(128) {
			sep = sep || one.has(c) && isSeparator(c)
		}
		if !sep {
			out = append(out, one)
		}
	}
	return out
}

func expand(format string) ([]shape, error) {
	shapes := []shape{nil}
	for i := 0; i < len(format); {
		one, next, err := element(format, i)
		if err != nil {
			return nil, err
		}
		lo, hi, next, err := repeats(format, next)
		if err != nil {
			return nil, err
		}
		var grown []shape
		for _, s := range shapes {
			for n := lo; n <= hi; n++ {
				g := append(shape{}, s...)
				for range n {
					g = append(g, one)
				}
				if len(g) > maxShapeLen {
					return nil, fmt.Errorf("longer than %d characters", maxShapeLen)
				}
				grown = append(grown, g)
			}
			if len(grown) > maxShapes {
				return nil, fmt.Errorf("more than %d shapes", maxShapes)
			}
		}
		shapes, i = grown, next
	}
	if len(shapes[0]) == 0 {
		return nil, errors.New("matches nothing")
	}
	return shapes, nil
}

// element reads one element of a format and says where the next begins.
func element(format string, i int) (one set, next int, err error) {
	switch c := format[i]; c {
	case '#':
		one.addRange('0', '9')
	case '@':
		one.addRange('A', 'Z')
		one.addRange('a', 'z')
	case '*':
		one.addRange('0', '9')
		one.addRange('A', 'Z')
		one.addRange('a', 'z')
	case '[':
		end := strings.IndexByte(format[i:], ']')
		if end < 2 {
			return one, 0, errors.New("[ without its set")
		}
		in := format[i+1 : i+end]
		for j := 0; j < len(in); j++ {
			if j+2 < len(in) && in[j+1] == '-' {
				one.addRange(in[j], in[j+2])
				j += 2
			} else {
				one.add(in[j])
			}
		}
		one.foldCase()
		return one, i + end + 1, nil
	case '\\':
		if i+1 >= len(format) {
			return one, 0, errors.New("\\ at the end")
		}
		one.add(format[i+1])
		return one, i + 2, nil
	case '{', '}', ']', '?':
		return one, 0, fmt.Errorf("%q stands where an element is expected", c)
	default:
		if c >= 128 {
			return one, 0, errors.New("only ASCII characters can be matched")
		}
		one.add(c)
		one.foldCase()
	}
	return one, i + 1, nil
}

func (s *set) foldCase() {
	for c := byte('A'); c <= 'Z'; c++ {
		if s.has(c) || s.has(c+32) {
			s.add(c)
			s.add(c + 32)
		}
	}
}

// repeats reads {n}, {n,m} or ? if one is there.
func repeats(format string, i int) (lo, hi, next int, err error) {
	if i >= len(format) {
		return 1, 1, i, nil
	}
	switch format[i] {
	case '?':
		return 0, 1, i + 1, nil
	case '{':
		end := strings.IndexByte(format[i:], '}')
		if end < 0 {
			return 0, 0, 0, errors.New("{ without }")
		}
		in := format[i+1 : i+end]
		if n, scanErr := fmt.Sscanf(in, "%d,%d", &lo, &hi); scanErr != nil {
			if n != 1 {
				return 0, 0, 0, fmt.Errorf("{%s} is not a number or two", in)
			}
			hi = lo
		}
		if lo < 0 || hi < lo || hi > maxShapeLen {
			return 0, 0, 0, fmt.Errorf("{%s} is out of range", in)
		}
		return lo, hi, i + end + 1, nil
	}
	return 1, 1, i, nil
}
