// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package mask

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

// tokenLength is 125 bits: equal tokens mean equal values.
const tokenLength = 25

var tokenLetters = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

// token is a keyed digest of the value. It joins equal values without showing them; nobody
// finds the value without the key but by having it and asking.
//
// A token that keeps the length of a short value is short too, so that different values
// may share it: it is a view, not an identifier. One that would be the value itself, or
// contain it, is drawn again.
func (m *Mask) token(value string) string {
	n := tokenLength
	if m.rule.KeepLength {
		n = length(value)
	}
	for try := uint32(0); ; try++ {
		t := m.draw(value, n, try)
		if !strings.Contains(t, value) {
			return t
		}
	}
}

// draw makes n characters: digests of value, try and the number of the block.
func (m *Mask) draw(value string, n int, try uint32) string {
	var b strings.Builder
	for block := uint32(0); b.Len() < n; block++ {
		h := hmac.New(sha256.New, m.rule.Key)
		var head [8]byte
		binary.BigEndian.PutUint32(head[:4], try)
		binary.BigEndian.PutUint32(head[4:], block)
		h.Write(head[:])
		h.Write([]byte(value))
		// 30 of 32 bytes are 48 characters, no bit left over.
		b.WriteString(tokenLetters.EncodeToString(h.Sum(nil)[:30]))
	}
	return b.String()[:n]
}
