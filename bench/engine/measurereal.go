// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/comity-project/comity/engine"
)

// RealTable asks the real cases in every way, in turns, and writes the least
// times as a Markdown table.
func RealTable(o Options) (string, error) {
	engines, err := realEngines()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, eng := range engines {
		table, err := realOf(eng, o)
		if err != nil {
			return "", err
		}
		out.WriteString(table)
	}
	return out.String(), nil
}

func realOf(eng *engine.Engine, o Options) (string, error) {
	var reals []*Real
	for _, c := range RealCases() {
		r, err := NewReal(eng, c)
		if err != nil {
			return "", err
		}
		reals = append(reals, r)
	}
	ways := RealWays()
	least := make([][]float64, len(reals))
	for i := range least {
		least[i] = make([]float64, len(ways))
	}
	counts := make([]int, len(reals)*len(ways))
	for range o.Rounds {
		for i, r := range reals {
			for k, way := range ways {
				nanos, err := turn(asking{r, way}, &counts[i*len(ways)+k], o.Turn/4)
				if err != nil {
					return "", err
				}
				if old := least[i][k]; old == 0 || nanos < old {
					least[i][k] = nanos
				}
			}
		}
	}
	return realTable(eng, reals, least), nil
}

// asking is a case asked in one way, as an Engine so that turn can time it.
type asking struct {
	real *Real
	way  string
}

func (a asking) Name() string      { return a.way }
func (a asking) Sweep(n int) error { return a.real.Ask(a.way, n) }
func (a asking) Answer(int) (Answer, error) {
	return Answer{}, fmt.Errorf("answer: real cases have no common form")
}

func realTable(eng *engine.Engine, reals []*Real, least [][]float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %d real packs, %d requirements\n\n", len(eng.Program().Model().Packs), eng.Program().Len())
	b.WriteString("The least time over all turns, with missing=review. encoded: effect, applicable, conditions and\n" +
		"conflicts from encoded facts into a reused result; map: the same from a map of facts; decide: the whole\n" +
		"decision with citations; regions: that and the permitted of 60 regions; json: from JSON text to JSON text;\n" +
		"explain: that with the explanation.\n\n")
	fmt.Fprintf(&b, "| case | %s |\n|---|%s\n", strings.Join(RealWays(), " | "), strings.Repeat("--:|", len(RealWays())))
	for i, r := range reals {
		fmt.Fprintf(&b, "| %s |", r.Case.Name)
		for _, nanos := range least[i] {
			fmt.Fprintf(&b, " %s |", nanoseconds(nanos))
		}
		b.WriteString("\n")
	}
	b.WriteString("| **median** |")
	for k := range RealWays() {
		var column []float64
		for i := range reals {
			column = append(column, least[i][k])
		}
		slices.Sort(column)
		fmt.Fprintf(&b, " %s |", nanoseconds(column[len(column)/2]))
	}
	return b.String() + "\n\n"
}

// CompileTable times the compilation of linked models, the least of three.
func CompileTable() (string, error) {
	var b strings.Builder
	b.WriteString("### Compilation\n\nFrom the linked model to the program, and the memory that the program holds.\n\n" +
		"| requirements | compile | program |\n|--:|--:|--:|\n")
	for _, n := range []int{10, 100, 1000, 10000} {
		m, err := Generate(Plain, n).model()
		if err != nil {
			return "", err
		}
		var least time.Duration
		var program *engine.Program
		var before, after runtime.MemStats
		runtime.GC()
		runtime.GC() // frees what the first only swept of earlier work
		runtime.ReadMemStats(&before)
		for range 3 {
			start := time.Now()
			if program, err = engine.Compile(m); err != nil {
				return "", err
			}
			if took := time.Since(start); least == 0 || took < least {
				least = took
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		held := int64(after.HeapAlloc) - int64(before.HeapAlloc)
		fmt.Fprintf(&b, "| %d | %s | %.1f MiB |\n", program.Len(), nanoseconds(float64(least.Nanoseconds())), float64(held)/(1<<20))
	}
	return b.String() + "\n", nil
}
