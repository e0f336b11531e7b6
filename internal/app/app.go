// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package app wires everything: it opens a data folder with its lock, keys, log and index
// and puts the door in front of them.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/keyring"
	"github.com/comity-project/comity/internal/principal"
	"github.com/comity-project/comity/internal/sqlite"
	"github.com/comity-project/comity/internal/translog"
	"github.com/comity-project/comity/internal/vfs"
)

// cell is the name of the only cell, and of its log in records.
const cell = "local"

// App is an open data folder.
type App struct {
	Door       *decide.Door
	Book       *audit.Book
	Log        *translog.Log
	Principals *principal.Store
	Recovery   *translog.Recovery
	Paths      Paths
	// Origin is the log's name in its checkpoints, LogName in records and URLs.
	Origin, LogName string

	config   config.Config
	logger   *slog.Logger
	folder   *folder
	keys     *keyring.Keyring
	anchor   *translog.FileAnchor
	programs *programs
	signing  atomic.Pointer[[]string] // public keys of those that sign, the current one first
	// changing is held while what decides changes. It guards config, once it is open, and:
	changing sync.Mutex
	known    deciding  // what the log says of it
	active   string    // the candidate's files that are in force, by their hash
	proposed *proposal // the candidate that decides in shadow
	recorded string    // the configuration's hash in the log, also if it waits for a restart
	// locked is why the log must not be written, found before it was opened.
	locked error
	// decides is false if what would decide is of no interest.
	decides bool
	// scratch holds the index of a folder that cannot be written.
	scratch string
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// Paths are where the parts of an App lie.
type Paths struct {
	// Data is the data folder; Anchor the last signed head, LogKey the signing key and
	// SubjectKeys the keyring, all outside of it; PublicKey is what verifiers need.
	Data, Anchor, LogKey, SubjectKeys, PublicKey string
}

// Open opens or creates the data folder of a configuration. A log that must not sign is
// open for reading, and Ready says why.
func Open(ctx context.Context, c config.Config, logger *slog.Logger) (*App, error) {
	return open(ctx, c, logger, true)
}

// OpenLog is Open for who reads the log, appends or erases and decides nothing: that he has
// other packs or another configuration than those who decide is no change.
func OpenLog(ctx context.Context, c config.Config, logger *slog.Logger) (*App, error) {
	return open(ctx, c, logger, false)
}

func open(ctx context.Context, c config.Config, logger *slog.Logger, decides bool) (_ *App, err error) {
	a := &App{config: c.WithDefaults(), logger: logger, LogName: cell, decides: decides}
	if a.logger == nil {
		a.logger = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			a.release()
		}
	}()
	// The user's files come first: a fault in them leaves no folder behind.
	packs, err := load(a.config.Packs)
	if err != nil {
		return nil, err
	}
	if packs.fault != nil && !anyActivated(a.config.Data) {
		return nil, packs.fault
	}
	sources, err := factSources(a.config)
	if err != nil {
		return nil, err
	}
	if a.folder, err = openFolder(a.config.Data); err != nil {
		return nil, err
	}
	if a.folder.lock == nil {
		a.locked = &comity.Error{
			Code: comity.CodeUnavailable, Op: "open data folder " + a.folder.dir, Err: errors.New("it cannot be written, so it is only read"),
			Remedy: "make it writable for this user, or give another one with --data",
		}
	}
	if err := a.openLog(ctx); err != nil {
		return nil, err
	}
	if err := a.openBook(ctx); err != nil {
		return nil, err
	}
	a.programs = &programs{dir: filepath.Join(a.folder.dir, "programs")}
	since, err := a.lastTime()
	if err != nil {
		return nil, err
	}
	r, rebuilt := rules{inForce: packs.base}, false
	if decides {
		a.known, rebuilt = a.decidedBefore(ctx)
		if r, err = a.rules(a.config.Packs, packs, a.known.Activated); err != nil {
			return nil, err
		}
	}
	if packs.fault != nil {
		a.logger.Error("the candidate cannot be used; what was activated stays in force", "error", packs.fault)
	}
	a.active = r.active
	a.Door, err = decide.New(decide.Options{
		Sources: sources, Engine: r.inForce, Recorder: a.recorder(), Programs: a.programs, Clock: newClock(), ClockBound: a.config.Clock.Bound, Since: since,
		Logger: a.logger, Cell: cell, Log: cell, Head: func() []byte { return a.Log.Head().Note },
		MaxInFlight: a.config.Limits.InFlight, Later: a.later(),
	})
	if err != nil {
		return nil, err
	}
	if err := a.begin(ctx, &r, rebuilt); err != nil {
		return nil, errors.Join(err, a.Door.Close(ctx))
	}
	return a, nil
}

// recorder is the book, or one that says why nothing can be recorded.
func (a *App) recorder() decide.Recorder {
	if a.locked != nil {
		return lockedBook{a.Book, a.locked}
	}
	return a.Book
}

// lockedBook is a book that is only read.
type lockedBook struct {
	*audit.Book
	why error
}

func (b lockedBook) Append(context.Context, audit.Event) (comity.Record, error) {
	return comity.Record{}, b.why
}

func (b lockedBook) AppendBatch(context.Context, []audit.Event) ([]comity.Record, error) {
	return nil, b.why
}

// factSources are what knows facts besides the callers.
func factSources(c config.Config) ([]decide.FactSource, error) {
	if c.Attributes == "" {
		return nil, nil
	}
	attributes, err := principal.ParseAttributes(c.Attributes, c.AttributesText())
	if err != nil {
		return nil, err
	}
	return []decide.FactSource{attributes}, nil
}

func (a *App) later() int {
	if !a.config.Record.Later {
		return 0
	}
	return a.config.Record.Queue
}

// openLog opens keys, anchor and log.
func (a *App) openLog(ctx context.Context) error {
	dir := filepath.Join(a.folder.dir, cell)
	if err := a.findState(dir); err != nil {
		return err
	}
	empty, err := isNewLog(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	// An adopt that was interrupted has moved the log away: a new one under the old origin
	// would be another history.
	if number := strings.TrimPrefix(strings.TrimPrefix(a.Origin, a.folder.installation+"/"+cell), "."); empty {
		_, err := os.Stat(filepath.Join(dir, "log."+cmp.Or(number, "1")))
		empty = err != nil
	}
	signers, public, err := a.openSigners(empty)
	if err != nil {
		return err
	}
	if err := a.openKeyring(empty); err != nil {
		return err
	}
	anchor, err := a.openAnchor(empty)
	if err != nil {
		return err
	}
	verifiers, err := a.verifiers(public)
	if err != nil {
		return err
	}
	a.Log, a.Recovery, err = translog.Open(ctx, translog.Options{
		FS: vfs.OS(), Dir: filepath.Join(dir, "log"), Origin: a.Origin, Name: cell,
		Signers: signers, Verifiers: verifiers, Anchor: anchor, SyncKeys: a.keys.Sync, Logger: a.logger,
	})
	return err
}

// openBook opens the index and the book.
func (a *App) openBook(ctx context.Context) error {
	var types *audit.Types
	if name := a.config.EventTypes; name != "" {
		data, err := os.ReadFile(name)
		if err != nil {
			return &comity.Error{Code: comity.CodeNotFound, Op: "event types", Err: err}
		}
		if types, err = audit.ParseTypes(name, data); err != nil {
			return err
		}
	}
	index, err := a.openIndex(ctx)
	if err != nil {
		return err
	}
	a.Book, err = audit.Open(ctx, audit.Options{Cell: cell, Name: cell, Log: a.Log, Sealer: a.keys, Index: index, Types: types, Logger: a.logger})
	if err != nil {
		return errors.Join(err, index.Close())
	}
	return nil
}

// openIndex opens the index beside the log. One of a folder that cannot be written is built
// elsewhere, and gone with the process.
func (a *App) openIndex(ctx context.Context) (*sqlite.Index, error) {
	index, err := sqlite.Open(ctx, filepath.Join(a.folder.dir, cell, "index.db"), a.logger)
	if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
		return index, err
	}
	if a.scratch, err = os.MkdirTemp("", "comity-index-"); err != nil {
		return nil, &comity.Error{Code: comity.CodeUnavailable, Op: "open index", Err: err, Remedy: "make the folder of temporary files writable"}
	}
	return sqlite.Open(ctx, filepath.Join(a.scratch, "index.db"), a.logger)
}

// lastTime is the time of the log's last entry.
func (a *App) lastTime() (time.Time, error) {
	size := a.Log.Head().Size
	if size == 0 {
		return time.Time{}, nil
	}
	text, err := a.Log.Leaf(size - 1)
	if err != nil {
		if a.Log.ReadOnly() != nil {
			return time.Time{}, nil
		}
		return time.Time{}, err
	}
	leaf, err := audit.ParseLeaf(text)
	if err != nil {
		a.logger.Warn("the last entry of the log is not one of ours", "error", err)
	}
	return leaf.Time, nil
}

// begin records what must stand in the log before the first decision, and starts to watch
// the principals.
func (a *App) begin(ctx context.Context, r *rules, rebuilt bool) error {
	a.Principals = principal.NewStore(PrincipalsFile(a.folder.dir), time.Now)
	if err := a.Ready(); err != nil {
		a.logger.Error("nothing can be recorded, so nothing is answered", "error", err)
	} else if err := a.recordStart(ctx, r, rebuilt); err != nil {
		return err
	}
	if err := a.Principals.Sync(ctx, journal{a}); err != nil && a.Ready() == nil {
		return err
	}
	watch, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.done.Go(func() { a.watch(watch) })
	return nil
}

// watch takes over changes of the principals within a second.
func (a *App) watch(ctx context.Context) {
	t := time.NewTicker(time.Second / 2)
	defer t.Stop()
	last := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		err := a.Principals.Sync(ctx, journal{a})
		switch {
		case err == nil:
			last = ""
		case ctx.Err() == nil && err.Error() != last:
			last = err.Error()
			a.logger.Error("the principals were changed but not taken over", "error", err)
		}
	}
}

// PrincipalsFile is where a data folder has its principals.
func PrincipalsFile(data string) string { return filepath.Join(data, "principals.json") }

// SyncPrincipals takes over changes of the principals now.
func (a *App) SyncPrincipals(ctx context.Context) error { return a.Principals.Sync(ctx, journal{a}) }

// VerifierKey is the log's current public key.
func (a *App) VerifierKey() string { return a.signers()[0] }

// signers are the public keys of those that sign. Only Open and Reload change them.
func (a *App) signers() []string { return *a.signing.Load() }

// Resource serves the files of the log, and its public key as log.pub.
func (a *App) Resource(path string) ([]byte, error) {
	if path == "log.pub" {
		return []byte(a.VerifierKey() + "\n"), nil
	}
	return a.Log.Resource(path)
}

// Ready is nil, or why nothing is answered now.
func (a *App) Ready() error {
	if a.locked != nil {
		return a.locked
	}
	if err := a.Log.ReadOnly(); err != nil {
		remedy := "comity audit adopt starts a new log whose first entry names this one"
		if strings.Contains(err.Error(), "comity audit adopt") { // it says so itself
			remedy = ""
		}
		return &comity.Error{Code: comity.CodeUnavailable, Op: "log " + a.Origin, Err: err, Remedy: remedy}
	}
	if err := a.Log.Trouble(); err != nil {
		return err
	}
	return a.Door.Ready()
}

// Close finishes what was accepted, seals the log and releases the folder.
func (a *App) Close(ctx context.Context) error {
	if a.stop != nil {
		a.stop()
		a.done.Wait()
	}
	err := a.Door.Close(ctx)
	return errors.Join(err, a.release())
}

// release closes what is open, in the order that leaves nothing unrecorded.
func (a *App) release() error {
	var err error
	if a.Book != nil {
		err = errors.Join(err, a.Book.Close())
	}
	if a.scratch != "" {
		err = errors.Join(err, os.RemoveAll(a.scratch))
	}
	if a.Log != nil {
		err = errors.Join(err, a.Log.Close())
	}
	if a.keys != nil {
		err = errors.Join(err, a.keys.Close())
	}
	if a.anchor != nil {
		err = errors.Join(err, a.anchor.Close())
	}
	if a.folder != nil {
		err = errors.Join(err, a.folder.close())
	}
	if err != nil {
		return &comity.Error{Code: comity.CodeUnavailable, Op: "close " + a.config.Data, Err: err}
	}
	return nil
}

// journal records changes of principals in the log of an App.
type journal struct{ app *App }

func (j journal) Changed(ctx context.Context, by decide.Caller, ch decide.Change) (comity.Record, error) {
	return j.app.Door.Changed(ctx, by, ch)
}

// Recorded is the hash that an entry names as new.
func (j journal) Recorded(ctx context.Context, index int64) (string, error) {
	if index < 0 {
		return "", fmt.Errorf("entry %d cannot be", index)
	}
	return j.app.changedTo(ctx, uint64(index), audit.TypePrincipalAdded, audit.TypePrincipalRevoked)
}
