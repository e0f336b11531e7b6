// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"crypto/sha256"
	"math"
	"math/big"
	"strings"
)

// keyPrefixes begin the keys of services that mark them; least is the shortest key.
var keyPrefixes = []struct {
	prefix string
	least  int
	name   string
}{
	{"AKIA", 20, "AWS access key"},
	{"ASIA", 20, "AWS temporary key"},
	{"AIza", 39, "Google API key"},
	{"ghp_", 40, "GitHub token"},
	{"gho_", 40, "GitHub token"},
	{"ghs_", 40, "GitHub token"},
	{"ghu_", 40, "GitHub token"},
	{"github_pat_", 40, "GitHub token"},
	{"glpat-", 26, "GitLab token"},
	{"xoxb-", 20, "Slack token"},
	{"xoxp-", 20, "Slack token"},
	{"xapp-", 20, "Slack token"},
	{"sk_live_", 20, "Stripe key"},
	{"rk_live_", 20, "Stripe key"},
	{"sk-ant-", 24, "API key"},
	{"sk-proj-", 24, "API key"},
	{"sk-", 30, "API key"},
	{"SG.", 50, "SendGrid key"},
	{"npm_", 36, "npm token"},
	{"pypi-", 40, "PyPI token"},
	{"dop_v1_", 60, "DigitalOcean token"},
	{"hvs.", 24, "Vault token"},
	{"ya29.", 30, "Google token"},
	{"eyJ", 40, "JSON web token"},
}

// keyByte tells what keys are written with.
func keyByte(c byte) bool { return isAlnum(c) || c == '_' || c == '-' || c == '.' || c == '=' }

// longToken looks at a run of at least twelve letters and digits: keys and addresses of
// crypto currencies.
func (s *scanner) longToken(i, j int) {
	text := s.s
	if (i == 0 || !isAlnum(text[i-1]) && text[i-1] != '<') && s.travelDocument(i) {
		return
	}
	start := i
	for start > 0 && start > i-24 && (keyByte(text[start-1]) && text[start-1] != '=') {
		start--
	}
	for _, k := range keyPrefixes {
		if !strings.HasPrefix(text[start:], k.prefix) {
			continue
		}
		end := j
		for end < len(text) && keyByte(text[end]) {
			end++
		}
		for end > j && text[end-1] == '.' {
			end--
		}
		if end-start >= k.least && (k.prefix != "eyJ" || strings.Count(text[start:end], ".") == 2) {
			s.add(finding{start: start, end: end, label: s.c.labels.key, score: 0.95, why: k.name})
			return
		}
	}
	if start == i && freeAfter(text, j) {
		s.cryptoAddress(i, j)
		s.namedKey(i, j)
	}
}

var keyWords = newWordSet("api key", "apikey", "api_key", "secret", "token", "access key", "access_key", "private key", "client_secret", "bearer")

// namedKey is a random-looking run that is called a key.
func (s *scanner) namedKey(i, j int) {
	end := j
	for end < len(s.s) && (keyByte(s.s[end]) || s.s[end] == '+' || s.s[end] == '/') {
		end++
	}
	end = trimHost(s.s, i, end)
	if end-i >= 20 && entropy(s.s[i:end]) > 3.5 && s.near(i, end, keyWords) {
		s.add(finding{start: i, end: end, label: s.c.labels.key, score: 0.8, why: "random, context"})
	}
}

// entropy is in bits a character.
func entropy(text string) float64 {
	var counts [256]int
	for i := range len(text) {
		counts[text[i]]++
	}
	e := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(text))
			e -= p * math.Log2(p)
		}
	}
	return e
}

// pem looks at the first line of a private key.
func (s *scanner) pem(i int) {
	rest := s.s[i:min(len(s.s), i+64)]
	if !strings.Contains(rest, "PRIVATE KEY-----") {
		return
	}
	end := i + strings.Index(rest, "PRIVATE KEY-----") + 16
	if k := strings.Index(s.s[end:], "-----END "); k >= 0 {
		if l := strings.Index(s.s[end+k+9:], "-----"); l >= 0 {
			end += k + 9 + l + 5
		}
	}
	s.add(finding{start: i, end: end, label: s.c.labels.key, score: 0.99, why: "private key"})
}

// passwordWord looks for what is said to be a password: the first word with it behind
// "password is", "password:" and the like.
func (s *scanner) passwordWord(i, j int) {
	switch strings.ToLower(s.s[i:min(j, i+10)]) {
	case "password", "passwd", "passcode", "passphrase", "pwd", "pass":
	default:
		return
	}
	text := s.s
	k := j
	for _, skip := range []string{" is", " was", ":", "=", " ="} {
		k += len(prefixOf(text[k:], skip))
	}
	said := k > j
	for k < len(text) && (text[k] == ' ' || text[k] == '"' || text[k] == '\'') {
		said = said || text[k] != ' '
		k++
	}
	end := k
	for end < len(text) && text[end] > ' ' && text[end] != '"' && text[end] != '\'' && text[end] != ',' {
		end++
	}
	for end > k && (text[end-1] == '.' || text[end-1] == ')' || text[end-1] == ';') {
		end--
	}
	word := text[k:end]
	if len(word) < 5 || len(word) > 64 || k == j {
		return
	}
	switch {
	case mixed(word) >= 3:
		s.add(finding{start: k, end: end, label: s.c.labels.password, score: 0.85, why: "context"})
	case said && mixed(word) >= 2 && strings.ContainsAny(word, "0123456789!@#$%^&*"):
		s.add(finding{start: k, end: end, label: s.c.labels.password, score: 0.75, why: "context"})
	}
}

func prefixOf(text, prefix string) string {
	if strings.HasPrefix(text, prefix) {
		return prefix
	}
	return ""
}

// mixed counts the sorts of characters in a word.
func mixed(word string) int {
	var lower, upper, digits, marks int
	for i := range len(word) {
		switch c := word[i]; {
		case c >= 'a' && c <= 'z':
			lower = 1
		case c >= 'A' && c <= 'Z':
			upper = 1
		case isDigit(c):
			digits = 1
		default:
			marks = 1
		}
	}
	return lower + upper + digits + marks
}

// cryptoAddress looks at Bitcoin and Ethereum addresses.
func (s *scanner) cryptoAddress(i, j int) {
	word := s.s[i:j]
	why := ""
	switch {
	case base58Address(word):
		why = "base58 check"
	case bech32Address(word):
		why = "bech32 check"
	case ethAddress(word):
		why = "form"
	default:
		return
	}
	s.add(finding{start: i, end: j, label: s.c.labels.crypto, score: 0.97, why: why})
}

func ethAddress(s string) bool {
	if len(s) != 42 || s[0] != '0' || s[1] != 'x' {
		return false
	}
	for i := 2; i < len(s); i++ {
		if !isHexDigit(s[i]) {
			return false
		}
	}
	return true
}

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

func base58Address(s string) bool {
	if len(s) < 25 || len(s) > 35 || s[0] != '1' && s[0] != '3' {
		return false
	}
	n := new(big.Int)
	for i := range len(s) {
		v := strings.IndexByte(base58, s[i])
		if v < 0 {
			return false
		}
		n.Add(n.Mul(n, big.NewInt(58)), big.NewInt(int64(v)))
	}
	var raw [25]byte
	if n.BitLen() > 200 {
		return false
	}
	n.FillBytes(raw[:])
	sum := sha256.Sum256(raw[:21])
	sum = sha256.Sum256(sum[:])
	return string(sum[:4]) == string(raw[21:])
}

const bech32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32Address checks version 0 (bech32) and later ones (bech32m).
func bech32Address(s string) bool {
	if len(s) < 14 || len(s) > 90 || s[:3] != "bc1" && s[:3] != "tb1" {
		return false
	}
	values := []int{int(s[0] >> 5), int(s[1] >> 5), 0, int(s[0] & 31), int(s[1] & 31)}
	for i := 3; i < len(s); i++ {
		v := strings.IndexByte(bech32, s[i])
		if v < 0 {
			return false
		}
		values = append(values, v)
	}
	c := bech32Polymod(values)
	return values[5] == 0 && c == 1 || values[5] > 0 && c == 0x2bc830a3
}

func bech32Polymod(values []int) int {
	gen := []int{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
	c := 1
	for _, v := range values {
		b := c >> 25
		c = (c&0x1ffffff)<<5 ^ v
		for i := range 5 {
			if b>>i&1 == 1 {
				c ^= gen[i]
			}
		}
	}
	return c
}
