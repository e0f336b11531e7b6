// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/comity-project/comity/internal/audit"
)

// TestVector pins the sealed form: a change makes old payloads unreadable.
func TestVector(t *testing.T) {
	var key [32]byte
	var salt [16]byte
	for i := range key {
		key[i] = byte(i)
	}
	for i := range salt {
		salt[i] = byte(0xf0 + i)
	}
	aad := []byte("comity/payload/v1" + "local")
	const plain = `{"schema":"comity/payload/v1"}`
	sealed, err := sealWith(nil, &key, &salt, aad, []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	const want = "02f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff" + // version and salt
		"318e4d2b8167f7bb97cc9cbc223d02c5b2d764a8b4cedfe7cf7a12affbd6a3f6" + // commitment
		"852fa6bf992e5d962f0eb7e16ab4c7a2f7f351177d6427af4b876ce7700edd7a728bdc859533bcc5c96fabdb6d9c"
	if got := hex.EncodeToString(sealed); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	const version1 = "01f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff" +
		"3a205e3818f8928565956c87bafed9d145e1225e181d17debfef9524499dae63" +
		"bbcae42ce1fb315850bff841598b86c366040e441cfcb4e1a16f9134977cb8ea1d5e074fa7ae47da325a9db84958"
	for _, text := range []string{want, version1} {
		sealed, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := unseal(&key, aad, sealed); err != nil || string(got) != plain {
			t.Errorf("opened %s, %v", got, err)
		}
		if _, err := unseal(&key, []byte("comity/payload/v1"+"other"), sealed); !errors.Is(err, audit.ErrCorrupt) {
			t.Errorf("opened in another cell: %v", err)
		}
		sealed[0] ^= 3 // the other version
		if _, err := unseal(&key, aad, sealed); !errors.Is(err, audit.ErrCorrupt) {
			t.Errorf("opened as another version: %v", err)
		}
	}
}

// TestMAC holds what is written out here against the standard library.
func TestMAC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))
		message := rapid.SliceOfN(rapid.Byte(), 0, 1000).Draw(t, "message")
		h := hmac.New(sha256.New, key[:])
		h.Write(message)
		m := newMACKey(&key)
		if got := m.end(append(m.begin(nil), message...)); !bytes.Equal(got[:], h.Sum(nil)) {
			t.Fatal("not HMAC-SHA-256")
		}
	})
}

// TestCommitment makes a ciphertext whose tag fits two keys, which AES-GCM allows, and
// shows that it opens under neither of them but the one that it commits to.
func TestCommitment(t *testing.T) {
	var one, two [32]byte
	one[0], two[0] = 1, 2
	salt := [16]byte{7}
	a, b := derive(&one, salt[:]), derive(&two, salt[:])
	aad := []byte(payloadContext)
	text := twoKeys(t, a[:32], b[:32], aad)
	for _, derived := range [][64]byte{a, b} { // GCM alone is fooled
		aead, err := gcm(derived[:32])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := aead.Open(nil, nonce[:], text, aad); err != nil {
			t.Fatalf("the ciphertext is not what the test is about: %v", err)
		}
	}
	for name, derived := range map[string][64]byte{"first": a, "second": b} {
		sealed := append([]byte{sealVersion}, salt[:]...)
		sealed = append(append(sealed, derived[32:]...), text...)
		_, err1 := unseal(&one, aad, sealed)
		_, err2 := unseal(&two, aad, sealed)
		if (err1 == nil) == (err2 == nil) || !errors.Is(errors.Join(err1, err2), audit.ErrCorrupt) {
			t.Errorf("commitment to the %s key: %v, %v", name, err1, err2)
		}
	}
}
