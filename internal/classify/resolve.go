// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"cmp"
	"slices"
)

// finding is a Span in bytes, before it is decided which remain.
type finding struct {
	start, end int
	label      *Label
	score      float64
	why        string
	country    string
	order      int
}

// resolve drops what is under the threshold and decides between findings that overlap: the
// higher score wins, then the longer, then the earlier, then the one whose detector comes
// first. What remains does not overlap and is in the order of the text.
func resolve(found, kept []finding, threshold float64) []finding {
	found = slices.DeleteFunc(found, func(f finding) bool { return f.score < threshold || f.end <= f.start })
	slices.SortStableFunc(found, func(a, b finding) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.end-b.start, a.end-a.start),
			cmp.Compare(a.start, b.start), cmp.Compare(a.order, b.order))
	})
	for _, f := range found {
		i, _ := slices.BinarySearchFunc(kept, f, func(k, f finding) int { return cmp.Compare(k.start, f.start) })
		if i > 0 && kept[i-1].end > f.start || i < len(kept) && kept[i].start < f.end {
			continue
		}
		kept = slices.Insert(kept, i, f)
	}
	return kept
}
