// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/comity-project/comity/internal/vfs"
)

const killDir = "COMITY_TEST_KILL_DIR"

// TestMain runs the writer that TestKill kills, if the environment asks for it.
func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		if err := killedWriter(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// killedWriter appends from 64 writers, seals and rotates until it is killed. A line is
// printed for each acknowledgement, and for nothing before it.
func killedWriter(dir string) error {
	var signers []note.Signer
	var verifiers keyList
	for _, name := range []string{"one", "two"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		skey, vkey, _ := strings.Cut(string(text), "\n")
		signer, err := note.NewSigner(skey)
		if err != nil {
			return err
		}
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			return err
		}
		signers, verifiers = append(signers, signer), append(verifiers, verifier)
	}
	anchor, err := OpenFileAnchor(vfs.OS(), filepath.Join(dir, "state", "anchor"))
	if err != nil {
		return err
	}
	l, r, err := Open(context.Background(), Options{
		FS: vfs.OS(), Dir: filepath.Join(dir, "log"), Origin: testOrigin, Anchor: anchor,
		Signers: signers[:1], Verifiers: verifiers, SegmentBytes: 256 << 10, SealEvery: 3 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	if r.ReadOnly != nil {
		return r.ReadOnly
	}
	var mu sync.Mutex
	for w := range 64 {
		go func() {
			for i := 0; ; i++ {
				leaf := fmt.Sprintf("%d %d %d", os.Getpid(), w, i)
				ack, err := l.Append(context.Background(), Entry{Leaf: []byte(leaf), Payload: make([]byte, i%2000)})
				mu.Lock()
				if err != nil {
					fmt.Println("error", err)
				} else {
					fmt.Printf("ack %d %s %s\n", ack.Index, base64.StdEncoding.EncodeToString([]byte(ack.Note)), leaf)
				}
				mu.Unlock()
			}
		}()
	}
	for i := 0; ; i++ {
		if err := l.Rotate([][]note.Signer{signers, signers[1:], signers[:1]}[i%3]); err != nil {
			return err
		}
	}
}

// TestKill kills the process again and again, at any moment, under 64 writers, also while
// it seals and changes keys.
func TestKill(t *testing.T) {
	rounds := 10
	if os.Getenv("COMITY_SOAK") != "" {
		rounds = 100
	}
	if testing.Short() {
		rounds = 2
	}
	dir := t.TempDir()
	w := &witness{leaves: map[uint64][]byte{}, roots: map[uint64]tlog.Hash{}}
	list := keyList{}
	b := newBed(t, vfs.OS(), dir)
	for _, name := range []string{"one", "two"} {
		skey, vkey, err := note.GenerateKey(nil, testOrigin)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(skey+"\n"+vkey), 0o600); err != nil {
			t.Fatal(err)
		}
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := note.NewSigner(skey)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, verifier)
		b.keys = keys{signer, verifier}
	}
	w.keys = list
	b.change = func(o *Options) { o.Verifiers = list }
	for round := range rounds {
		killOnce(t, dir, w)
		l, r, end := b.open()
		if r.ReadOnly != nil {
			t.Fatalf("round %d: %v", round, r.ReadOnly)
		}
		w.check(t, l)
		if l.Published().Size != l.Head().Size {
			t.Fatalf("round %d: %d of %d entries are sealed after recovery", round, l.Published().Size, l.Head().Size)
		}
		end()
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
		w.mu.Lock()
		t.Logf("round %d: %d entries, %d seen acknowledged, %v", round, r.Size, len(w.leaves), r.Findings)
		w.mu.Unlock()
	}
	l, _, end := b.open()
	if err := l.Rotate([]note.Signer{b.keys.signer}); err != nil {
		t.Fatal(err)
	}
	end()
	checkFsck(t, filepath.Join(dir, "log"), b.keys.verifier)
}

// killOnce runs the writer for a while and notes its acknowledgements.
func killOnce(t *testing.T, dir string, w *witness) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	timer := (*time.Timer)(nil)
	for seen := map[uint64]bool{}; ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a line cut by the kill
		}
		if timer == nil { // it works; not for long
			timer = time.AfterFunc(time.Duration(rand.IntN(250))*time.Millisecond, func() { cmd.Process.Kill() })
		}
		f := strings.SplitN(strings.TrimSpace(line), " ", 4)
		if f[0] != "ack" {
			t.Errorf("writer: %s", line)
			continue
		}
		index, _ := strconv.ParseUint(f[1], 10, 64)
		text, _ := base64.StdEncoding.DecodeString(f[2])
		if seen[index] {
			t.Errorf("index %d was given twice", index)
		}
		seen[index] = true
		w.saw(t, Ack{Index: index, Note: string(text)}, []byte(f[3]))
	}
	if timer != nil {
		timer.Stop()
	}
	cmd.Process.Kill()
	cmd.Wait()
}
