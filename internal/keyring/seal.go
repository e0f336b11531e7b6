// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
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
//	version 2 | salt 16 | commitment 32 | AES-256-GCM ciphertext and tag
//
// The one-step key derivation of NIST SP 800-56C with SHA-256, from the subject's key and
// the salt, gives the AES key (first half) and the commitment (second half). The AES key is
// used once, so the nonce is zero. Without the commitment, a ciphertext could be made that
// opens under two keys to two different texts: AES-GCM alone does not bind its key.
//
// Version 1 derived both with HMAC-SHA-512, which costs as much as all the rest of sealing.
// It is still opened.
const (
	sealVersion    = 2
	sealVersion1   = 1
	saltSize       = 16
	commitSize     = 32
	tagSize        = 16
	sealContext    = "v2"
	sealContext1   = "comity/seal/v1"
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
	salt, commitment, text := sealed[1:1+saltSize], sealed[1+saltSize:1+saltSize+commitSize], sealed[1+saltSize+commitSize:]
	var derived [64]byte
	switch sealed[0] {
	case sealVersion:
		derived = derive(key, salt)
	case sealVersion1:
		derived = derive1(key, salt)
	default:
		return nil, fmt.Errorf("%w: form %d is unknown", audit.ErrCorrupt, sealed[0])
	}
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

// derive makes the keys of a message. What it hashes has one length only and fits into one
// block.
func derive(key *[32]byte, salt []byte) (derived [64]byte) {
	var in [4 + 32 + saltSize + len(sealContext)]byte
	copy(in[4:], key[:])
	copy(in[36:], salt)
	copy(in[36+saltSize:], sealContext)
	for i := range byte(2) {
		in[3] = i + 1
		sum := sha256.Sum256(in[:])
		copy(derived[32*i:], sum[:])
	}
	return derived
}

// derive1 is derive of version 1.
func derive1(key *[32]byte, salt []byte) [64]byte {
	h := hmac.New(sha512.New, key[:])
	h.Write([]byte(sealContext1))
	h.Write(salt)
	return [64]byte(h.Sum(nil))
}

// macKey is a key for HMAC-SHA-256, padded. It is written out because crypto/hmac
// allocates; a test compares the two.
type macKey struct{ inner, outer [sha256.BlockSize]byte }

func newMACKey(key *[32]byte) (m macKey) {
	for i := range m.inner {
		m.inner[i], m.outer[i] = 0x36, 0x5c
	}
	for i, b := range key {
		m.inner[i] ^= b
		m.outer[i] ^= b
	}
	return m
}

// begin appends what stands before the message.
func (m *macKey) begin(room []byte) []byte { return append(room, m.inner[:]...) }

// end is the code of a message that follows begin.
func (m *macKey) end(message []byte) [32]byte {
	var outer [sha256.BlockSize + sha256.Size]byte
	sum := sha256.Sum256(message)
	copy(outer[:], m.outer[:])
	copy(outer[sha256.BlockSize:], sum[:])
	return sha256.Sum256(outer[:])
}

// find is what a subject's slot is found by. Nobody without the file can compute it.
func (k *Keyring) find(s comity.Subject) finding {
	var room [256]byte
	sum := k.finderKey.end(appendSubject(k.finderKey.begin(room[:0]), s))
	return finding(sum[:16])
}

// pseudonym is what stands for a subject in leaves.
func (k *Keyring) pseudonym(key *[32]byte, s comity.Subject) audit.Pseudonym {
	var room [256]byte
	m := newMACKey(key)
	b := append(m.begin(room[:0]), "comity/pseudonym/v1\x00"...)
	b = binary.AppendUvarint(b, uint64(len(k.cell)))
	b = append(b, k.cell...)
	sum := m.end(appendSubject(b, s))
	return audit.Pseudonym(sum[:16])
}

// Mark implements audit.Sealer.
func (k *Keyring) Mark(kind, id string) audit.Pseudonym {
	var room [256]byte
	b := binary.AppendUvarint(k.markKey.begin(room[:0]), uint64(len(kind)))
	b = append(b, kind...)
	b = append(b, id...)
	sum := k.markKey.end(b)
	return audit.Pseudonym(sum[:16])
}

// appendSubject is one to one: the length keeps home and id apart.
func appendSubject(b []byte, s comity.Subject) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.Home)))
	b = append(b, s.Home...)
	return append(b, s.ID...)
}
