// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"

	"github.com/comity-project/comity"
)

// logFile serves a log in the layout of C2SP tlog-tiles: checkpoint, tile/..., and beside
// them our payload/... and log.pub, the current public key: who fetches it here still has to
// learn from elsewhere that it is the right one.
func (h *Handler) logFile(x *exchange) error {
	l, ok := h.o.Logs[x.r.PathValue("log")]
	if !ok {
		return fail(comity.CodeNotFound, "read log", "there is no log of this name", "use the name in the records of answers")
	}
	path := x.r.PathValue("path")
	if !logPath(path) {
		return fail(comity.CodeNotFound, "read log", "a log has no such file", "ask for checkpoint, tile/..., payload/... or log.pub")
	}
	data, err := l.Resource(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fail(comity.CodeNotFound, "read log", "the log does not go that far, or the file is not of its layout", "read checkpoint first")
	}
	if err != nil {
		return err
	}
	header := x.w.Header()
	kind := typeOctets
	switch {
	case path == "checkpoint", path == publicKey:
		kind = typeText
		header["Cache-Control"] = []string{"no-cache"}
	case strings.HasPrefix(path, "payload/"):
		// It grows, and erasure must not be undone by a cache.
	case h.o.PublicLogs:
		header["Cache-Control"] = []string{"public, max-age=31536000, immutable"}
	default:
		header["Cache-Control"] = []string{"private, max-age=31536000, immutable"}
	}
	return x.reply(http.StatusOK, kind, data)
}

const publicKey = "log.pub"

// logPath tells whether a path can name a file of a log. It is the wall between URLs and
// the file system; what stands behind it checks the layout.
func logPath(p string) bool {
	if p == "checkpoint" || p == publicKey {
		return true
	}
	kind, rest, ok := strings.Cut(p, "/")
	if !ok || kind != "tile" && kind != "payload" || len(p) > 128 {
		return false
	}
	rest = strings.TrimPrefix(rest, "entries/")
	for part := range strings.SplitSeq(rest, "/") {
		if !logPathPart(part) {
			return false
		}
	}
	return true
}

// logPathPart takes digits, a leading x, and the ending .p of a partial tile.
func logPathPart(s string) bool {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "x"), ".p")
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
