// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"
)

// Options say how VerifyLog works.
type Options struct {
	// Keys are the public keys of the log, in the form of signed notes. At least one is needed.
	Keys []string
	// Only restricts verification to some entries, in ascending order; nil is the whole log.
	Only []Range
	// Workers read and hash at the same time; 0 is one for each processor.
	Workers int
	// MaxFindings bounds the findings that are kept; 0 is 1,000.
	MaxFindings int
	// Progress is told how many entries were read, of how many. Calls come one at a time.
	Progress func(done, total uint64)
}

// Range is the entries from From up to but not including To.
type Range struct{ From, To uint64 }

// Kinds of findings.
const (
	FindingCheckpoint = "checkpoint" // not signed by the key, not of the log, not well-formed
	FindingTree       = "tree"       // entries and tiles that do not lead to the signed root
	FindingTile       = "tile"       // a tile that is not that of the signed tree
	FindingEntry      = "entry"      // a leaf that is not that of the signed tree, or not canonical
	FindingPayload    = "payload"    // a payload that is not the one its leaf names
	FindingBatch      = "batch"      // a batch whose parts are not those its leaf names
)

// Finding is one thing that is wrong with a log.
type Finding struct {
	Kind string
	// Index and Last are the first and the last entry concerned, -1 where it is all of them.
	Index, Last int64
	// Sub is the part of a batch, or -1.
	Sub int
	// Missing tells that the bytes are not there, instead of being wrong.
	Missing bool
	Path    string
	Text    string

	subject string
}

// Erasure is an entry that says that a subject's key was destroyed.
type Erasure struct {
	// By is the index of the entry, Subject the pseudonym that it names.
	By      uint64
	Subject string
	// Payloads counts the payloads that nobody can read any more, Gone those among them
	// whose bytes are not there either.
	Payloads, Gone uint64
}

// Report is what VerifyLog found out.
type Report struct {
	Checkpoint Checkpoint
	// Entries, Parts and Payloads count what was verified: leaves, leaves within batches,
	// and payloads of both.
	Entries, Parts, Payloads uint64
	Erased                   []Erasure
	Findings                 []Finding
	// More counts the findings beyond Options.MaxFindings.
	More int
}

// VerifyLog checks a whole log with its public key alone: the checkpoint's signature, every
// tile and every leaf against the signed root, every payload against its leaf, every part
// of a batch. What is wrong is a finding and no error; an error means that verification
// could not be finished.
func VerifyLog(ctx context.Context, src Source, o Options) (*Report, error) {
	known, err := verifiersOf(o.Keys)
	if err != nil {
		return nil, err
	}
	v := &verification{src: src, o: o, report: &Report{}}
	if v.o.Workers <= 0 {
		v.o.Workers = runtime.GOMAXPROCS(0)
	}
	if v.o.MaxFindings <= 0 {
		v.o.MaxFindings = 1000
	}
	text, err := src.Resource(ctx, CheckpointPath)
	if err == nil {
		v.c, err = openCheckpoint(text, known)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, unreadable(CheckpointPath, err)
	}
	if err != nil {
		// Nothing else can be checked without a signed root.
		v.find(Finding{Kind: FindingCheckpoint, Index: -1, Last: -1, Sub: -1, Path: CheckpointPath, Missing: errors.Is(err, fs.ErrNotExist), Text: err.Error()})
		return v.finish(), nil
	}
	v.report.Checkpoint = v.c
	if v.c.Size > 0 {
		if err := v.run(ctx); err != nil {
			return nil, err
		}
	}
	return v.finish(), nil
}

// verification is the state of one VerifyLog. It goes in three steps. First all files are
// read once, in parallel and fast: leaves against tiles and payloads against leaves. Then
// the tree above is led to the signed root, which tells of every bundle whether the first
// step was right to believe it. Last, what was not clean is read again with care, by now
// with hashes that are known to be those of the signed tree.
type verification struct {
	src    Source
	o      Options
	c      Checkpoint
	bundle []bundle
	levels []level // of the tiles above the leaves; levels[0] is only the right edge

	mu          sync.Mutex
	done, total uint64
	report      *Report
	erasures    []Erasure
	erasedBy    map[string]int // the first of erasures for each subject; changes no more when it is there
}

// bundle is what the first step found out about 256 entries.
type bundle struct {
	// entries and tile are the roots of the leaves' hashes as the two files give them.
	entries, tile       tlog.Hash
	hasEntries, hasTile bool
	clean               bool // nothing is wrong, provided that the root is that of the tree
	parts, payloads     uint32
}

func (v *verification) run(ctx context.Context) error {
	v.bundle = make([]bundle, (v.c.Size+TileWidth-1)/TileWidth)
	v.levels = newLevels(v.c.Size)
	wanted := v.wanted()
	for _, n := range wanted {
		v.total += uint64(Width(0, n, v.c.Size))
	}
	if err := v.each(ctx, wanted, (*worker).fast); err != nil {
		return err
	}
	if err := v.resolve(ctx); err != nil {
		return err
	}
	var suspects []uint64
	for n := range v.bundle {
		if b := &v.bundle[n]; v.trusted(uint64(n)) {
			v.report.Entries += uint64(Width(0, uint64(n), v.c.Size))
			v.report.Parts += uint64(b.parts)
			v.report.Payloads += uint64(b.payloads)
		} else if v.overlaps(uint64(n)*TileWidth, uint64(n+1)*TileWidth) {
			suspects = append(suspects, uint64(n))
		}
	}
	v.erasures = slices.DeleteFunc(v.erasures, func(e Erasure) bool { return !v.trusted(e.By / TileWidth) })
	v.o.Progress = nil
	if err := v.each(ctx, suspects, (*worker).careful); err != nil {
		return err
	}
	if len(v.erasures) == 0 {
		return nil
	}
	v.sortErasures()
	return v.each(ctx, wanted, (*worker).countErased)
}

// sortErasures puts the erasures in order; one subject may have several.
func (v *verification) sortErasures() {
	slices.SortFunc(v.erasures, func(a, b Erasure) int { return cmp.Compare(a.By, b.By) })
	v.erasedBy = make(map[string]int, len(v.erasures))
	for i, e := range v.erasures {
		if _, ok := v.erasedBy[e.Subject]; !ok {
			v.erasedBy[e.Subject] = i
		}
	}
}

// each lets workers take the bundles of a list one after the other.
func (v *verification) each(ctx context.Context, list []uint64, do func(*worker, uint64) error) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(v.o.Workers, len(list)) {
		group.Go(func() error {
			w := &worker{v: v, ctx: ctx}
			for {
				i := next.Add(1) - 1
				if i >= int64(len(list)) {
					return nil
				}
				if err := do(w, list[i]); err != nil {
					return err
				}
				v.progress(list[i])
			}
		})
	}
	return group.Wait()
}

func (v *verification) progress(n uint64) {
	if v.o.Progress == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.done += uint64(Width(0, n, v.c.Size))
	v.o.Progress(v.done, v.total)
}

// wanted lists the bundles that are verified.
func (v *verification) wanted() []uint64 {
	var list []uint64
	for n := range v.bundle {
		if v.overlaps(uint64(n)*TileWidth, uint64(n+1)*TileWidth) {
			list = append(list, uint64(n))
		}
	}
	return list
}

// overlaps tells whether any entry of a range is to be verified.
func (v *verification) overlaps(from, to uint64) bool {
	if v.o.Only == nil {
		return true
	}
	i := sort.Search(len(v.o.Only), func(i int) bool { return v.o.Only[i].To > from })
	return i < len(v.o.Only) && v.o.Only[i].From < to
}

func (v *verification) selected(index uint64) bool { return v.overlaps(index, index+1) }

func (v *verification) find(f Finding) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.report.Findings) < v.o.MaxFindings {
		v.report.Findings = append(v.report.Findings, f)
	} else {
		v.report.More++
	}
}

// finish explains what is missing because it was erased, and puts the findings in order.
func (v *verification) finish() *Report {
	r := v.report
	r.Erased = v.erasures
	r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool {
		if !f.Missing || f.Kind != FindingPayload || f.subject == "" {
			return false
		}
		i, ok := v.erasedBy[f.subject]
		if ok {
			r.Erased[i].Gone++
		}
		return ok
	})
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(b.Last, a.Last), cmp.Compare(a.Sub, b.Sub), cmp.Compare(a.Path, b.Path))
	})
	var merged []Finding
	for _, f := range r.Findings {
		if n := len(merged); n > 0 && f.continues(merged[n-1]) {
			merged[n-1].Last = f.Last
			continue
		}
		merged = append(merged, f)
	}
	r.Findings = merged
	return r
}

// continues tells whether f says the same as the finding before it of the entries that
// follow.
func (f Finding) continues(g Finding) bool {
	return f.Index == g.Last+1 && f.Index > 0 && f.Sub < 0 && g.Sub < 0 && f.Kind == g.Kind && f.Path == g.Path && f.Missing == g.Missing && f.Text == g.Text
}
