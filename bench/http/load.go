// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpbench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Load is how a target is asked: by Connections kept alive, each with one request under
// way, for Time after a Warmup that does not count.
type Load struct {
	Connections  int
	Warmup, Time time.Duration
	// Rate, if not 0, is the number of requests a second that are due, whether or not
	// earlier ones were answered; latency counts from the instant at which one was due.
	Rate float64
}

// Result is what a load measured.
type Result struct {
	Requests, Decisions int
	Seconds             float64
	P50, P99, Max       time.Duration
	// CPU is the processor time of the server for one decision.
	CPU time.Duration
}

// PerSecond is the rate of decisions.
func (r Result) PerSecond() float64 { return float64(r.Decisions) / r.Seconds }

// Run puts a load on the target. It is written for little work a request, since generator
// and server share the machine: prepared bytes out, a status line and a length in. An
// answer with another status or effect than the right one is an error.
func (t *Target) Run(ctx context.Context, l Load) (Result, error) {
	requests, err := t.requests()
	if err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	before, err := t.server.CPU()
	if err != nil {
		return Result{}, err
	}
	start := time.Now()
	from, until := start.Add(l.Warmup), start.Add(l.Warmup+l.Time)
	times, answered := make([][]time.Duration, l.Connections), make([]int, l.Connections)
	var wg sync.WaitGroup
	for i := range l.Connections {
		wg.Go(func() {
			w := worker{target: t, requests: requests, next: i * len(requests) / l.Connections, from: from, until: until}
			if l.Rate > 0 {
				w.every = time.Duration(float64(l.Connections) / l.Rate * float64(time.Second))
				w.due = start.Add(w.every * time.Duration(i) / time.Duration(l.Connections))
			}
			if err := w.run(ctx); err != nil {
				cancel(fmt.Errorf("load %s: %w", t.Name, err))
			}
			times[i], answered[i] = w.times, w.answered
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return Result{}, err
	}
	after, err := t.server.CPU()
	if err != nil {
		return Result{}, err
	}
	all := slices.Concat(times...)
	slices.Sort(all)
	if len(all) == 0 {
		return Result{}, fmt.Errorf("load %s: no answer in time", t.Name)
	}
	at := func(q float64) time.Duration { return all[min(int(q*float64(len(all))), len(all)-1)] }
	total := 0 // with those of the warm-up, as the processor time is
	for _, n := range answered {
		total += n * t.perBody
	}
	return Result{
		CPU:      (after - before) / time.Duration(total),
		Requests: len(all), Decisions: len(all) * t.perBody, Seconds: l.Time.Seconds(),
		P50: at(0.5), P99: at(0.99), Max: all[len(all)-1],
	}, nil
}

// requests are the bytes of all requests.
func (t *Target) requests() ([][]byte, error) {
	host, ok := strings.CutPrefix(t.server.URL, "http://")
	if !ok {
		return nil, fmt.Errorf("load %s: %s is not http", t.Name, t.server.URL)
	}
	out := make([][]byte, len(t.bodies))
	for i, body := range t.bodies {
		out[i] = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", t.path, host, t.kind, len(body), body)
	}
	return out, nil
}

// worker is one connection.
type worker struct {
	target      *Target
	requests    [][]byte
	next        int
	from, until time.Time
	every       time.Duration // 0: as soon as the last is answered
	due         time.Time
	times       []time.Duration
	answered    int
	body        []byte
}

func (w *worker) run(ctx context.Context) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(w.target.server.URL, "http://"))
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	r := bufio.NewReaderSize(conn, 64<<10)
	for {
		start := time.Now()
		if w.every > 0 {
			time.Sleep(time.Until(w.due))
			start, w.due = w.due, w.due.Add(w.every)
		}
		if !start.Before(w.until) {
			return nil
		}
		if _, err := conn.Write(w.requests[w.next]); err != nil {
			return err
		}
		if err := w.answer(r); err != nil {
			return err
		}
		if want := w.target.effects[w.next]; !bytes.Contains(w.body, want) {
			return fmt.Errorf("%s is not in %.300s", want, w.body)
		}
		w.answered++
		if end := time.Now(); !start.Before(w.from) && !end.After(w.until) {
			w.times = append(w.times, end.Sub(start))
		}
		if w.next++; w.next == len(w.requests) {
			w.next = 0
		}
	}
}

// answer reads one answer into w.body.
func (w *worker) answer(r *bufio.Reader) error {
	length, chunked := -1, false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch name, value, _ := bytes.Cut(line, []byte(":")); {
		case first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")):
			rest, _ := r.Peek(min(r.Buffered(), 500))
			return fmt.Errorf("answer %s ... %s", line, rest)
		case len(line) == 0:
			return w.read(r, length, chunked)
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
}

func (w *worker) read(r *bufio.Reader, length int, chunked bool) error {
	w.body = w.body[:0]
	if !chunked {
		if length < 0 {
			return errors.New("an answer without a length")
		}
		return w.more(r, length)
	}
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return err
		}
		if err := w.more(r, int(n)); err != nil {
			return err
		}
		if _, err := r.Discard(2); err != nil || n == 0 {
			return err
		}
	}
}

func (w *worker) more(r *bufio.Reader, n int) error {
	have := len(w.body)
	w.body = slices.Grow(w.body, n)[:have+n]
	_, err := io.ReadFull(r, w.body[have:])
	return err
}
