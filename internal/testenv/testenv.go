// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package testenv starts the servers that tests need, on loopback and in folders of their
// own, and stops them when the test ends. `make test` installs what is missing; a test
// without it is skipped, and says so.
package testenv

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to start or to stop.
const patience = 30 * time.Second

// FreePort is a port of loopback that nobody listens on.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Database is a PostgreSQL server.
type Database struct {
	DSN string // of the superuser, for the database postgres
	run func(name string, args ...string) error
	dir string
}

// Postgres starts a server of the newest version that is installed.
func Postgres(t testing.TB) *Database {
	t.Helper()
	list, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if path, err := exec.LookPath("initdb"); err == nil {
		list = append(list, path)
	}
	if len(list) == 0 {
		t.Skip("PostgreSQL is not installed; make servers installs it")
	}
	bin := filepath.Dir(list[len(list)-1])
	dir, as := serverDir(t)
	d := &Database{dir: dir, run: func(name string, args ...string) error {
		ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, filepath.Join(bin, name), args...)
		cmd.Dir, cmd.SysProcAttr = dir, as
		// Not a pipe: the server keeps it open, and Wait would wait for the server.
		log, err := os.OpenFile(filepath.Join(dir, "run.log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		defer log.Close()
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Run(); err != nil {
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("%s: %w\n%s", name, err, text)
		}
		return nil
	}}
	if err := d.run("initdb", "-D", dir+"/db", "-A", "trust", "-U", "postgres", "--no-instructions", "--no-sync", "-E", "UTF8", "--locale", "C"); err != nil {
		t.Fatal(err)
	}
	port := FreePort(t)
	settings := fmt.Sprintf("-c listen_addresses=127.0.0.1 -c port=%d -c unix_socket_directories='' -c fsync=off -c max_connections=20 -c shared_buffers=16MB", port)
	if err := d.run("pg_ctl", "-D", dir+"/db", "-w", "-l", dir+"/server.log", "-o", settings, "start"); err != nil {
		text, _ := os.ReadFile(dir + "/server.log")
		t.Fatalf("%v\n%s", err, text)
	}
	d.DSN = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	t.Cleanup(func() { _ = d.Stop() })
	return d
}

// Stop ends the server at once, as a failing machine does.
func (d *Database) Stop() error {
	return d.run("pg_ctl", "-D", d.dir+"/db", "-w", "-m", "immediate", "stop")
}

// serverDir makes a folder, and finds the user that PostgreSQL runs as: it refuses root.
func serverDir(t testing.TB) (string, *syscall.SysProcAttr) {
	t.Helper()
	dir, err := os.MkdirTemp("", "comity-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Getuid() != 0 {
		return dir, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Skipf("PostgreSQL refuses root, and there is no other user for it: %v", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return dir, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// Bucket is a store that speaks the S3 protocol, over a folder.
type Bucket struct {
	Endpoint, AccessKey, SecretKey string
	// Dir holds a folder for each bucket, and in it a file for each object.
	Dir  string
	stop func()
}

// S3 starts versitygw.
func S3(t testing.TB) *Bucket {
	t.Helper()
	path := program("versitygw")
	if path == "" {
		t.Skip("versitygw is not installed; make servers installs it")
	}
	dir := t.TempDir()
	b := &Bucket{AccessKey: "comitytest", SecretKey: "comitytestsecret", Dir: filepath.Join(dir, "data")}
	for _, d := range []string{b.Dir, filepath.Join(dir, "meta")} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	address := fmt.Sprintf("127.0.0.1:%d", FreePort(t))
	cmd := exec.Command(path, "--access", b.AccessKey, "--secret", b.SecretKey, "--port", address, "--quiet", "posix", "--sidecar", filepath.Join(dir, "meta"), b.Dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	b.Endpoint, b.stop = "http://"+address, func() { _ = cmd.Process.Kill(); <-ended }
	t.Cleanup(b.Stop)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			t.Fatalf("versitygw ended\n%s", out.String())
		default:
		}
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			_ = c.Close()
			return b
		}
	}
	b.Stop()
	t.Fatalf("versitygw does not listen\n%s", out.String())
	return nil
}

// Stop ends the store.
func (b *Bucket) Stop() { b.stop() }

// program looks in bin/ of the repository, where make puts tools, and on the PATH.
func program(name string) string {
	for dir, err := os.Getwd(); err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			if path := filepath.Join(dir, "bin", name); executable(path) {
				return path
			}
			break
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
