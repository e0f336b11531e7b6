// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"encoding/base64"
	"errors"

	"github.com/comity-project/comity"
)

// Reasons why a sealed payload cannot be opened.
var (
	// ErrErased: the key was destroyed, and with it the content.
	ErrErased = errors.New("payload is erased")
	// ErrUnknownKey: no key of that name was ever here, or its slot is lost.
	ErrUnknownKey = errors.New("key is unknown")
	// ErrCorrupt: the sealed bytes are not what this key sealed.
	ErrCorrupt = errors.New("sealed payload is damaged")
)

// Pseudonym stands for a person, resource, address or idempotency key in leaves and in
// the index. It means nothing without the key that it was made with. The zero value
// stands for nobody.
type Pseudonym [16]byte

// String is the form in leaves: base64url without padding.
func (p Pseudonym) String() string { return base64.RawURLEncoding.EncodeToString(p[:]) }

// IsZero tells the pseudonym of nobody.
func (p Pseudonym) IsZero() bool { return p == Pseudonym{} }

// ParsePseudonym reads the form of String.
func ParsePseudonym(s string) (Pseudonym, error) {
	var p Pseudonym
	if !decode64(p[:], []byte(s)) {
		return Pseudonym{}, &comity.Error{
			Code: comity.CodeInvalid, Op: "read pseudonym", Err: errors.New("not 16 bytes in base64url"),
			Remedy: "copy it whole from a leaf: 22 characters",
		}
	}
	return p, nil
}

// strict64 refuses bits that no encoder writes, and is never changed.
var strict64 = base64.RawURLEncoding.Strict()

// Kinds for Sealer.Mark. They keep equal names of different kinds apart.
const (
	KindPrincipal   = "principal"
	KindResource    = "resource"
	KindSource      = "source"
	KindIdempotency = "idempotency"
	KindRequest     = "request"
)

// Sealer seals payloads under keys that can be destroyed. All methods may be called
// concurrently.
type Sealer interface {
	// Seal appends the sealed form of plaintext to dst, under the key of s, which is made
	// if there is none. The zero Subject means the cell's own key and has the zero
	// Pseudonym. Fresh says that the key is not durable yet: what was sealed must not be
	// acknowledged before Sync has returned nil.
	Seal(dst []byte, s comity.Subject, plaintext []byte) (sealed []byte, p Pseudonym, fresh bool, err error)
	// Open returns the plaintext, or an error that is ErrErased, ErrUnknownKey or
	// ErrCorrupt.
	Open(p Pseudonym, sealed []byte) ([]byte, error)
	// Pseudonym finds the pseudonym of a subject that has a key.
	Pseudonym(s comity.Subject) (Pseudonym, bool)
	// Mark is the lasting pseudonym of something else under the cell's own key.
	Mark(kind, id string) Pseudonym
	// Sync makes all keys durable that were made before the call. Concurrent calls share
	// the work.
	Sync() error
	// Forget destroys the key of s. When it returns nil the key is gone from the disk,
	// and what was sealed under it is ErrErased. Without a key it is ErrUnknownKey.
	Forget(ctx context.Context, s comity.Subject) (Pseudonym, error)
	// Forgotten lists the pseudonyms whose keys were destroyed.
	Forgotten() []Pseudonym
}

// decode64 fills dst from base64url without padding, and accepts one form only.
func decode64(dst, s []byte) bool {
	if base64.RawURLEncoding.EncodedLen(len(dst)) != len(s) {
		return false
	}
	n, err := strict64.Decode(dst, s)
	return err == nil && n == len(dst)
}
