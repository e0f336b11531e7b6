// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package auditbench

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

// TesseraTuning are the settings that decide its speed; the zero one is its defaults.
type TesseraTuning struct {
	Batch int
	Age   time.Duration
}

// minCheckpoint is the least interval that the driver accepts.
const minCheckpoint = 100 * time.Millisecond

type tesseraLog struct {
	name     string
	appender *tessera.Appender
	shutdown func(context.Context) error
	cancel   context.CancelFunc
}

// NewTessera opens a log of Tessera's POSIX driver in a new folder under dir. An event is
// taken as durable when its index is given out, which is before a checkpoint covers it.
func NewTessera(_ context.Context, dir string, tuning TesseraTuning) (System, error) {
	skey, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	driver, err := posix.New(ctx, posix.Config{Path: filepath.Join(dir, "tessera")})
	if err != nil {
		cancel()
		return nil, err
	}
	options := tessera.NewAppendOptions().WithCheckpointSigner(signer)
	t := &tesseraLog{name: "Tessera, default", cancel: cancel}
	if tuning.Batch > 0 {
		t.name = fmt.Sprintf("Tessera, batches of %d or %s", tuning.Batch, tuning.Age)
		options = options.WithBatching(uint(tuning.Batch), tuning.Age).WithCheckpointInterval(minCheckpoint)
	}
	if t.appender, t.shutdown, _, err = tessera.NewAppender(ctx, driver, options); err != nil {
		cancel()
		return nil, err
	}
	return t, nil
}

func (t *tesseraLog) Name() string { return t.name }

func (t *tesseraLog) Append(ctx context.Context, _ int, event []byte) error {
	// The entry is kept until it is integrated, beyond this call's buffer.
	_, err := t.appender.Add(ctx, tessera.NewEntry(slices.Clone(event)))()
	return err
}

func (t *tesseraLog) Settle(context.Context) error { return nil }

func (t *tesseraLog) Close() error {
	defer t.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return t.shutdown(ctx)
}
