// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/comity-project/comity/proof"
)

// realistic are entries as the log has them: leaves of 530 bytes and payloads of 1 KB.
func realistic(n int) []entry {
	rng := rand.New(rand.NewChaCha8([32]byte{7}))
	list := make([]entry, n)
	for i := range list {
		payload := make([]byte, 1024)
		for j := range payload {
			payload[j] = byte(rng.Uint32())
		}
		list[i] = entry{Payload: payload, Leaf: fmt.Appendf(nil, `{"action":"transfer","answer":"%s","cell":"local","effect":"allow","jurisdictions":["EU","US"],"payload":"%s","principal":"AAAAAAAAAAAAAAAAAAAAAA","program":"sha256:%064x","region":"DE","requirements":["EU-GDPR-44","EU-GDPR-6"],"schema":"comity/leaf/v1","subject":"%022d","time":"2026-01-01T00:00:00.000Z","type":"decision"}`,
			digest(payload[:8]), digest(payload), i%3, i)}
	}
	return list
}

// BenchmarkVerifyLog verifies a log on disk (in the page cache).
func BenchmarkVerifyLog(b *testing.B) {
	const n = 200_000
	key := newSigner(b, 1, origin)
	list := realistic(n)
	dir := b.TempDir()
	for path, data := range writeLog(b, key, origin, list) {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	src := proof.FS(os.DirFS(dir))
	b.ReportAllocs()
	start := cpuTime(b)
	for b.Loop() {
		r := verify(b, src, proof.Options{Keys: []string{key.vkey}})
		if len(r.Findings) != 0 || r.Payloads != n {
			b.Fatalf("%+v", r)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(cpuTime(b)-start)/n/float64(b.N), "cpu-ns/event")
}

// cpuTime is what the process has used of all processors: on a machine that has other work
// it says more than the time that went by.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSHA256 is what the hashes alone take: those of leaves and payloads.
func BenchmarkSHA256(b *testing.B) {
	list := realistic(1000)
	start := cpuTime(b)
	for b.Loop() {
		for _, e := range list {
			digest(e.Leaf)
			digest(e.Payload)
		}
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(cpuTime(b)-start)/1000/float64(b.N), "cpu-ns/event")
}
