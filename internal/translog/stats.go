// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import "time"

// Stats says where the time of the committer went since the log was opened.
type Stats struct {
	Groups, Entries uint64
	Failed          uint64 // groups that were not recorded
	// Wait is for entries and for room in the tail; Build is the tree, the signature and
	// the frame; Anchor the anchor's write.
	Wait, Build, Write, Sync, Anchor time.Duration
}

// Stats is a snapshot, for metrics and measurements.
func (l *Log) Stats() Stats {
	l.statsMu.Lock()
	defer l.statsMu.Unlock()
	return l.stats
}

// watch measures the steps of the committer.
type watch struct {
	now  func() time.Time
	last time.Time
}

// lap is the time since the last lap.
func (w *watch) lap() time.Duration {
	now := w.now()
	d := now.Sub(w.last)
	w.last = now
	return d
}

// count adds what a group took.
func (l *Log) count(s Stats) {
	l.statsMu.Lock()
	defer l.statsMu.Unlock()
	t := &l.stats
	t.Groups += s.Groups
	t.Entries += s.Entries
	t.Failed += s.Failed
	t.Wait += s.Wait
	t.Build += s.Build
	t.Write += s.Write
	t.Sync += s.Sync
	t.Anchor += s.Anchor
}
