// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

const manyClients = 10_000

// TestTenThousandConnections: as many clients as are let in, half of them idle and half
// slow, neither stop the service nor fill the memory.
func TestTenThousandConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("opens 10,000 connections")
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Cur < manyClients+500 {
		t.Skipf("a process may open %d files only", files.Cur)
	}
	a := start(t, setup{options: func(o *Options) { o.Limits.Connections = manyClients + 100 }})
	used := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc + m.StackInuse)
	}
	before := used()
	// The clients are another process, which has files of its own.
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestManyClients$")
	cmd.Env = append(os.Environ(), "COMITY_TEST_CONNECT="+strings.TrimPrefix(a.server.URL, "http://"))
	stop, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "all are open", func() bool { return a.handler.open.Load() >= manyClients })
	waitFor(t, "half of the bodies are begun", func() bool { return a.handler.small.Load() >= manyClients/2*firstBuffer })
	if got := a.post("/v1/decisions", denied); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := a.get("/readyz"); got.status != 200 {
		t.Errorf("/readyz: %d", got.status)
	}
	grown := (used() - before) >> 20
	t.Logf("%d MiB for %d connections, bodies hold %d MiB", grown, manyClients, a.handler.small.Load()>>20)
	if grown > 400 {
		t.Errorf("the connections hold %d MiB", grown)
	}
	stop.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the clients: %v", err)
	}
	waitFor(t, "all are closed", func() bool { return a.handler.open.Load() < 10 })
	if got := a.post("/v1/decisions", denied); got.status != 200 {
		t.Errorf("afterwards: %d %s", got.status, got.body)
	}
}

// TestManyClients is the other process: it connects until its input ends.
func TestManyClients(t *testing.T) {
	addr := os.Getenv("COMITY_TEST_CONNECT")
	if addr == "" {
		t.Skip("TestTenThousandConnections runs it")
	}
	for i := range manyClients {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		defer c.Close()
		if i%2 == 0 {
			fmt.Fprint(c, "POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{")
		}
	}
	_, _ = io.Copy(io.Discard, bufio.NewReader(os.Stdin))
}
