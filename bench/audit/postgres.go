// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package auditbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// ErrNoPostgres: the programs of PostgreSQL are not installed.
var ErrNoPostgres = errors.New("PostgreSQL is not installed")

// postgres groups events as Comity does: one COPY and one commit for everything that
// queued up during the last one.
type postgres struct {
	stop  func() error
	conn  *pgx.Conn
	queue chan row
	done  chan struct{}
}

type row struct {
	event []byte
	done  chan error
}

// NewPostgres starts a server with its own data folder under dir.
func NewPostgres(ctx context.Context, dir string) (System, error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "postgres")
	as, err := ownServer(dir, data)
	if err != nil {
		return nil, err
	}
	run := func(name string, args ...string) error {
		cmd := exec.CommandContext(ctx, filepath.Join(bin, name), args...)
		cmd.Dir, cmd.SysProcAttr = data, as
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, out)
		}
		return nil
	}
	if err := run("initdb", "-D", data+"/db", "-A", "trust", "-U", "bench", "--no-instructions"); err != nil {
		return nil, err
	}
	settings := "-c listen_addresses='' -c unix_socket_directories=" + data +
		" -c shared_buffers=256MB -c max_wal_size=4GB -c synchronous_commit=on"
	if err := run("pg_ctl", "-D", data+"/db", "-w", "-l", data+"/server.log", "-o", settings, "start"); err != nil {
		return nil, err
	}
	p := &postgres{queue: make(chan row, 4096), done: make(chan struct{})}
	p.stop = func() error { return run("pg_ctl", "-D", data+"/db", "-w", "-m", "fast", "stop") }
	if p.conn, err = pgx.Connect(ctx, "host="+data+" user=bench dbname=postgres"); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	if _, err := p.conn.Exec(ctx, "CREATE TABLE events (id bigserial PRIMARY KEY, event bytea)"); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	go p.run(ctx)
	return p, nil
}

// postgresPrograms finds the newest installed version that has initdb.
func postgresPrograms() (string, error) {
	list, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		list = append(list, filepath.Join(dir, "initdb"))
	}
	for _, name := range list {
		if _, err := os.Stat(name); err == nil {
			return filepath.Dir(name), nil
		}
	}
	return "", ErrNoPostgres
}

// ownServer makes the folder, and finds the user that the server runs as: it refuses root.
func ownServer(dir, data string) (*syscall.SysProcAttr, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("%w for another user than root: %w", ErrNoPostgres, err)
	}
	uid, uerr := strconv.Atoi(u.Uid)
	gid, gerr := strconv.Atoi(u.Gid)
	if err := errors.Join(uerr, gerr, os.Chown(data, uid, gid)); err != nil {
		return nil, err
	}
	// The server must reach its folder.
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// run commits groups.
func (p *postgres) run(ctx context.Context) {
	defer close(p.done)
	var group []row
	for first := range p.queue {
		group = append(group[:0], first)
		for more := true; more && len(group) < 4096; {
			select {
			case r, ok := <-p.queue:
				if more = ok; ok {
					group = append(group, r)
				}
			default:
				more = false
			}
		}
		_, err := p.conn.CopyFrom(ctx, pgx.Identifier{"events"}, []string{"event"},
			pgx.CopyFromSlice(len(group), func(i int) ([]any, error) { return []any{group[i].event}, nil }))
		for _, r := range group {
			r.done <- err
		}
	}
}

func (p *postgres) Name() string { return "PostgreSQL, grouped COPY" }

func (p *postgres) Append(_ context.Context, _ int, event []byte) error {
	r := row{event: slices.Clone(event), done: make(chan error, 1)}
	p.queue <- r
	return <-r.done
}

func (p *postgres) Settle(context.Context) error { return nil }

func (p *postgres) Close() error {
	close(p.queue)
	<-p.done
	return errors.Join(p.conn.Close(context.Background()), p.stop())
}
