// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/comity-project/comity"
)

// dataFormat is the version of the data folder's layout.
const dataFormat = "comity-data/v1"

// folder is a data folder that no other process may use.
type folder struct {
	dir          string
	installation string
	lock         *os.File
}

var installationForm = regexp.MustCompile(`^comity-[0-9a-f]{16}$`)

// openFolder opens or creates a data folder and locks it.
func openFolder(dir string) (*folder, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, folderError(dir, err)
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return nil, folderError(dir, err)
	}
	f := &folder{dir: abs}
	if err := f.take(); err != nil {
		return nil, err
	}
	if err := f.identify(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// knownFolder names a data folder that exists, without locking it.
func knownFolder(dir string) (*folder, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		_, err = os.Stat(filepath.Join(abs, "format.json"))
	}
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeNotFound, Op: "open data folder " + dir, Err: err, Remedy: "give the folder with --data"}
	}
	f := &folder{dir: abs}
	return f, f.identify()
}

func folderError(dir string, err error) error {
	return &comity.Error{Code: comity.CodeUnavailable, Op: "open data folder " + dir, Err: err}
}

// take locks the folder and leaves our process id in the lock. A folder that cannot be
// written is used without a lock: its log opens read-only.
func (f *folder) take() error {
	name := filepath.Join(f.dir, "LOCK")
	lock, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return nil
	}
	if err != nil {
		return folderError(f.dir, err)
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		pid, _ := io.ReadAll(io.LimitReader(lock, 20))
		lock.Close()
		return &comity.Error{
			Code: comity.CodeUnavailable, Op: "open data folder " + f.dir, Err: inUse("it is in use by process " + pidText(pid)),
			Remedy: "stop that process, or use another folder",
		}
	}
	if err == nil {
		err = lock.Truncate(0)
	}
	if err == nil {
		_, err = lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		lock.Close()
		return folderError(f.dir, err)
	}
	f.lock = lock
	return nil
}

// inUse is the fault of a folder that another process has open.
type inUse string

func (e inUse) Error() string { return string(e) }

// InUse tells whether Open failed because another process has the data folder open.
func InUse(err error) bool {
	var e inUse
	return errors.As(err, &e)
}

func pidText(b []byte) string {
	if s := strings.TrimSpace(string(b)); s != "" {
		return s
	}
	return "unknown"
}

// identify reads format.json, or names a new installation.
func (f *folder) identify() error {
	name := filepath.Join(f.dir, "format.json")
	var format struct {
		Format       string `json:"format"`
		Installation string `json:"installation"`
	}
	data, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Join(f.dir, cell, "log")); err == nil {
			return &comity.Error{Code: comity.CodeInvalid, Op: "open data folder " + f.dir, Err: errors.New("there is a log but no format.json"), Remedy: "restore format.json from a backup"}
		}
		var id [8]byte
		_, _ = rand.Read(id[:])
		f.installation = "comity-" + hex.EncodeToString(id[:])
		format.Format, format.Installation = dataFormat, f.installation
		if data, err = json.Marshal(format); err == nil {
			err = replaceFile(name, append(data, '\n'), 0o600)
		}
		if err != nil {
			return folderError(f.dir, err)
		}
		return nil
	case err != nil:
		return folderError(f.dir, err)
	}
	if err := json.Unmarshal(data, &format); err != nil {
		return &comity.Error{Code: comity.CodeInvalid, Op: "read " + name, Err: err, Remedy: "restore it from a backup"}
	}
	if format.Format != dataFormat {
		return &comity.Error{Code: comity.CodeInvalid, Op: "read " + name, Err: fmt.Errorf("the format is %.40q, this program knows %s", format.Format, dataFormat), Remedy: "use a newer version of comity"}
	}
	if !installationForm.MatchString(format.Installation) {
		return &comity.Error{Code: comity.CodeInvalid, Op: "read " + name, Err: fmt.Errorf("%.40q is no name of an installation", format.Installation), Remedy: "restore it from a backup"}
	}
	f.installation = format.Installation
	return nil
}

func (f *folder) close() error {
	if f.lock == nil {
		return nil
	}
	return f.lock.Close()
}

// replaceFile writes a file in one step that survives a crash.
func replaceFile(name string, data []byte, mode fs.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone once it is renamed
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(name))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
