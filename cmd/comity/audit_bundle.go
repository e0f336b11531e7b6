// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/proof"
)

// bundleFile is the part of a bundle that says what it holds.
const bundleFile = "export.json"

// bundleFormat is the version of a bundle.
const bundleFormat = "comity-export/v1"

// bundleInfo is the content of bundleFile. Only lists the entries, from one up to another,
// whose payloads the bundle holds; without it, it holds all. It is not signed: a bundle
// that claims more than it has lacks files, which is a finding.
type bundleInfo struct {
	Format string      `json:"format"`
	Origin string      `json:"origin"`
	Size   uint64      `json:"size"`
	Only   [][2]uint64 `json:"only,omitempty"`
	// Filter is how the entries were chosen. It proves nothing; whoever has the whole log
	// can choose again.
	Filter *bundleFilter `json:"filter,omitempty"`
}

// bundleFilter is what audit export was asked for. People stand in it as in leaves.
type bundleFilter struct {
	From       uint64   `json:"from,omitempty"`
	To         uint64   `json:"to,omitempty"`
	Since      string   `json:"since,omitempty"`
	Until      string   `json:"until,omitempty"`
	Types      []string `json:"types,omitempty"`
	Tenants    []string `json:"tenants,omitempty"`
	Regions    []string `json:"regions,omitempty"`
	Pseudonyms []string `json:"pseudonyms,omitempty"`
}

// openBundle opens what audit export wrote: a ZIP file with the files of a log.
func openBundle(name string) (*logSource, error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: name, Err: err, Remedy: "a log is a folder, a URL or a bundle that comity audit export wrote"}
	}
	l := &logSource{name: name, src: proof.FS(z), close: z.Close}
	var info bundleInfo
	text, err := fs.ReadFile(z, bundleFile)
	if err == nil {
		err = json.Unmarshal(text, &info)
	}
	if err == nil && info.Format != bundleFormat {
		err = fmt.Errorf("format %q, not %s", info.Format, bundleFormat)
	}
	if err != nil {
		z.Close()
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: name, Err: fmt.Errorf("%s: %w", bundleFile, err)}
	}
	for _, r := range info.Only {
		l.only = append(l.only, proof.Range{From: r[0], To: r[1]})
	}
	if text, err := fs.ReadFile(z, "log.pub"); err == nil {
		l.keys = keyLines(text)
	}
	return l, nil
}

// writeBundle writes the log, or a part of it, as a bundle.
func writeBundle(ctx context.Context, out io.Writer, l *logSource, c proof.Checkpoint, only []proof.Range, filter *bundleFilter) error {
	z := zip.NewWriter(out)
	write := func(path string, data []byte) error {
		h := &zip.FileHeader{Name: path, Method: zip.Store} // hashes and sealed payloads do not compress
		if strings.HasPrefix(path, "tile/entries/") {
			h.Method = zip.Deflate
		}
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(data)
		}
		return err
	}
	info := bundleInfo{Format: bundleFormat, Origin: c.Origin, Size: c.Size, Filter: filter}
	for _, r := range only {
		info.Only = append(info.Only, [2]uint64{r.From, r.To})
	}
	text, err := json.Marshal(info)
	if err != nil {
		return err
	}
	if err := write(bundleFile, append(text, '\n')); err != nil {
		return err
	}
	if err := write("log.pub", []byte(strings.Join(l.keys, "\n")+"\n")); err != nil {
		return err
	}
	if _, err := proof.Copy(ctx, l.src, only, write); err != nil {
		return err
	}
	return z.Close()
}
