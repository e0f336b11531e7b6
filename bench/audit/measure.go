// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package auditbench measures durable appends of 1 KB events side by side: Comity's log,
// Tessera's POSIX driver and PostgreSQL with grouped COPY, with the same writers on the
// same disk.
package auditbench

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// EventBytes is the size of an event.
const EventBytes = 1024

// System is what is measured. Append returns when the event is durable.
type System interface {
	Name() string
	Append(ctx context.Context, writer int, event []byte) error
	// Settle returns when background work on what was appended is done.
	Settle(ctx context.Context) error
	Close() error
}

// Run is the outcome of one turn.
type Run struct {
	System     string
	Writers    int
	Events     int
	Elapsed    time.Duration
	P50, P99   time.Duration
	Max        time.Duration
	CPU        time.Duration // of this process, while writers wrote
	SettleTime time.Duration
}

// Rate is events per second.
func (r Run) Rate() float64 { return float64(r.Events) / r.Elapsed.Seconds() }

// Measure has writers append until the time is over. Each waits for its acknowledgement
// before it sends the next event.
func Measure(ctx context.Context, s System, writers int, length time.Duration) (Run, error) {
	samples := make([][]time.Duration, writers)
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	cpu := processTime()
	begin := time.Now()
	stop := begin.Add(length)
	for w := range writers {
		samples[w] = make([]time.Duration, 0, 1<<12)
		wg.Go(func() {
			events := newEvents(uint64(w), uint64(begin.UnixNano()))
			for {
				event := events.next()
				start := time.Now()
				if start.After(stop) {
					return
				}
				if err := s.Append(ctx, w, event); err != nil {
					failed.Store(&err)
					return
				}
				samples[w] = append(samples[w], time.Since(start))
			}
		})
	}
	wg.Wait()
	r := Run{System: s.Name(), Writers: writers, Elapsed: time.Since(begin), CPU: processTime() - cpu}
	if err := failed.Load(); err != nil {
		return r, fmt.Errorf("%s: append: %w", s.Name(), *err)
	}
	all := slices.Concat(samples...)
	slices.Sort(all)
	if r.Events = len(all); r.Events == 0 {
		return r, fmt.Errorf("%s: no event in %s", s.Name(), length)
	}
	r.P50, r.P99, r.Max = all[len(all)/2], all[len(all)*99/100], all[len(all)-1]
	begin = time.Now()
	err := s.Settle(ctx)
	r.SettleTime = time.Since(begin)
	return r, err
}

// events makes incompressible events, all different, at little cost: the same random
// bytes under a changing head and mask.
type events struct {
	random *rand.ChaCha8
	pool   []byte
	buf    []byte
}

func newEvents(writer, seed uint64) *events {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], writer)
	binary.BigEndian.PutUint64(key[8:], seed)
	e := &events{random: rand.NewChaCha8(sha256.Sum256(key[:])), pool: make([]byte, 1<<16), buf: make([]byte, EventBytes)}
	e.random.Read(e.pool)
	return e
}

func (e *events) next() []byte {
	at := e.random.Uint64() % uint64(len(e.pool)-EventBytes)
	copy(e.buf, e.pool[at:])
	for i := 0; i < 32; i += 8 {
		binary.BigEndian.PutUint64(e.buf[i:], e.random.Uint64())
	}
	return e.buf
}

// processTime is the processor time that this process has used.
func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Empty gives the disk back what the files in a folder take, and keeps their names. After
// many files were deleted, ext4 without a journal makes new ones slowly for minutes (it
// walks past each), and the next turn would pay for it.
func Empty(dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return os.Truncate(name, 0)
	})
}

// DiskBytes is how much a folder takes on disk.
func DiskBytes(dir string) (int64, error) {
	var total int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			total += st.Blocks * 512
		}
		return nil
	})
	return total, err
}
