// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"context"
	"crypto/aes"
	"encoding/binary"
	"testing"
)

// noCancel is a context for code that runs without a test.
type noCancel struct{ context.Context }

func (noCancel) Err() error { return nil }

// element is a number of GF(2^128) as GCM writes it: bit 0 is the highest bit of hi.
type element struct{ hi, lo uint64 }

func toElement(b []byte) element {
	return element{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

func (a element) bytes() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, a.hi), a.lo)
}

func (a element) plus(b element) element { return element{a.hi ^ b.hi, a.lo ^ b.lo} }

func (a element) times(b element) (z element) {
	for i := range 128 {
		word := a.hi
		if i >= 64 {
			word = a.lo
		}
		if word>>(63-i%64)&1 != 0 {
			z = z.plus(b)
		}
		carry := b.lo & 1
		b = element{b.hi >> 1, b.lo>>1 | b.hi<<63}
		if carry != 0 {
			b.hi ^= 0xe1 << 56
		}
	}
	return z
}

// inverse is a to the power of 2^128 - 2.
func (a element) inverse() element {
	z, square := element{hi: 1 << 63}, a
	for range 127 {
		square = square.times(square)
		z = z.times(square)
	}
	return z
}

// twoKeys makes two blocks of ciphertext with one tag that is right under both keys and
// the fixed nonce: the tag is a polynomial in a secret of the key, so that two keys give
// two linear equations, here for the second block and with the first one free. (After
// Grubbs, Lu and Ristenpart, Message franking via committing authenticated encryption.)
func twoKeys(t *testing.T, one, two, aad []byte) []byte {
	t.Helper()
	type side struct{ h, fixed, pad element }
	const blocks = 2
	prepare := func(key []byte) side {
		block, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		var s side
		buf := make([]byte, 16)
		block.Encrypt(buf, make([]byte, 16))
		s.h = toElement(buf)
		counter := make([]byte, 16)
		counter[15] = 1 // nonce of zeros, counter 1
		block.Encrypt(buf, counter)
		s.pad = toElement(buf)
		// GHASH of the additional data, zeros for the ciphertext, and the lengths.
		var y element
		padded := append([]byte(nil), aad...)
		for len(padded)%16 != 0 {
			padded = append(padded, 0)
		}
		padded = append(padded, make([]byte, 16*blocks)...)
		padded = binary.BigEndian.AppendUint64(padded, uint64(len(aad))*8)
		padded = binary.BigEndian.AppendUint64(padded, 16*blocks*8)
		for ; len(padded) > 0; padded = padded[16:] {
			y = y.plus(toElement(padded)).times(s.h)
		}
		s.fixed = y
		return s
	}
	a, b := prepare(one), prepare(two)
	// Block i of two adds c_i * h^(3-i) to the hash. The tags are equal if
	// c1 (a.h^3 + b.h^3) + c2 (a.h^2 + b.h^2) = a.fixed + b.fixed + a.pad + b.pad.
	square := func(x element) element { return x.times(x) }
	c1 := element{hi: 0x0123456789abcdef}
	k1 := square(a.h).times(a.h).plus(square(b.h).times(b.h))
	k2 := square(a.h).plus(square(b.h))
	rest := a.fixed.plus(b.fixed).plus(a.pad).plus(b.pad).plus(c1.times(k1))
	c2 := rest.times(k2.inverse())
	tag := a.fixed.plus(c1.times(square(a.h).times(a.h))).plus(c2.times(square(a.h))).plus(a.pad)
	return append(append(c1.bytes(), c2.bytes()...), tag.bytes()...)
}
