// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package classify_test measures the classifier over mixed text: prose, records and log
// lines in turns, made here from a seed. Lines of prose have no finding, so that the
// figures are not those of a text that is nothing but findings.
package classify_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/comity-project/comity/internal/classify"
)

const prose = `The committee met again after the summer and agreed that most of the open questions could wait until the budget was known.
It was a long discussion, and few of those who spoke had read the report; the chair asked for patience and for written comments.
In the end nothing was decided, which is perhaps the usual outcome when so many interests meet in one room at the same time.
Work on the bridge continues: the northern approach is closed, and traffic is led over the old road along the river bank.
`

// mixed makes about n bytes: of four lines two are prose, one is a record and one a line
// of a log.
func mixed(n int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	sentences := strings.Split(strings.TrimSpace(prose), "\n")
	names := []string{"Anna Schmidt", "João Pereira", "Wei Chen", "Fatima Haddad", "Olga Petrova", "Liam Murphy"}
	var lines []string
	for size := 0; size < n; {
		var line string
		switch len(lines) % 4 {
		case 0, 2:
			line = sentences[r.IntN(len(sentences))]
		case 1:
			line = fmt.Sprintf("%s wrote from user%d@example.org about order %d, paid with 4111 1111 1111 1111 on 2024-%02d-%02d, tel. +49 30 %06d.",
				names[r.IntN(len(names))], r.IntN(1e4), r.IntN(1e6), 1+r.IntN(12), 1+r.IntN(28), r.IntN(1e6))
		default:
			line = fmt.Sprintf(`2024-05-%02dT10:%02d:%02dZ INFO http request method=GET path=/v1/items/%d status=200 duration=%dms client=10.%d.%d.%d`,
				1+r.IntN(28), r.IntN(60), r.IntN(60), r.IntN(1e5), r.IntN(900), r.IntN(256), r.IntN(256), r.IntN(256))
		}
		lines = append(lines, line)
		size += len(line) + 1
	}
	return lines
}

func benchmark(b *testing.B, o classify.Options) {
	c, err := classify.New(o)
	if err != nil {
		b.Fatal(err)
	}
	lines := mixed(1 << 20)
	size := 0
	for _, l := range lines {
		size += len(l) + 1
	}
	b.SetBytes(int64(size))
	found, rounds, start := 0, 0, cpuTime(b)
	for b.Loop() {
		rounds++
		found = 0
		for _, l := range lines {
			found += len(c.Text(l))
		}
	}
	// Other work on the machine does not count in the time of the processor.
	b.ReportMetric(float64(size*rounds)/1e6/(cpuTime(b)-start).Seconds(), "MB/cpu-s")
	b.ReportMetric(float64(found)/(float64(size)/1024), "findings/KB")
}

// cpuTime is what this process has used of all cores.
func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkStructured(b *testing.B) { benchmark(b, classify.Options{WithoutNames: true}) }

func BenchmarkWithNames(b *testing.B) { benchmark(b, classify.Options{}) }

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := classify.New(classify.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
