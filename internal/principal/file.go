// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package principal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/comity-project/comity"
)

// format is the version of the file.
const format = "comity-principals/v1"

// file is what stands on the disk: who shall have a key, and who has lost it. Whoever may
// write it decides who may ask, but a change is recorded before it takes effect.
type file struct {
	Format     string      `json:"format"`
	Principals []Principal `json:"principals"`
	Revoked    []revoked   `json:"revoked,omitempty"`
	// Recorded is the entry of the log that names the hash of this list.
	Recorded     *int64 `json:"recorded,omitempty"`
	RecordedHash string `json:"recorded_hash,omitempty"`
}

type revoked struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	By   string    `json:"by"`
}

// hash names the list in the log.
func (f *file) hash() string {
	list := slices.Clone(f.Principals)
	sortByName(list)
	text, _ := json.Marshal(list) // these types always encode
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func sortByName(list []Principal) {
	slices.SortFunc(list, func(a, b Principal) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
}

// readFile reads the file; one that does not exist is empty, and found is false.
func readFile(path string) (f file, found bool, err error) {
	f.Format = format
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, false, nil
	case err != nil:
		return f, false, fileError(path, err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&f); err != nil {
		return f, true, fileError(path, err)
	}
	if f.Format != format {
		return f, true, fileError(path, fmt.Errorf("its format %.40q is not %s", f.Format, format))
	}
	seen := map[string]bool{}
	for _, p := range f.Principals {
		if err := checkName(p.Name); err != nil {
			return f, true, fileError(path, err)
		}
		if seen[p.Name] {
			return f, true, fileError(path, fmt.Errorf("the principal %s is listed twice", p.Name))
		}
		seen[p.Name] = true
	}
	return f, true, nil
}

func fileError(path string, err error) error {
	return &comity.Error{Code: comity.CodeInvalid, Op: "read " + path, Err: err, Remedy: "restore the file from a backup, or remove it and add the principals again"}
}

// edit changes the file while no other process does, in one step that survives a crash.
func edit(path string, change func(*file) error) error {
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return writeError(path, err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return writeError(path, err)
	}
	f, _, err := readFile(path)
	if err != nil {
		return err
	}
	if err := change(&f); err != nil {
		return err
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return writeError(path, err)
	}
	if err := replaceFile(path, append(text, '\n')); err != nil {
		return writeError(path, err)
	}
	return nil
}

func replaceFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func writeError(path string, err error) error {
	return &comity.Error{Code: comity.CodeUnavailable, Op: "write " + path, Err: err}
}

// Add gives a new principal an API key, which is returned and not kept. The key is valid
// once the data folder's process has recorded the change.
func Add(path string, p Principal) (key string, err error) {
	if err := checkName(p.Name); err != nil {
		return "", err
	}
	if !p.Expires.IsZero() && !p.Expires.After(p.Created) {
		return "", &comity.Error{Code: comity.CodeInvalid, Op: "principal", Err: errors.New("the key would expire before it begins"), Remedy: "give a later day"}
	}
	key = newKey()
	p.KeyHash = hashKey(key)
	return key, edit(path, func(f *file) error {
		if slices.ContainsFunc(f.Principals, func(q Principal) bool { return q.Name == p.Name }) {
			return &comity.Error{Code: comity.CodeConflict, Op: "principal", Err: fmt.Errorf("%s has a key already", p.Name), Remedy: "revoke it first: comity principal revoke " + p.Name}
		}
		f.Principals = append(f.Principals, p)
		sortByName(f.Principals)
		return nil
	})
}

// Revoke takes a principal's key away.
func Revoke(path, name, by string, at time.Time) error {
	return edit(path, func(f *file) error {
		i := slices.IndexFunc(f.Principals, func(q Principal) bool { return q.Name == name })
		if i < 0 {
			return &comity.Error{Code: comity.CodeNotFound, Op: "principal", Err: fmt.Errorf("there is no principal %.70q", name), Remedy: "comity principal list shows who there is"}
		}
		f.Principals = slices.Delete(f.Principals, i, i+1)
		f.Revoked = append(f.Revoked, revoked{Name: name, At: at, By: by})
		return nil
	})
}

// Read lists the principals in a file by name.
func Read(path string) ([]Principal, error) {
	f, _, err := readFile(path)
	sortByName(f.Principals)
	return f.Principals, err
}

// Recorded tells whether the process that has the data folder open has recorded what is
// in the file.
func Recorded(path string) (bool, error) {
	f, _, err := readFile(path)
	return err == nil && f.RecordedHash == f.hash(), err
}
