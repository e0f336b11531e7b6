// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"strings"
	"testing"
	"testing/fstest"
)

const penaltiesFile = `penalties:
- maximum: {en: EUR 10}
  computed: {en: per breach.}
  cite: [LAW Art. 1]
  until: 2025-01-01
  decisions:
  - {date: 2024-03-01, by: The authority, against: A, amount: EUR 4, source: its site}
- maximum: {en: EUR 20.}
  cite: [LAW Art. 2]
  from: 2025-01-01
  confidence: unverified
  decisions:
  - {date: 2025-03-01, by: The court, against: B, amount: EUR 15, text: {en: for one thing}, source: its site, confidence: unverified}
`

// TestPenalties: what a breach costs depends on its day, and may stand in a file of its own.
func TestPenalties(t *testing.T) {
	var probs Problems
	fsys := fstest.MapFS{"p/pack.yaml": {Data: []byte(head + req)}, "p/penalties.yaml": {Data: []byte(penaltiesFile)}}
	p := ReadPack(fsys, "p", "", embeddedVocab(t), &probs)
	if len(probs) > 0 {
		t.Fatal(probs)
	}
	for day, want := range map[string]string{
		"2024-12-31": "EUR 10, per breach [LAW Art. 1]",
		"2025-01-01": "EUR 20 [LAW Art. 2] (unverified)",
	} {
		d, err := ParseDay(day)
		if err != nil {
			t.Fatal(err)
		}
		list := p.PenaltiesOn(d)
		if len(list) != 1 || list[0].Line() != want {
			t.Errorf("on %s: %d penalties, the first %q, want %q", day, len(list), list[0].Line(), want)
		}
	}
	var lines []string
	for _, r := range p.RulingsUntil(DayMax) {
		lines = append(lines, r.Line())
	}
	if got, want := strings.Join(lines, "; "), "2025-03-01 B: EUR 15, The court (unverified); 2024-03-01 A: EUR 4, The authority"; got != want {
		t.Errorf("rulings %q, want %q", got, want)
	}
}

// TestReviewDays: a pack that names no next review is due 90 days after the last one.
func TestReviewDays(t *testing.T) {
	var probs Problems
	text := strings.Replace(head, "next_review: 2027-01-01\n", "", 1)
	p := ReadPack(fstest.MapFS{"p/pack.yaml": {Data: []byte(text + req)}}, "p", "", embeddedVocab(t), &probs)
	if len(probs) > 0 {
		t.Fatal(probs)
	}
	if p.NextReview != p.Reviewed+90 {
		t.Errorf("reviewed on %s, next by %s", p.Reviewed, p.NextReview)
	}
	if w := p.ReviewWarning(p.NextReview); w != "" {
		t.Errorf("warned on the last day: %s", w)
	}
	if w := p.ReviewWarning(p.NextReview + 1); !strings.HasPrefix(w, "pack p was to be reviewed by "+p.NextReview.String()) {
		t.Errorf("no warning on the day after, but %q", w)
	}
}
