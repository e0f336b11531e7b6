// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package draw

import (
	"strings"
	"unicode/utf8"
)

// face is one of the three type faces of a picture.
type face uint8

const (
	sans face = iota
	bold
	mono
)

// Advance widths of the printable ASCII characters in thousandths of the font size. Each
// is the larger of Liberation Sans (which has the widths of Arial and Helvetica) and
// DejaVu Sans, so that text fits whichever of them the reader has.
var (
	sansWidths = [95]int16{
		318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636, 636,
		636, 636, 337, 337, 838, 838, 838, 556, 1015, 684, 686, 722, 770, 667, 611, 778, 752, 295, 500, 667, 557, 863, 748, 787,
		667, 787, 722, 667, 611, 732, 684, 989, 685, 667, 685, 390, 337, 390, 838, 556, 500, 613, 635, 550, 635, 615, 352, 635,
		634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
	}
	boldWidths = [95]int16{
		348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696, 696, 696, 696, 696, 696,
		696, 696, 400, 400, 838, 838, 838, 611, 1000, 774, 762, 734, 830, 683, 683, 821, 837, 372, 556, 775, 637, 995, 837, 850,
		733, 850, 770, 720, 682, 812, 774, 1103, 771, 724, 725, 457, 365, 457, 838, 556, 500, 675, 716, 593, 716, 678, 435, 716,
		712, 343, 343, 665, 343, 1042, 712, 687, 716, 716, 493, 595, 478, 712, 652, 924, 645, 652, 582, 712, 365, 712, 838,
	}
)

const monoWidth = 602

// runeWidth is the advance of a character; what the tables lack counts as wide.
func runeWidth(r rune, f face) int {
	switch {
	case r >= ' ' && r <= '~' && f == sans:
		return int(sansWidths[r-' '])
	case r >= ' ' && r <= '~' && f == bold:
		return int(boldWidths[r-' '])
	case r >= ' ' && r <= '~':
		return monoWidth
	case r < 0x250 && f == mono:
		return monoWidth
	case r < 0x250:
		return 850
	}
	return 1100
}

// textWidth is the width of a text in pixels, rounded up.
func textWidth(s string, size int, f face) int {
	w := 0
	for _, r := range s {
		w += runeWidth(r, f)
	}
	return (w*size + 999) / 1000
}

const ellipsis = "..."

// wrap breaks a text into at most rows lines of at most width pixels; cut tells that the
// end was left out. A word that is longer than a line is broken.
func wrap(s string, width, size int, f face, rows int) (lines []string, cut bool) {
	line := ""
	for _, word := range strings.Fields(s) {
		next := word
		if line != "" {
			next = line + " " + word
		}
		if textWidth(next, size, f) <= width {
			line = next
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for textWidth(word, size, f) > width {
			n := fitting(word, width, size, f)
			lines = append(lines, word[:n])
			word = word[n:]
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	if len(lines) <= rows {
		return lines, false
	}
	// The last line takes as much of the next as fits, so that the cut is at its end.
	last := shorten(lines[rows-1]+" "+lines[rows], width, size, f)
	return append(lines[:rows-1], last), true
}

// fitting is how many bytes of s fit, at least those of one character. It prefers to
// break after a character that separates.
func fitting(s string, width, size int, f face) int {
	w, last, good := 0, 0, 0
	for i, r := range s {
		w += runeWidth(r, f)
		if (w*size+999)/1000 > width && i > 0 {
			break
		}
		last = i + utf8.RuneLen(r)
		if strings.ContainsRune("_-/,:", r) {
			good = last
		}
	}
	if good > last/2 {
		return good
	}
	return last
}

// elide shortens a text to a width.
func elide(s string, width, size int, f face) string {
	s = strings.TrimSpace(s)
	if textWidth(s, size, f) <= width {
		return s
	}
	return shorten(s, width, size, f)
}

// shorten cuts a text so that it fits into a width with an ellipsis behind it.
func shorten(s string, width, size int, f face) string {
	room := width - textWidth(ellipsis, size, f)
	s = strings.TrimSuffix(s, ellipsis)
	for s != "" && textWidth(s, size, f) > room {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return strings.TrimRight(s, " ") + ellipsis
}
