// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import (
	"testing"

	"github.com/comity-project/comity/engine"
)

// BenchmarkDecide times every engine on every set, after asserting that it
// answers as the reference does. Ratios are better taken from bench/engine/report,
// which runs the engines in turns.
func BenchmarkDecide(b *testing.B) {
	for _, size := range Sizes() {
		b.Run(size.String(), func(b *testing.B) {
			s := Generate(size.Shape, size.Requirements)
			for _, m := range Makers() {
				if m.Heavy && size.Requirements > 1000 && testing.Short() {
					continue
				}
				e, err := m.Make(s)
				if err != nil {
					b.Fatal(err)
				}
				if err := Check(s, e, m.Checked(size)); err != nil {
					b.Fatal(err)
				}
				b.Run(m.Name, func(b *testing.B) {
					b.ReportAllocs()
					if err := e.Sweep(b.N); err != nil {
						b.Fatal(err)
					}
				})
			}
		})
	}
}

// BenchmarkReal asks real cases under the embedded packs.
func BenchmarkReal(b *testing.B) {
	eng, err := engine.New(engine.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range RealCases() {
		r, err := NewReal(eng, c)
		if err != nil {
			b.Fatal(err)
		}
		for _, way := range RealWays() {
			b.Run(way+"/"+c.Name, func(b *testing.B) {
				b.ReportAllocs()
				if err := r.Ask(way, b.N); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

// BenchmarkCompile compiles a linked model, as adding a pack to a running program does.
func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		m, err := Generate(Plain, n).model()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(Size{Plain, n}.String(), func(b *testing.B) {
			for b.Loop() {
				if _, err := engine.Compile(m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
