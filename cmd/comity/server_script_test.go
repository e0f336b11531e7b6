// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// servers are the servers of a script:
//
//	server NAME [flag...]       starts comity serve on a free port and sets $NAME to its URL
//	signal NAME hup|term|kill   sends a signal, and for the last two waits for the end
//	post STATUS URL FILE        posts a file, as JSON or NDJSON by its name, with $KEY as the
//	                            key if it is set; the answer is the script's stdout
//	get STATUS URL              likewise
//
// What a server prints is in NAME.out and NAME.err.
type servers struct {
	mu   sync.Mutex
	runs map[string]*exec.Cmd
}

type serversKey struct{}

func serversOf(ts *testscript.TestScript) *servers {
	return ts.Value(serversKey{}).(*servers)
}

// started is how long a server may take to start, or to stop.
const started = 20 * time.Second

func startServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: server NAME [flag...]")
	}
	s, name := serversOf(ts), args[0]
	path, err := exec.LookPath("comity")
	ts.Check(err)
	cmd := exec.Command(path, append([]string{"serve", "--listen", "127.0.0.1:0"}, args[1:]...)...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+ts.Getenv("XDG_STATE_HOME"), "HOME="+ts.Getenv("HOME"))
	var out, errOut *os.File
	out, err = os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	errOut, err = os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	defer out.Close()
	defer errOut.Close()
	cmd.Stdout, cmd.Stderr = out, errOut
	ts.Check(cmd.Start())
	s.mu.Lock()
	s.runs[name] = cmd
	s.mu.Unlock()
	ts.Defer(func() { _ = s.end(name, syscall.SIGKILL) })
	for end := time.Now().Add(started); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		text, err := os.ReadFile(out.Name())
		ts.Check(err)
		if _, rest, ok := bytes.Cut(text, []byte("serving  ")); ok {
			if url, _, ok := bytes.Cut(rest, []byte("\n")); ok {
				ts.Setenv(name, string(url))
				return
			}
		}
	}
	text, _ := os.ReadFile(errOut.Name())
	ts.Fatalf("the server %s did not start: %s", name, text)
}

func signalServer(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"hup": syscall.SIGHUP, "term": syscall.SIGTERM, "kill": syscall.SIGKILL}
	if neg || len(args) != 2 || signals[args[1]] == 0 {
		ts.Fatalf("usage: signal NAME hup|term|kill")
	}
	if err := serversOf(ts).end(args[0], signals[args[1]]); err != nil {
		ts.Fatalf("%v", err)
	}
}

// end sends a signal, and waits where it ends the server.
func (s *servers) end(name string, sig syscall.Signal) error {
	s.mu.Lock()
	cmd := s.runs[name]
	if sig != syscall.SIGHUP {
		delete(s.runs, name)
	}
	s.mu.Unlock()
	if cmd == nil {
		return fmt.Errorf("no server %s", name)
	}
	if err := cmd.Process.Signal(sig); err != nil || sig == syscall.SIGHUP {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		var exit *exec.ExitError
		if sig == syscall.SIGKILL && errors.As(err, &exit) {
			return nil
		}
		return err
	case <-time.After(started):
		_ = cmd.Process.Kill()
		return fmt.Errorf("the server %s did not stop", name)
	}
}

func post(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: post STATUS URL FILE")
	}
	req, err := http.NewRequest(http.MethodPost, args[1], strings.NewReader(ts.ReadFile(args[2])))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	if strings.HasSuffix(args[2], ".ndjson") {
		req.Header.Set("Content-Type", "application/x-ndjson")
	}
	send(ts, args[0], req)
}

func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: get STATUS URL")
	}
	req, err := http.NewRequest(http.MethodGet, args[1], nil)
	ts.Check(err)
	send(ts, args[0], req)
}

func send(ts *testscript.TestScript, status string, req *http.Request) {
	if key := ts.Getenv("KEY"); key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	_, err = ts.Stdout().Write(body)
	ts.Check(err)
	if got := fmt.Sprint(resp.StatusCode); got != status {
		ts.Fatalf("status %s, expected %s: %s", got, status, body)
	}
}

// setenv sets a variable to the text of a file, without the end of its last line.
func setenv(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: setenv NAME FILE")
	}
	ts.Setenv(args[0], strings.TrimSuffix(ts.ReadFile(args[1]), "\n"))
}
