// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
)

// recorded decides the decisions of a log again, ranges of entries side by side.
func (w *whatif) recorded(cmd *cobra.Command) error {
	return inUse(withApp(cmd, &w.f.folderFlags, func(ctx context.Context, a *app.App) error {
		w.source = "the log of " + a.Paths.Data
		size := a.Log.Head().Size
		w.progress.total = int(size)
		var next atomic.Uint64
		return w.each(ctx, func(ctx context.Context, k *worker) error {
			for {
				from := next.Add(audit.WalkStep) - audit.WalkStep
				if from >= size {
					return nil
				}
				err := a.Book.Walk(ctx, from, min(size, from+audit.WalkStep), isDecision, func(e *audit.Entry) error { return k.entry(a, e) })
				if err != nil {
					return err
				}
			}
		})
	}))
}

func isDecision(l *audit.Leaf) bool { return l.Type == audit.TypeDecision }

func (k *worker) entry(a *app.App, e *audit.Entry) error {
	if e.Missing != "" {
		k.w.unreadable(string(e.Missing))
		return nil
	}
	at := [2]int64{int64(e.Index), int64(e.Sub)}
	eng, err := k.w.program(a, e.Leaf.Program)
	if err != nil {
		return err
	}
	req, err := decide.Question(e)
	if err == nil {
		err = k.decide(at, eng, req)
	}
	if err != nil {
		k.w.fail(at, err)
	}
	return nil
}

// program is the engine that decided, loaded once.
func (w *whatif) program(a *app.App, hash string) (*engine.Engine, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.before[hash]; e != nil {
		return e, nil
	}
	e, err := a.Program(hash)
	if err == nil {
		w.before[hash] = e
	}
	return e, err
}

// line is one question of a file.
type line struct {
	number int
	text   []byte
	err    error
}

// questions decides the questions of a file.
func (w *whatif) questions(cmd *cobra.Command) error {
	in, name := cmd.InOrStdin(), "standard input"
	if w.f.input != "-" {
		file, err := os.Open(w.f.input)
		if err != nil {
			return notFound("whatif", err)
		}
		defer file.Close()
		in, name = file, w.f.input
	}
	w.source = name
	before, err := app.LoadPacks(nil)
	if err != nil {
		return err
	}
	if len(w.f.packs.dirs) == 0 {
		before = w.next.Engine
	}
	src := newSource(in, name)
	indent, first, err := src.blanks()
	switch {
	case errors.Is(err, io.EOF):
		return &comity.Error{Code: comity.CodeInvalid, Op: name, Err: errors.New("the input is empty"), Remedy: "give facts, such as operation: transfer"}
	case err != nil:
		return src.failed(err)
	}
	lines := make(chan []line, 16)
	var broken error
	go func() {
		defer close(lines)
		broken = feed(src, indent, first, lines)
	}()
	err = w.each(cmd.Context(), func(_ context.Context, k *worker) error {
		for batch := range lines {
			for i := range batch {
				k.line(before, &batch[i])
			}
		}
		return nil
	})
	if err == nil {
		err = broken
	}
	return err
}

// perBatch is how many questions a worker takes at once.
const perBatch = 64

// feed reads the questions as comity decide does: one YAML document, one JSON value, or
// one JSON value a line.
func feed(src *source, indent []byte, first byte, out chan<- []line) error {
	start := src.line
	if first != '{' {
		data, full, err := src.rest(engine.MaxRequest)
		switch {
		case err != nil:
			return src.failed(err)
		case full:
			return src.tooLarge("for many questions write JSON, one a line")
		}
		out <- []line{{start, append(indent, data...), nil}}
		return nil
	}
	text, err := src.next()
	text = append(indent, text...)
	if err == nil && !json.Valid(text) {
		whole, one, err := (&session{src: src}).whole(text)
		if err != nil {
			return src.failed(err)
		}
		if one {
			out <- []line{{start, whole, nil}}
			return nil
		}
	}
	var batch []line
	for ; ; start = src.line - 1 {
		switch {
		case err == nil && len(bytes.TrimSpace(text)) > 0:
			batch = append(batch, line{start, text, nil})
		case err != nil && comity.CodeOf(err) == comity.CodeTooLarge:
			batch = append(batch, line{start, nil, err})
		case errors.Is(err, io.EOF):
			out <- batch
			return nil
		case err != nil:
			return src.failed(err)
		}
		if len(batch) == perBatch {
			out <- batch
			batch = nil
		}
		text, err = src.next()
	}
}

// line decides one question; a date that it does not give is that of --at, or today.
func (k *worker) line(before *engine.Engine, l *line) {
	at := [2]int64{int64(l.number), -1}
	var req comity.Request
	facts := func() []factAt { return jsonFacts(l.text) }
	err := l.err
	switch {
	case err != nil:
	case len(bytes.TrimSpace(l.text)) > 0 && bytes.TrimSpace(l.text)[0] == '{':
		req, err = engine.DecodeRequest(l.text)
	default:
		req, facts, err = readYAML(l.text)
	}
	if err == nil {
		s := &session{f: &decideFlags{missing: k.w.f.missing}, now: time.Now()}
		if err = s.options(&req); err == nil {
			err = s.date(&req)
		}
	}
	if err == nil {
		err = k.decide(at, before, req)
	}
	if err != nil {
		k.w.fail(at, locate(k.w.source, l.number, k.w.next.Engine.Program().Model().Vocab, facts, err))
	}
}
