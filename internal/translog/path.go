// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"fmt"
	"strconv"
	"strings"
)

// resource is what a path names: a hash tile (level >= 0), an entry bundle or a payload
// file. width is tileWidth for a full one; payload files have no width.
type resource struct {
	level int
	n     uint64
	width int
}

const (
	levelEntries = -1
	levelPayload = -2
)

// path is the C2SP tlog-tiles path of r.
func (r resource) path() string {
	var b strings.Builder
	switch r.level {
	case levelPayload:
		b.WriteString("payload/")
	case levelEntries:
		b.WriteString("tile/entries/")
	default:
		b.WriteString("tile/" + strconv.Itoa(r.level) + "/")
	}
	writeIndex(&b, r.n)
	if r.width < tileWidth {
		b.WriteString(".p/" + strconv.Itoa(r.width))
	}
	return b.String()
}

// writeIndex writes n in groups of three digits, all but the last with an x before.
func writeIndex(b *strings.Builder, n uint64) {
	if n >= 1000 {
		writeGroups(b, n/1000)
	}
	fmt.Fprintf(b, "%03d", n%1000)
}

func writeGroups(b *strings.Builder, n uint64) {
	if n >= 1000 {
		writeGroups(b, n/1000)
	}
	fmt.Fprintf(b, "x%03d/", n%1000)
}

// parsePath reads a path; only the one form that path writes is accepted.
func parsePath(path string) (resource, bool) {
	r := resource{width: tileWidth}
	rest, ok := strings.CutPrefix(path, "payload/")
	if ok {
		r.level = levelPayload
	} else {
		if rest, ok = strings.CutPrefix(path, "tile/"); !ok {
			return r, false
		}
		level, after, _ := strings.Cut(rest, "/")
		rest = after
		if level == "entries" {
			r.level = levelEntries
		} else if r.level, ok = parseNumber(level, maxLevels-1); !ok {
			return r, false
		}
	}
	if before, width, cut := strings.Cut(rest, ".p/"); cut {
		rest = before
		if r.width, ok = parseNumber(width, tileWidth-1); !ok || r.width == 0 {
			return r, false
		}
	}
	for _, part := range strings.Split(rest, "/") {
		digits, err := strconv.ParseUint(strings.TrimPrefix(part, "x"), 10, 16)
		if err != nil || digits > 999 || r.n > 1<<52 {
			return r, false
		}
		r.n = r.n*1000 + digits
	}
	if r.level == levelPayload && r.width < tileWidth {
		return r, false
	}
	return r, r.path() == path
}

func parseNumber(s string, most int) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && n <= most
}
