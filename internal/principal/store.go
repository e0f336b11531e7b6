// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package principal

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
)

// Journal records changes of who may ask. *decide.Door records; Recorded tells the hash
// that an entry of the log names as new, empty if the entry is something else.
type Journal interface {
	Changed(ctx context.Context, by decide.Caller, ch decide.Change) (comity.Record, error)
	Recorded(ctx context.Context, index int64) (string, error)
}

// Store knows the API keys that are in force: those of the file, as far as their changes
// are recorded. It is safe for concurrent use.
type Store struct {
	path string
	now  func() time.Time

	syncing sync.Mutex
	seen    fs.FileInfo // the file at the last Sync that succeeded
	loaded  bool

	mu     sync.RWMutex
	hash   string
	byKey  map[string]Principal
	exists bool
}

// NewStore knows no keys before the first Sync. The file need not exist.
func NewStore(path string, now func() time.Time) *Store { return &Store{path: path, now: now} }

// Configured tells whether there ever was a principal. It stays true when the last one is
// revoked, so that this opens nothing.
func (s *Store) Configured() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.exists
}

// List are the principals in force by name.
func (s *Store) List() []Principal {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]Principal, 0, len(s.byKey))
	for _, p := range s.byKey {
		out = append(out, p)
	}
	sortByName(out)
	return out
}

// Authenticate finds the principal of an API key. Errors have CodeUnauthenticated.
func (s *Store) Authenticate(key string) (Principal, error) {
	hash := hashKey(key)
	s.mu.RLock()
	p, ok := s.byKey[hash]
	s.mu.RUnlock()
	switch {
	case !ok:
		return Principal{}, unauthenticated("the key is not valid")
	case !p.Expires.IsZero() && !s.now().Before(p.Expires):
		return Principal{}, unauthenticated("the key has expired")
	}
	return p, nil
}

// Sync takes over the file if it was changed. Each change is recorded first; if one cannot
// be recorded, nothing changes and Sync fails.
func (s *Store) Sync(ctx context.Context, j Journal) error {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		info = nil
	case err != nil:
		return fileError(s.path, err)
	}
	if s.loaded && sameFile(s.seen, info) {
		return nil
	}
	f, found, err := readFile(s.path)
	if !s.loaded { // before they are recorded, too: who may not be known yet is no reason to let everybody in
		s.mu.Lock()
		s.exists = s.exists || found || err != nil
		s.mu.Unlock()
	}
	if err != nil {
		return err
	}
	index, err := s.record(ctx, j, &f)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.hash, s.byKey = f.hash(), map[string]Principal{}
	for _, p := range f.Principals {
		s.byKey[p.KeyHash] = p
	}
	s.exists = s.exists || found
	s.mu.Unlock()
	s.loaded, s.seen = true, info
	return s.note(index, s.hash)
}

// Has tells whether a key was given to a principal of this name.
func (s *Store) Has(name string) bool {
	return slices.ContainsFunc(s.List(), func(p Principal) bool { return p.Name == name })
}

// note writes into the file which entry names it, now that it counts.
func (s *Store) note(index *int64, hash string) error {
	if index == nil {
		return nil
	}
	return edit(s.path, func(now *file) error {
		if now.hash() == hash {
			now.Recorded, now.RecordedHash = index, hash
		}
		return nil
	})
}

func sameFile(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == b
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// record writes one event for each principal that differs from those in force, and gives
// the index of the last one, nil if there is none.
func (s *Store) record(ctx context.Context, j Journal, f *file) (index *int64, err error) {
	next := f.hash()
	if !s.loaded && f.Recorded != nil {
		if hash, err := j.Recorded(ctx, *f.Recorded); err == nil && hash == next {
			return nil, nil
		}
	}
	before := map[string]Principal{}
	for _, p := range s.List() {
		before[p.Name] = p
	}
	note := func(by string, ch decide.Change) error {
		ch.Old, ch.New = s.hash, next
		rec, err := j.Changed(ctx, decide.Caller{ID: cmp.Or(by, "unknown"), Scopes: []decide.Scope{decide.ScopeAdminister}}, ch)
		index = rec.Index
		return err
	}
	for _, p := range f.Principals {
		old, had := before[p.Name]
		delete(before, p.Name)
		if had && samePrincipal(old, p) {
			continue
		}
		if err := note(p.AddedBy, decide.Change{Type: audit.TypePrincipalAdded, What: p.Name, Details: p.details()}); err != nil {
			return nil, err
		}
	}
	for name := range before {
		by := ""
		if i := slices.IndexFunc(f.Revoked, func(r revoked) bool { return r.Name == name }); i >= 0 {
			by = f.Revoked[i].By
		}
		if err := note(by, decide.Change{Type: audit.TypePrincipalRevoked, What: name}); err != nil {
			return nil, err
		}
	}
	return index, nil
}

func samePrincipal(a, b Principal) bool {
	return a.KeyHash == b.KeyHash && a.Tenant == b.Tenant && a.Expires.Equal(b.Expires) && slices.Equal(a.Scopes, b.Scopes)
}

func (p Principal) details() map[string]any {
	scopes := make([]string, len(p.Scopes))
	for i, s := range p.Scopes {
		scopes[i] = string(s)
	}
	d := map[string]any{"scopes": scopes}
	if p.Tenant != "" {
		d["tenant"] = p.Tenant
	}
	if !p.Expires.IsZero() {
		d["expires"] = p.Expires.UTC().Format(time.RFC3339)
	}
	return d
}
