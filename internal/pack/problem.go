// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Pos is a place in a source file; Line and Col count from 1, zero means unknown.
type Pos struct {
	File string
	Line int
	Col  int
}

func (p Pos) String() string {
	switch {
	case p.File == "" && p.Line == 0:
		return "input"
	case p.Line == 0:
		return p.File
	case p.File == "":
		return fmt.Sprintf("line %d, column %d", p.Line, p.Col)
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Col)
}

// Severity tells a finding that stops a pack from loading from one that does not.
type Severity uint8

// An Error stops loading, a Warning is reported by lint.
const (
	Error Severity = iota
	Warning
)

// Problem is one finding in a file, with what to do about it.
type Problem struct {
	Pos      Pos
	Msg      string
	Remedy   string
	Severity Severity
	// absent is what is referred to and not there; see Blame.
	absent absence
}

func (p Problem) String() string {
	s := p.Pos.String() + ": " + p.Msg
	if p.Remedy != "" {
		s += "; " + p.Remedy
	}
	return s
}

// Problems is a list of findings; as an error it prints one a line.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, 0, len(ps))
	for _, p := range ps {
		if p.Severity == Error {
			lines = append(lines, p.String())
		}
	}
	return strings.Join(lines, "\n")
}

// Err is ps if it holds an error, else nil.
func (ps Problems) Err() error {
	for _, p := range ps {
		if p.Severity == Error {
			return ps
		}
	}
	return nil
}

// full tells that no further finding is kept: a file that is wrong throughout gives a
// list that can be read.
func (ps *Problems) full() bool { return len(*ps) >= maxProblems }

// maxMessage bounds one message, in bytes: it may quote its input.
const maxMessage = 400

func (ps *Problems) put(p Problem) {
	if len(p.Msg) > maxMessage {
		p.Msg = strings.ToValidUTF8(p.Msg[:maxMessage], "") + " ..."
	}
	switch n := len(*ps); {
	case n < maxProblems-1:
		*ps = append(*ps, p)
	case n == maxProblems-1:
		*ps = append(*ps, Problem{Pos: p.Pos, Msg: "too many findings: the rest is left out", Remedy: "mend the first ones"})
	}
}

func (ps *Problems) add(pos Pos, remedy, format string, args ...any) {
	ps.put(Problem{Pos: pos, Msg: fmt.Sprintf(format, args...), Remedy: remedy})
}

// missing is a finding about something that is referred to and not there.
func (ps *Problems) missing(pos Pos, what absence, remedy, format string, args ...any) {
	ps.put(Problem{Pos: pos, Msg: fmt.Sprintf(format, args...), Remedy: remedy, absent: what})
}

func (ps *Problems) warn(pos Pos, remedy, format string, args ...any) {
	ps.put(Problem{Pos: pos, Msg: fmt.Sprintf(format, args...), Remedy: remedy, Severity: Warning})
}

// Join adds the findings of another list.
func (ps *Problems) Join(list Problems) {
	for _, p := range list {
		ps.put(p)
	}
}

// Sort orders findings by file, line and column.
func (ps Problems) Sort() {
	sort.SliceStable(ps, func(i, j int) bool {
		a, b := ps[i].Pos, ps[j].Pos
		if a.File != b.File {
			return a.File < b.File
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Col < b.Col
	})
}

// maxMeant bounds the names that a remedy offers as what was meant.
const maxMeant = 4

// Suggest names the candidates that begin with s, else the one nearest to it, else those
// of which s is a word, as a remedy; where there is none, all of them if they are few, else "".
func Suggest(s string, candidates []string) string {
	var begin, within []string
	for _, c := range candidates {
		low := strings.ToLower(c)
		switch {
		case len(s) <= 2:
		case strings.HasPrefix(low, strings.ToLower(s)):
			begin = append(begin, strconv.Quote(c))
		case slices.Contains(strings.Split(low, "_"), strings.ToLower(s)):
			within = append(within, strconv.Quote(c))
		}
	}
	if len(begin) > 0 {
		return meant(begin)
	}
	best, bestD := "", len(s)/3+2
	for _, c := range candidates {
		if d := editDistance(strings.ToLower(s), strings.ToLower(c), bestD); d < bestD {
			best, bestD = c, d
		}
	}
	switch {
	case best != "":
		return meant([]string{strconv.Quote(best)})
	case len(within) > 0:
		return meant(within)
	case len(candidates) > 0 && len(candidates) <= 12:
		return "use " + oneOf(candidates)
	}
	return ""
}

func meant(quoted []string) string {
	return "did you mean " + oneOf(quoted[:min(len(quoted), maxMeant)]) + "?"
}

func oneOf(names []string) string {
	if n := len(names) - 1; n > 0 {
		return strings.Join(names[:n], ", ") + " or " + names[n]
	}
	return names[0]
}

const (
	untilRemedy = "until is the first day on which it no longer holds"
	nameRemedy  = "use letters, digits and _, and begin with a letter"
)

// plainName tells a name that conditions can use: one word, none of the language's own.
func plainName(s string) bool {
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	for i := range len(s) {
		if !isWord(s[i]) {
			return false
		}
	}
	return s != "not" && s != "true" && s != "and" && s != "or" && s != "in" && s != "shown"
}

// editDistance is Levenshtein's, cut off at limit.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	prev := make([]int, len(b)+1)
	cur := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
		}
		prev, cur = cur, prev
	}
	return prev[len(b)]
}
