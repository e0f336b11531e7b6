// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/proof"
)

// receipts are what writers were told, by the index of the entry.
type receipts struct {
	mu sync.Mutex
	by map[int64]client.Receipt
}

// TestKill kills a server under 64 writers, while it reloads packs, changes its signing
// key, or builds its index anew, and starts it again. Nothing that was acknowledged is
// lost, and no two receipts are of different histories.
func TestKill(t *testing.T) {
	rounds := 4
	switch {
	case os.Getenv("COMITY_SOAK") != "":
		rounds = 40
	case testing.Short():
		rounds = 2
	}
	dir := t.TempDir()
	conf := config.Config{Data: filepath.Join(dir, "data"), Anchor: filepath.Join(dir, "state")}
	all := &receipts{by: map[int64]client.Receipt{}}
	for round := range rounds {
		if round%4 == 2 {
			for _, name := range []string{"index.db", "index.db-wal", "index.db-shm"} {
				os.Remove(filepath.Join(conf.Data, "local", name)) // it may not be there yet
			}
		}
		before := len(all.by)
		killOne(t, conf, all, round)
		if len(all.by) == before {
			t.Errorf("round %d: nothing was acknowledged", round)
		}
	}
	checkReceipts(t, conf, all)
	t.Logf("%d rounds, %d acknowledged", rounds, len(all.by))
}

// killOne starts the server, writes, disturbs it and kills it.
func killOne(t *testing.T, conf config.Config, all *receipts, round int) {
	t.Helper()
	cmd := exec.Command("comity", "serve", "--listen", "127.0.0.1:0", "--data", conf.Data, "--anchor", conf.Anchor)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }() // it is dead already, unless the test failed
	url := ""
	for lines := bufio.NewScanner(out); url == "" && lines.Scan(); {
		url = strings.TrimSpace(strings.TrimPrefix(lines.Text(), "serving "))
	}
	if url == "" {
		_ = cmd.Wait()
		t.Fatalf("round %d: the server did not start: %s", round, &log)
	}
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for w := range 64 {
		writers.Go(func() { write(ctx, url, fmt.Sprintf("%d/%d", round, w), all) })
	}
	disturb(t, conf, cmd, round)
	time.Sleep(time.Duration(100+rand.IntN(400)) * time.Millisecond)
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Errorf("round %d: it ended by itself: %v, %s", round, err, &log)
	}
	stop()
	writers.Wait()
	_ = cmd.Wait() // it was killed
}

// disturb makes the server do something besides writing.
func disturb(t *testing.T, conf config.Config, cmd *exec.Cmd, round int) {
	t.Helper()
	time.Sleep(100 * time.Millisecond)
	switch round % 4 {
	case 1:
		for range 3 {
			_ = cmd.Process.Signal(syscall.SIGHUP) // a dead process fails the round elsewhere
			time.Sleep(20 * time.Millisecond)
		}
	case 3:
		change := app.Rotate
		if round%8 == 7 {
			change = app.Retire
		}
		if _, err := change(t.Context(), conf, nil); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		_ = cmd.Process.Signal(syscall.SIGHUP) // as above
	}
}

// write appends events until the server is gone, and keeps the receipts.
func write(ctx context.Context, url, name string, all *receipts) {
	c, err := client.New(url, client.Options{Attempts: 1})
	if err != nil {
		return
	}
	for n := 0; ; n++ {
		r, err := c.Append(ctx, client.Event{
			Type: "data_access", Actor: client.Actor{ID: "writer " + name}, Action: "read",
			Resource: client.Resource{Type: "row", ID: fmt.Sprint(n)}, Success: true, Subject: comity.Subject{ID: name},
		})
		if err != nil {
			if comity.CodeOf(err) == comity.CodeOverloaded {
				time.Sleep(time.Millisecond)
				continue
			}
			return
		}
		all.mu.Lock()
		all.by[*r.Record.Index] = r
		all.mu.Unlock()
	}
}

// checkReceipts holds every receipt against the log as it is in the end.
func checkReceipts(t *testing.T, conf config.Config, all *receipts) {
	t.Helper()
	a, err := app.Open(t.Context(), conf, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close(context.Background())
	if err := a.Ready(); err != nil {
		t.Fatal(err)
	}
	public, err := os.ReadFile(a.Paths.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	former, _ := os.ReadFile(filepath.Join(filepath.Dir(a.Paths.PublicKey), "log.former.pub")) // none before the first rotation
	keys := strings.Fields(string(public) + string(former))
	src := proof.SourceFunc(func(_ context.Context, path string) ([]byte, error) { return a.Resource(path) })
	end, err := proof.ReadCheckpoint(t.Context(), src, keys...)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for index, r := range all.by {
		if seen[r.Record.Checkpoint] {
			continue
		}
		seen[r.Record.Checkpoint] = true
		head, err := proof.VerifyReceipt(r.Record, keys...)
		if err != nil {
			t.Fatalf("entry %d: %v", index, err)
		}
		if head.Size > end.Size {
			t.Fatalf("entry %d was acknowledged in a log of %d entries, now there are %d", index, head.Size, end.Size)
		}
		hashes, err := proof.Consistency(t.Context(), src, head, end)
		if err == nil {
			err = proof.CheckConsistency(hashes, head, end)
		}
		if err != nil {
			t.Fatalf("entry %d was acknowledged in another history: %v", index, err)
		}
	}
	report, err := proof.VerifyLog(t.Context(), src, proof.Options{Keys: keys})
	if err != nil || len(report.Findings) > 0 {
		t.Errorf("%v, %+v", err, report.Findings)
	}
}
