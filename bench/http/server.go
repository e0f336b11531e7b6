// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpbench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	enginebench "github.com/comity-project/comity/bench/engine"
)

// Binaries are the servers, built once.
type Binaries struct{ Comity, OPA, OPAVersion string }

// Build builds what is not given: comity from this repository, opa from its own in the
// version that go.mod names.
func Build(ctx context.Context, dir string, given Binaries) (Binaries, error) {
	const peer = "github.com/open-policy-agent/opa"
	b := given
	if b.Comity == "" {
		b.Comity = filepath.Join(dir, "comity")
		if _, err := command(ctx, nil, "go", "build", "-o", b.Comity, "github.com/comity-project/comity/cmd/comity"); err != nil {
			return b, err
		}
	}
	if b.OPA == "" {
		version, err := command(ctx, nil, "go", "list", "-m", "-f", "{{.Version}}", peer)
		if err != nil {
			return b, err
		}
		b.OPA = filepath.Join(dir, "opa")
		if _, err := command(ctx, []string{"GOBIN=" + dir}, "go", "install", peer+"@"+strings.TrimSpace(version)); err != nil {
			return b, err
		}
	}
	out, err := command(ctx, nil, b.OPA, "version")
	b.OPAVersion, _, _ = strings.Cut(out, "\n")
	return b, err
}

func command(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(errs.Bytes()))
	}
	return string(out), nil
}

// Server is a running process that listens at URL.
type Server struct {
	Name, URL string
	cmd       *exec.Cmd
	output    bytes.Buffer
	done      chan struct{}
}

// StartComity serves the case from a new data folder below dir, without any other pack.
func StartComity(ctx context.Context, b Binaries, c *Case, dir string) (*Server, error) {
	config := map[string]any{"packs": map[string]any{"dirs": []string{filepath.Join(dir, "packs")}, "only": true}}
	text, err := json.Marshal(config) // which is YAML, too
	if err != nil {
		return nil, err
	}
	err = write(dir, map[string]string{
		"config.yaml": string(text), "packs/vocabulary.yaml": c.vocabulary(), "packs/generated/pack.yaml": c.set.Pack(),
	})
	if err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return start(ctx, "comity", addr, "/readyz", b.Comity, "serve", "--listen", addr,
		"--config", filepath.Join(dir, "config.yaml"), "--data", filepath.Join(dir, "data"), "--anchor", filepath.Join(dir, "anchor"))
}

// StartOPA serves the case in one of its forms: no decision log, no log of requests, and
// the store that OPA offers for speed.
func StartOPA(ctx context.Context, b Binaries, r enginebench.Rego, dir string) (*Server, error) {
	data, err := json.Marshal(r.Data)
	if err != nil {
		return nil, err
	}
	files := map[string]string{"policy.rego": r.Policy}
	if r.Data != nil {
		files["data.json"] = string(data)
	}
	if err := write(dir, files); err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return start(ctx, "opa", addr, "/health", b.OPA, "run", "--server", "--addr", addr,
		"--log-level", "error", "--skip-version-check", "--optimize-store-for-read-speed", dir)
}

// StartEcho runs a program that only answers; args gives its arguments for an address.
func StartEcho(ctx context.Context, bin string, args func(addr string) []string) (*Server, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return start(ctx, "echo", addr, "/", bin, args(addr)...)
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// start runs a server and waits until it answers at path.
func start(ctx context.Context, name, addr, path, bin string, args ...string) (*Server, error) {
	s := &Server{Name: name, URL: "http://" + addr, cmd: exec.CommandContext(ctx, bin, args...), done: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = s.cmd.Wait() // how it ended is in the output
		close(s.done)
	}()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.done:
			return nil, fmt.Errorf("start %s: it ended: %s", name, bytes.TrimSpace(s.output.Bytes()))
		default:
		}
		resp, err := http.Get(s.URL + path)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return s, nil
			}
		}
	}
	return nil, errors.Join(fmt.Errorf("start %s: not ready within a minute", name), s.Stop())
}

// Stop ends the server as an operator would.
func (s *Server) Stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", s.Name, err)
	}
	select {
	case <-s.done:
	case <-time.After(30 * time.Second):
		_ = s.cmd.Process.Kill()
		return fmt.Errorf("stop %s: still running after 30 s", s.Name)
	}
	return nil
}

// Memory is what of the process is in memory now, and the most that ever was, in bytes.
func (s *Server) Memory() (now, peak int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, 0, fmt.Errorf("memory of %s: %w", s.Name, err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		kb, _ := strconv.ParseInt(fields[1], 10, 64)
		switch fields[0] {
		case "VmRSS:":
			now = kb << 10
		case "VmHWM:":
			peak = kb << 10
		}
	}
	return now, peak, nil
}

// CPU is the processor time that the process has used.
func (s *Server) CPU() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("processor time of %s: %w", s.Name, err)
	}
	// The name of the program, in parentheses, may have spaces.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("processor time of %s: %d fields", s.Name, len(fields))
	}
	var ticks int64
	for _, f := range fields[11:13] { // user and system time
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("processor time of %s: %w", s.Name, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100), nil // Linux shows ticks of 10 ms on every machine
}
