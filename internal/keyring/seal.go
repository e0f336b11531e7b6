// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// The sealed form of a payload:
//
//	version 1 | salt 16 | commitment 32 | AES-256-GCM ciphertext and tag
//
// HMAC-SHA-512 under the subject's key over sealContext and the salt gives the AES key
// (first half) and the commitment (second half). The AES key is used once, so the nonce
// is zero. Without the commitment, a ciphertext could be made that opens under two keys to
// two different texts: AES-GCM alone does not bind its key.
const (
	sealVersion    = 1
	saltSize       = 16
	commitSize     = 32
	tagSize        = 16
	sealContext    = "comity/seal/v1"
	payloadContext = "comity/payload/v1"

	// Overhead is how much longer a sealed payload is than its plaintext.
	Overhead = 1 + saltSize + commitSize + tagSize
)

// nonce is never changed.
var nonce [12]byte

func seal(dst []byte, key *[32]byte, aad, plaintext []byte) ([]byte, error) {
	var salt [saltSize]byte
	rand.Read(salt[:])
	return sealWith(dst, key, &salt, aad, plaintext)
}

func sealWith(dst []byte, key *[32]byte, salt *[saltSize]byte, aad, plaintext []byte) ([]byte, error) {
	derived := derive(key, salt[:])
	aead, err := gcm(derived[:32])
	if err != nil {
		return nil, err
	}
	dst = slices.Grow(dst, Overhead+len(plaintext))
	dst = append(dst, sealVersion)
	dst = append(dst, salt[:]...)
	dst = append(dst, derived[32:]...)
	return aead.Seal(dst, nonce[:], plaintext, aad), nil
}

func unseal(key *[32]byte, aad, sealed []byte) ([]byte, error) {
	if len(sealed) < Overhead {
		return nil, fmt.Errorf("%w: %d bytes are too few", audit.ErrCorrupt, len(sealed))
	}
	if sealed[0] != sealVersion {
		return nil, fmt.Errorf("%w: form %d is unknown", audit.ErrCorrupt, sealed[0])
	}
	salt, commitment, text := sealed[1:1+saltSize], sealed[1+saltSize:1+saltSize+commitSize], sealed[1+saltSize+commitSize:]
	derived := derive(key, salt)
	if subtle.ConstantTimeCompare(derived[32:], commitment) != 1 {
		return nil, fmt.Errorf("%w: it is not sealed under this key", audit.ErrCorrupt)
	}
	aead, err := gcm(derived[:32])
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, nonce[:], text, aad)
	if err != nil {
		return nil, fmt.Errorf("%w: ciphertext does not fit its tag", audit.ErrCorrupt)
	}
	return plaintext, nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// derive is HMAC-SHA-512 with a key of 32 bytes. It is written out because crypto/hmac
// allocates for each key, and every message has another one; a test compares the two.
func derive(key *[32]byte, salt []byte) [64]byte {
	var inner [sha512.BlockSize + len(sealContext) + saltSize]byte
	var outer [sha512.BlockSize + sha512.Size]byte
	pads(inner[:sha512.BlockSize], outer[:sha512.BlockSize], key)
	n := copy(inner[sha512.BlockSize:], sealContext)
	copy(inner[sha512.BlockSize+n:], salt)
	sum := sha512.Sum512(inner[:])
	copy(outer[sha512.BlockSize:], sum[:])
	return sha512.Sum512(outer[:])
}

// mac is HMAC-SHA-256 with a key of 32 bytes, for the same reason.
func mac(key *[32]byte, message []byte) [32]byte {
	var outer [sha256.BlockSize + sha256.Size]byte
	var room [512]byte
	inner := append(room[:sha256.BlockSize], message...)
	pads(inner[:sha256.BlockSize], outer[:sha256.BlockSize], key)
	sum := sha256.Sum256(inner)
	copy(outer[sha256.BlockSize:], sum[:])
	return sha256.Sum256(outer[:])
}

func pads(inner, outer []byte, key *[32]byte) {
	for i := range inner {
		inner[i], outer[i] = 0x36, 0x5c
	}
	for i, b := range key {
		inner[i] ^= b
		outer[i] ^= b
	}
}

// find is what a subject's slot is found by. Nobody without the file can compute it.
func (k *Keyring) find(s comity.Subject) finding {
	var room [256]byte
	sum := mac(&k.header.finder, appendSubject(room[:0], s))
	return finding(sum[:16])
}

// pseudonym is what stands for a subject in leaves.
func (k *Keyring) pseudonym(key *[32]byte, s comity.Subject) audit.Pseudonym {
	var room [256]byte
	b := append(room[:0], "comity/pseudonym/v1\x00"...)
	b = binary.AppendUvarint(b, uint64(len(k.cell)))
	b = append(b, k.cell...)
	sum := mac(key, appendSubject(b, s))
	return audit.Pseudonym(sum[:16])
}

// Mark implements audit.Sealer.
func (k *Keyring) Mark(kind, id string) audit.Pseudonym {
	var room [256]byte
	b := binary.AppendUvarint(room[:0], uint64(len(kind)))
	b = append(b, kind...)
	b = append(b, id...)
	sum := mac(&k.header.mark, b)
	return audit.Pseudonym(sum[:16])
}

// appendSubject is one to one: the length keeps home and id apart.
func appendSubject(b []byte, s comity.Subject) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.Home)))
	b = append(b, s.Home...)
	return append(b, s.ID...)
}
