// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/proof"
)

// defaultLog is the log of a command that names none: that of the default data folder.
const defaultLog = "comity-data"

// logFlags say which keys are trusted.
type logFlags struct {
	keyFile string
}

func (f *logFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.keyFile, "key", "", "file with the log's public key, a line each; without it, the log.pub beside the log")
}

// logSource is one log that can be read.
type logSource struct {
	name  string // what the user knows it by: a folder, a URL, a bundle
	src   proof.Source
	keys  []string
	given bool          // the keys come from the user, not from beside the log
	only  []proof.Range // what an export has; nil is all
	close func() error
}

// open finds the logs at a place: a data folder, a cell's folder, a log's folder, a bundle
// or a URL.
func (f *logFlags) open(ctx context.Context, where string) ([]*logSource, error) {
	keys, err := f.keys()
	if err != nil {
		return nil, err
	}
	logs, err := f.find(ctx, where)
	if err != nil {
		return nil, err
	}
	for _, l := range logs {
		if keys != nil {
			l.keys, l.given = keys, true
		}
		if len(l.keys) == 0 {
			closeAll(logs)
			return nil, &comity.Error{Code: comity.CodeNotFound, Op: l.name, Err: errors.New("no public key beside the log"), Remedy: "give it with --key FILE"}
		}
	}
	return logs, nil
}

// keys reads the file of --key; nil without one.
func (f *logFlags) keys() ([]string, error) {
	if f.keyFile == "" {
		return nil, nil
	}
	text, err := os.ReadFile(f.keyFile)
	if err != nil {
		return nil, notFound("--key", err)
	}
	keys := keyLines(text)
	if len(keys) == 0 {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: f.keyFile, Err: errors.New("no public key in the file")}
	}
	return keys, nil
}

// keyLines are the public keys of a file; lines that begin with # are comments.
func keyLines(text []byte) []string {
	var keys []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			keys = append(keys, line)
		}
	}
	return keys
}

func closeAll(logs []*logSource) {
	for _, l := range logs {
		if l.close != nil {
			_ = l.close() // they were only read
		}
	}
}

func (f *logFlags) find(ctx context.Context, where string) ([]*logSource, error) {
	if strings.HasPrefix(where, "http://") || strings.HasPrefix(where, "https://") {
		return f.atURL(ctx, where)
	}
	info, err := os.Stat(where)
	if errors.Is(err, fs.ErrNotExist) && where == defaultLog {
		return nil, &comity.Error{Code: comity.CodeNotFound, Op: where, Err: errors.New("no such folder"), Remedy: "say which log with --log DIR or --log URL"}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &comity.Error{
			Code: comity.CodeNotFound, Op: "log", Err: fmt.Errorf("%s: no such file or folder", where),
			Remedy: "give a data folder, a log's folder, an exported bundle or a URL",
		}
	}
	if err != nil {
		return nil, notFound("log", err)
	}
	if !info.IsDir() {
		l, err := openBundle(where)
		if err != nil {
			return nil, err
		}
		return []*logSource{l}, nil
	}
	if l := folderLog(where); l != nil {
		return []*logSource{l}, nil
	}
	entries, err := os.ReadDir(where)
	if err != nil {
		return nil, notFound("log", err)
	}
	logs := logsOfCell(where)
	for _, e := range entries {
		if e.IsDir() {
			logs = append(logs, logsOfCell(filepath.Join(where, e.Name()))...)
		}
	}
	if len(logs) == 0 {
		return nil, &comity.Error{
			Code: comity.CodeNotFound, Op: where, Err: errors.New("no log here"),
			Remedy: "give a data folder, a cell's folder in it, a log's folder (the one with the file checkpoint), an exported bundle or a URL",
		}
	}
	return logs, nil
}

// logsOfCell are the log of a cell and, before it, those that it continues.
func logsOfCell(dir string) []*logSource {
	older, _ := filepath.Glob(filepath.Join(dir, "log.*")) // log.1, log.2; their keys are no folders
	slices.SortFunc(older, func(a, b string) int { return len(a) - len(b) })
	var logs []*logSource
	for _, dir := range append(older, filepath.Join(dir, "log")) {
		if l := folderLog(dir); l != nil {
			logs = append(logs, l)
		}
	}
	return logs
}

// folderLog is the log in a folder, or nil. A folder with tiles but without a checkpoint is
// a log, too: what is missing is for the verifier to find.
func folderLog(dir string) *logSource {
	_, noCheckpoint := os.Stat(filepath.Join(dir, proof.CheckpointPath))
	_, noTiles := os.Stat(filepath.Join(dir, "tile"))
	if noCheckpoint != nil && noTiles != nil {
		return nil
	}
	l := &logSource{name: dir, src: proof.FS(os.DirFS(dir))}
	whole, err := filepath.Abs(dir)
	if err != nil {
		whole = filepath.Clean(dir)
	}
	// The key of DATA/CELL/log is DATA/CELL/log.pub, that of an older log.1 is log.1.pub.
	for _, pub := range []string{whole + ".pub", filepath.Join(filepath.Dir(whole), "log.pub"), filepath.Join(whole, "log.pub")} {
		if text, err := os.ReadFile(pub); err == nil {
			l.keys = keyLines(text)
			break
		}
	}
	return l
}

// webLog is the Source of a log that is served over HTTP.
type webLog struct {
	base   string
	key    string
	client *http.Client
}

// Limits of one request to a log.
const (
	webTimeout = 2 * time.Minute
	webLimit   = 1 << 30
)

func (f *logFlags) atURL(ctx context.Context, where string) ([]*logSource, error) {
	u, err := url.Parse(where)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, usageError("log", "a log's URL ends with /log/NAME", "%q is not the URL of a log", where)
	}
	base := strings.TrimSuffix(strings.TrimSuffix(u.String(), "/"+proof.CheckpointPath), "/")
	w := &webLog{base: base, key: os.Getenv("COMITY_API_KEY"), client: &http.Client{Timeout: webTimeout}}
	_, err = w.Resource(ctx, proof.CheckpointPath)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &comity.Error{Code: comity.CodeNotFound, Op: "log", Err: err, Remedy: "a log's URL ends with /log/NAME"}
	case err != nil:
		return nil, unreached(err)
	}
	l := &logSource{name: base, src: w}
	if text, err := w.Resource(ctx, "log.pub"); err == nil {
		l.keys = keyLines(text)
	}
	return []*logSource{l}, nil
}

// unreached is the error of a log that does not answer. One that refuses says what to do.
func unreached(err error) error {
	out := &comity.Error{Code: comity.CodeUnavailable, Op: "log", Err: err}
	if dial := (*net.OpError)(nil); errors.As(err, &dial) && dial.Op == "dial" {
		out.Remedy = "start the server (comity serve), or give the URL at which it listens"
	}
	return out
}

// Resource gets a file of the log.
func (w *webLog) Resource(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	if w.key != "" {
		req.Header.Set("Authorization", "Bearer "+w.key)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusGone:
		return nil, &fs.PathError{Op: "get", Path: w.base + "/" + path, Err: fs.ErrNotExist}
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, &comity.Error{Code: comity.CodeUnauthenticated, Op: w.base, Err: errors.New(resp.Status), Remedy: "set COMITY_API_KEY to a key with the scope read_log"}
	default:
		return nil, fmt.Errorf("get %s/%s: %s", w.base, path, resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, webLimit))
	if err != nil {
		return nil, fmt.Errorf("get %s/%s: %w", w.base, path, err)
	}
	return data, nil
}
