// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"
)

// hostByte tells what a host name is written with.
func hostByte(c byte) bool {
	return isAlnum(c) || c == '-' || c == '.' || c == '_' || c >= 0x80
}

// localByte tells what the local part of an e-mail address is usually written with.
func localByte(c byte) bool {
	return isAlnum(c) || c >= 0x80 || strings.IndexByte(".!#$%&*+-/=?^_`{|}~", c) >= 0
}

// inName tells whether an apostrophe stands between letters, as in o'neil, and begins or
// ends no quotation.
func inName(text string, i int) bool {
	return text[i] == '\'' && i > 0 && classes[text[i-1]] == letter && classes[text[i+1]] == letter
}

// email looks around an at sign.
func (s *scanner) email(at int) {
	text := s.s
	start := at
	for start > s.taken && start > at-64 && (localByte(text[start-1]) || inName(text, start-1)) {
		start--
	}
	// What belongs to the sentence or a list is not part of the address.
	for start < at && strings.IndexByte(".!#$%&*+-/=?^`{|}~", text[start]) >= 0 {
		start++
	}
	if i := strings.LastIndexAny(text[start:at], "=/"); i >= 0 {
		start += i + 1
	}
	end := at + 1
	for end < len(text) && end < at+254 && hostByte(text[end]) {
		end++
	}
	start = afterIdeograph(text, start, at)
	end = hostEnd(text, at+1, trimHost(text, at+1, end))
	if start == at || end <= at+1 || text[at-1] == '.' || strings.Contains(text[start:at], "..") || text[start:at] == "git" && end < len(text) && text[end] == ':' {
		return
	}
	f := finding{start: start, end: end, label: s.c.labels.email, score: 0.98, why: "form, public suffix"}
	if host := text[at+1 : end]; !knownHost(host) {
		if !reservedHost(host) {
			return
		}
		f.score, f.why = 0.8, "form, reserved suffix"
	}
	s.add(f)
	s.done, s.taken = end, end
}

// afterIdeograph leaves out what stands before an ASCII name in a script that has no spaces
// between words.
func afterIdeograph(text string, start, end int) int {
	name := false
	for i := end; i > start; {
		r, n := utf8.DecodeLastRuneInString(text[start:i])
		lone := i-n > start && isAlnum(text[i-n-1]) // one sign within a word
		if name && ideograph(r) && !lone || r >= 0x3000 && r <= 0x303F {
			return i
		}
		name = name || n == 1
		i -= n
	}
	return start
}

// ideograph tells of characters of Chinese, Japanese, Korean and Thai, with their marks.
func ideograph(r rune) bool {
	return r >= 0x3000 && r <= 0x9FFF || r >= 0xAC00 && r <= 0xD7A3 || r >= 0x0E00 && r <= 0x0E7F
}

// hostEnd is where a host name ends that a sentence in another script may follow without a
// space.
func hostEnd(text string, start, end int) int {
	for i, r := range text[start:end] {
		if i > 0 && ideograph(r) && isAlnum(text[start+i-1]) && !knownHost(text[start:end]) {
			return start + i
		}
	}
	return end
}

// reservedSuffixes are top-level domains that are in use and in no registry: for examples
// and tests (RFC 6761), for local networks (RFC 6762 with its appendix G, ICANN's
// resolution on .internal), and for other systems of names (RFC 7686, RFC 9476).
var reservedSuffixes = newWordList("example", "test", "invalid", "localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "onion", "alt")

// reservedHost tells whether a name lies under a reserved suffix.
func reservedHost(host string) bool {
	dot := strings.LastIndexByte(host, '.')
	return dot > 0 && reservedSuffixes[strings.ToLower(host[dot+1:])] && hostName(host)
}

// trimHost drops what ends a sentence.
func trimHost(text string, start, end int) int {
	for end > start && (text[end-1] == '.' || text[end-1] == '-' || text[end-1] == '_') {
		end--
	}
	return end
}

// knownHost tells whether a name could be looked up: labels of the right form under a
// suffix that the list of public suffixes has.
func knownHost(host string) bool {
	if len(host) > 253 {
		return false
	}
	dot := strings.LastIndexByte(host, '.')
	if dot < 1 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return knownSuffix(host[dot+1:])
}

// knownSuffix tells whether a top-level domain exists.
func knownSuffix(tld string) bool {
	if len(tld) < 2 || len(tld) > 24 && tld[0] < 0x80 {
		return false
	}
	if tld[0] >= 0x80 || strings.HasPrefix(tld, "xn--") {
		return true
	}
	for i := range len(tld) {
		if isDigit(tld[i]) {
			return false
		}
	}
	suffix, icann := publicsuffix.PublicSuffix("a." + strings.ToLower(tld))
	return icann && suffix == strings.ToLower(tld)
}

// dotted looks at a token that a dot joins to the next: an IPv4 address or a host name.
func (s *scanner) dotted(i, j int, digits bool) {
	if digits && s.ipv4(i) {
		return
	}
	text := s.s
	if i < s.hostTried {
		return
	}
	start, before := i, s.done
	for start > s.done && hostByte(text[start-1]) && text[start-1] != '.' {
		start--
	}
	end := j
	for end < len(text) && hostByte(text[end]) {
		end++
	}
	if digits && !strings.ContainsAny(text[start:end], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") || digits && isDigit(text[end-1]) {
		return // numbers with dots, which may be a telephone number or a date
	}
	s.done, s.hostTried = end, end
	if end < len(text) && text[end] == '@' || start > 0 && (text[start-1] == '@' || text[start-1] == '/' || text[start-1] == '\\' || text[start-1] == '.') {
		s.done = start
		return
	}
	start = afterIdeograph(text, start, end)
	end = hostEnd(text, start, trimHost(text, start, end))
	host := text[start:end]
	if end < len(text) && (text[end] == '(' || text[end] == '=') || !knownHost(host) || strings.Contains(host, "_") {
		if digits { // a telephone number with its extension, not a host
			s.done = before
		}
		return
	}
	score := domainScore(host)
	if alone(text, start, end) {
		score += aloneBonus
	}
	label := s.c.labels.domain
	if end < len(text) && (text[end] == '/' || text[end] == '?') {
		end, label = urlEnd(text, end), s.c.labels.url
	}
	s.add(finding{start: start, end: end, label: label, score: min(score, 0.97), why: "public suffix"})
}

// fileSuffixes are top-level domains that more often end the name of a file, or a word
// that a missing space joined to the next sentence.
var fileSuffixes = map[string]bool{
	"md": true, "py": true, "rs": true, "sh": true, "zip": true, "mov": true, "pl": true, "so": true, "cc": true,
	"ps": true, "ai": true, "app": true, "java": true, "bar": true, "as": true, "is": true, "at": true, "in": true,
	"it": true, "to": true, "no": true, "my": true, "me": true, "be": true, "so.": true, "am": true, "do": true, "us": true,
	"name": true, "id": true, "data": true, "date": true, "foundation": true, "tab": true, "map": true, "pub": true, "post": true, "prof": true,
}

func domainScore(host string) float64 {
	tld := host[strings.LastIndexByte(host, '.')+1:]
	lower := strings.ToLower(tld)
	switch {
	case tld != lower && tld != strings.ToUpper(tld):
		return 0.2 // "end.The next"
	case strings.HasPrefix(strings.ToLower(host), "www."):
		if strings.Count(host, ".") < 2 {
			return 0.2
		}
		return 0.95
	case fileSuffixes[lower] && strings.Count(host, ".") == 1:
		return 0.4
	case len(host) < 5:
		return 0.4
	}
	return 0.85
}

// url looks at a scheme and what follows it.
func (s *scanner) url(i, j int) {
	text := s.s
	if i < s.done {
		return
	}
	end := urlEnd(text, j+3)
	s.done = end
	rest := text[j+3 : end]
	if len(rest) < 3 || j-i > 12 || strings.EqualFold(text[i:j], "file") {
		return
	}
	host := rest
	if k := strings.IndexAny(host, "/?#"); k >= 0 {
		host = host[:k]
	}
	if k := strings.LastIndexByte(host, '@'); k >= 0 {
		host = host[k+1:]
	}
	if k := strings.IndexAny(host, ",;'()"); k >= 0 { // no host has them: what follows is a list or a sentence
		end -= len(rest) - strings.Index(rest, host) - k
		host, s.done = host[:k], end
	}
	if host == "" || !isAlnum(host[0]) && host[0] < 0x80 && host[0] != '[' {
		return
	}
	score := 0.8
	name := host
	if k := strings.IndexByte(name, ':'); k >= 0 {
		name = name[:k]
	}
	if knownHost(name) {
		score = 0.97
	}
	s.add(finding{start: i, end: end, label: s.c.labels.url, score: score, why: "scheme and host"})
	s.done, s.taken = end, end
}

// maxURL is the longest rest of a URL behind its host that is taken.
const maxURL = 4096

// urlEnd is where a URL ends that has begun before from: at what no URL has, without the
// marks that end a sentence. Characters of a script without spaces are part of it only at
// the beginning of a name or value within it.
func urlEnd(text string, from int) int {
	end := from
	for end < len(text) && end < from+maxURL && text[end] > ' ' && strings.IndexByte("<>\"{}|\\^`", text[end]) < 0 {
		if text[end] >= 0xE0 {
			r, n := utf8.DecodeRuneInString(text[end:])
			if r >= 0x3000 && r <= 0x303F || ideograph(r) && (isAlnum(text[end-1]) || strings.IndexByte(",;:!)]'", text[end-1]) >= 0) {
				break
			}
			end += n
			continue
		}
		end++
	}
	for end > from && strings.IndexByte(".,;:!?')]", text[end-1]) >= 0 {
		if text[end-1] == ']' || text[end-1] == ')' {
			open := byte('(')
			if text[end-1] == ']' {
				open = '['
			}
			if strings.IndexByte(text[from:end], open) >= 0 {
				break
			}
		}
		end--
	}
	return end
}

// versionWords stand before numbers with dots that are no addresses, unspecifiedWords
// beside "::" where it is one.
var (
	versionWords     = newWordSet("version", "v", "release")
	unspecifiedWords = newWordSet("ip", "ipv6", "address", "unspecified")
)

// ipv4 looks for four numbers; it tells whether what is here is taken.
func (s *scanner) ipv4(i int) bool {
	text := s.s
	if i > 0 && (isAlnum(text[i-1]) || text[i-1] == '_' || (text[i-1] == '.' || text[i-1] == '-') && i > 1 && isAlnum(text[i-2])) {
		return false
	}
	end, dots := i, 0
	for end < len(text) && (isDigit(text[end]) || text[end] == '.' && dots < 3) {
		if text[end] == '.' {
			dots++
		}
		end++
	}
	if dots != 3 || end < len(text) && (isAlnum(text[end]) || text[end] == '_' || text[end] == '-' && end+1 < len(text) && isAlnum(text[end+1])) {
		return false
	}
	if _, err := netip.ParseAddr(text[i:end]); err != nil {
		return false
	}
	end = maskEnd(text, end, 32)
	score := 0.95
	if s.near(i, i, versionWords) {
		score = 0.4
	}
	s.add(finding{start: i, end: end, label: s.c.labels.ip, score: score, why: "form"})
	s.done = max(s.done, end)
	return true
}

// maskEnd takes a prefix length with the address.
func maskEnd(text string, end, most int) int {
	j := end + 1
	for j < len(text) && isDigit(text[j]) && j-end <= 4 {
		j++
	}
	if end < len(text) && text[end] == '/' && j > end+1 && num(text[end+1:j]) <= most {
		return j
	}
	return end
}

// colons looks at hexadecimal groups: an IPv6 or a MAC address.
func (s *scanner) colons(i int) {
	text := s.s
	if i > 0 && (isAlnum(text[i-1]) || text[i-1] == ':' || text[i-1] == '.' && i > 1 && isAlnum(text[i-2])) || i < s.done {
		return
	}
	end, groups := i, 0
	for end < len(text) && end < i+46 && (isHexDigit(text[end]) || text[end] == ':' || text[end] == '.') {
		if text[end] == ':' {
			groups++
		}
		end++
	}
	if end < len(text) && isAlnum(text[end]) {
		return
	}
	for end > i && (text[end-1] == '.' || text[end-1] == ':' && !strings.HasSuffix(text[i:end], "::")) {
		end--
	}
	if groups == 5 && s.macText(i, end, ':') || groups < 2 {
		return
	}
	if _, err := netip.ParseAddr(text[i:end]); err != nil {
		return
	}
	score := 0.95
	if end-i == 2 { // "::" is the unspecified address, and much else
		score = 0.3
		if s.near(i, end, unspecifiedWords) || alone(text, i, maskEnd(text, end, 128)) {
			score = 0.7
		}
	}
	if end < len(text) && text[end] == '%' {
		for end++; end < len(text) && (isAlnum(text[end]) || text[end] == '.' && end+1 < len(text) && isAlnum(text[end+1])); end++ {
		}
	}
	end = maskEnd(text, end, 128)
	s.add(finding{start: i, end: end, label: s.c.labels.ip, score: score, why: "form"})
	s.done = max(s.done, end)
}

// mac looks for groups of n hexadecimal digits joined by dashes or dots.
func (s *scanner) mac(i, n int) {
	end := i + 17
	sep := byte('-')
	if n == 4 {
		end, sep = i+14, '.'
	}
	if end > len(s.s) || end < len(s.s) && (isAlnum(s.s[end]) || s.s[end] == sep && end+1 < len(s.s) && isAlnum(s.s[end+1])) {
		return
	}
	if i > 0 && (isAlnum(s.s[i-1]) || s.s[i-1] == sep) {
		return
	}
	s.macText(i, end, sep)
}

func (s *scanner) macText(i, end int, sep byte) bool {
	compact, ok := macDigits(s.s[i:end], sep)
	if !ok || len(compact) != 12 || strings.Trim(compact, "0") == "" || strings.Trim(compact, "fF") == "" {
		return false
	}
	score := 0.95
	if allDigits(compact) && sep == '-' {
		score = 0.6
	}
	s.add(finding{start: i, end: end, label: s.c.labels.mac, score: score, why: "form"})
	s.done = max(s.done, end)
	return true
}

// macDigits are the digits of groups of one length.
func macDigits(text string, sep byte) (string, bool) {
	groups := strings.Split(text, string(sep))
	for _, g := range groups {
		if len(g) != len(groups[0]) || len(g) != 2 && len(g) != 4 {
			return "", false
		}
		for i := range len(g) {
			if !isHexDigit(g[i]) {
				return "", false
			}
		}
	}
	return strings.Join(groups, ""), true
}
