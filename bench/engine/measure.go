// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Options says what Measure runs and for how long.
type Options struct {
	Rounds  int           // how often each engine has its turn
	Turn    time.Duration // about how long a turn takes
	Engines func(name string) bool
}

// Timing is the times of one engine on one set.
type Timing struct {
	Engine  string
	Prepare time.Duration
	Rounds  []float64 // nanoseconds per decision, one for each round
	Text    string    // the query or policy used, of engines that show it
}

// Min is the fastest round: the least disturbed by other load on the machine.
func (t Timing) Min() float64 { return slices.Min(t.Rounds) }

// Median is the middle round.
func (t Timing) Median() float64 {
	sorted := slices.Sorted(slices.Values(t.Rounds))
	return sorted[len(sorted)/2]
}

// Measure checks every engine against the reference, then times them in turns:
// whatever disturbs the machine for a while disturbs all of them.
func Measure(size Size, o Options) ([]Timing, error) {
	s := Generate(size.Shape, size.Requirements)
	var engines []Engine
	var timings []Timing
	for _, m := range Makers() {
		if o.Engines != nil && !o.Engines(m.Name) {
			continue
		}
		start := time.Now()
		e, err := m.Make(s)
		if err != nil {
			return nil, err
		}
		t := Timing{Engine: m.Name, Prepare: time.Since(start)}
		if err := Check(s, e, m.Checked(size)); err != nil {
			return nil, err
		}
		if p, ok := e.(interface{ Prepared() time.Duration }); ok {
			t.Prepare += p.Prepared()
		}
		if d, ok := e.(Describer); ok {
			t.Text = d.Describe()
		}
		engines, timings = append(engines, e), append(timings, t)
	}
	counts := make([]int, len(engines))
	for range o.Rounds {
		for i, e := range engines {
			nanos, err := turn(e, &counts[i], o.Turn)
			if err != nil {
				return nil, err
			}
			timings[i].Rounds = append(timings[i].Rounds, nanos)
		}
	}
	return timings, nil
}

// turn times one sweep. The first finds how many decisions make a turn, in whole
// passes over the contexts unless even one pass takes ten turns.
func turn(e Engine, count *int, length time.Duration) (float64, error) {
	if *count == 0 {
		start := time.Now()
		if err := e.Sweep(64); err != nil {
			return 0, err
		}
		each := max(time.Since(start)/64, 1)
		*count = max(int(length/each)/contexts, 1) * contexts
		if each*contexts > 10*length {
			*count = 64
		}
		if *count > contexts { // warm by now: estimate again
			start = time.Now()
			if err := e.Sweep(*count); err != nil {
				return 0, err
			}
			*count = max(int(length*time.Duration(*count)/max(time.Since(start), 1))/contexts, 1) * contexts
		}
	}
	runtime.GC()
	start := time.Now()
	err := e.Sweep(*count)
	return float64(time.Since(start).Nanoseconds()) / float64(*count), err
}

// Table writes the timings of a set as a Markdown table, with how many times the
// first engine's time each takes.
func Table(size Size, timings []Timing) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s, %d requirements\n\n", size.Shape, size.Requirements)
	b.WriteString("| engine | prepare | min | median | x min | x median |\n|---|--:|--:|--:|--:|--:|\n")
	base := timings[0]
	for _, t := range timings {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", t.Engine, t.Prepare.Round(10*time.Microsecond),
			nanoseconds(t.Min()), nanoseconds(t.Median()), ratio(t.Min()/base.Min()), ratio(t.Median()/base.Median()))
	}
	for _, of := range []struct{ what, prefix string }{
		{"OPA's best, the answer as one document", "opa/document"},
		{"OPA's best in any form", "opa/"},
		{"Cedar", "cedar"},
	} {
		if best, ok := fastest(timings, of.prefix); ok {
			fmt.Fprintf(&b, "\n%s: %s, %s times %s (min), %s times (median).\n", of.what, best.Engine,
				ratio(best.Min()/base.Min()), base.Engine, ratio(best.Median()/base.Median()))
		}
	}
	return b.String() + "\n"
}

// fastest is the timing with the smallest median among engines of a prefix.
func fastest(timings []Timing, prefix string) (Timing, bool) {
	var best Timing
	for _, t := range timings {
		if strings.HasPrefix(t.Engine, prefix) && (best.Engine == "" || t.Median() < best.Median()) {
			best = t
		}
	}
	return best, best.Engine != ""
}

func nanoseconds(n float64) string {
	switch {
	case n < 100:
		return fmt.Sprintf("%.1f ns", n)
	case n < 10_000:
		return fmt.Sprintf("%.0f ns", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f us", n/1000)
	}
	return fmt.Sprintf("%.2f ms", n/1_000_000)
}

func ratio(r float64) string {
	if r < 10 {
		return fmt.Sprintf("%.2f", r)
	}
	return fmt.Sprintf("%.0f", r)
}
