// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"
)

// maxMailbox is the longest address that a path of RFC 5321 can carry. The 64 octets of a
// local part are what every server must accept there, not the most that one may.
const maxMailbox = 254

// emailValue tells whether a value is a mailbox of RFC 5322 that SMTP can carry (RFC 5321,
// RFC 6531): an address, or a display name and an address in angle brackets. A variant
// with a quotation mark lists characters that are refused, one with a dot hosts that are.
func emailValue(v, variant string) bool {
	if strings.HasSuffix(v, ">") {
		open := strings.LastIndexByte(v, '<')
		if open < 0 || !displayName(v[:open]) {
			return false
		}
		v = v[open+1 : len(v)-1]
	}
	at := strings.LastIndexByte(v, '@')
	if at < 1 || len(v) > maxMailbox || !mailHost(v[at+1:]) {
		return false
	}
	local := v[:at]
	switch {
	case strings.Contains(variant, `"`) && strings.ContainsAny(local, variant),
		strings.Contains(variant, ".") && listed(v[at+1:], variant):
		return false
	case len(local) > 1 && local[0] == '"' && local[len(local)-1] == '"':
		return quotedLocal(local[1 : len(local)-1])
	}
	for part := range strings.SplitSeq(local, ".") {
		if part == "" || strings.ContainsFunc(part, func(r rune) bool { return !atomRune(r) }) {
			return false
		}
	}
	return true
}

// atomRune tells of what an atom of a local part may consist, with the scripts of RFC 6531
// but without controls, private characters and pictures.
func atomRune(r rune) bool {
	if r < utf8.RuneSelf {
		return isAlnum(byte(r)) || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
	}
	return r >= 0xA1 && r <= 0xD7FF || r >= 0xF900 && r <= 0xFFEF
}

// quotedLocal is what stands within quotation marks: a backslash takes the next character
// as it is.
func quotedLocal(in string) bool {
	escaped := false
	for _, r := range in {
		switch {
		case r < ' ' && r != '\t', r == 0x7F, r == utf8.RuneError:
			return false
		case escaped:
			escaped = false
		case r == '\\':
			escaped = true
		case r == '"':
			return false
		}
	}
	return !escaped
}

// displayName is what may stand before an address in angle brackets.
func displayName(name string) bool {
	name = strings.TrimSpace(name)
	if name == "" {
		return true
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return false
	}
	if strings.HasPrefix(name, `"`) && strings.HasSuffix(name, `"`) && len(name) > 1 {
		inner := strings.ReplaceAll(name[1:len(name)-1], `\"`, "")
		return strings.TrimSpace(inner) != "" && !strings.Contains(inner, `"`)
	}
	return !strings.ContainsAny(name, ".;<>\"\\")
}

// mailHost is a domain with a top-level domain, or an address literal.
func mailHost(host string) bool {
	if literal, ok := strings.CutPrefix(host, "["); ok {
		return addressLiteral(literal)
	}
	return strings.Contains(host, ".") && hostName(host)
}

// addressLiteral reads 192.0.2.1] or IPv6:2001:db8::1], as RFC 5321 writes them.
func addressLiteral(text string) bool {
	text, ok := strings.CutSuffix(text, "]")
	if !ok || strings.Contains(text, "%") {
		return false
	}
	if len(text) > 5 && foldEqual(text[:5], "ipv6:") {
		a, err := netip.ParseAddr(text[5:])
		return err == nil && a.Is6()
	}
	a, err := netip.ParseAddr(text)
	return err == nil && a.Is4()
}

// hostName tells whether a name could be in the DNS: labels of at most 63 characters (RFC
// 1035), U-labels included, the last one not of digits (RFC 1123). Names below one that is
// registered may have underscores, the registered one may not.
func hostName(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if l == "" || utf8.RuneCountInString(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || foldEqualString(l, "xn--") ||
			strings.ContainsFunc(l, func(r rune) bool { return !hostRune(r) }) {
			return false
		}
	}
	tld := labels[len(labels)-1]
	if strings.Contains(tld, "_") || registeredUnderscore(host) {
		return false
	}
	if len(labels) == 1 {
		return !allDigits(tld)
	}
	if tld[0] < utf8.RuneSelf && !strings.HasPrefix(strings.ToLower(tld), "xn") {
		return len(tld) >= 2 && strings.Trim(strings.ToLower(tld), "abcdefghijklmnopqrstuvwxyz") == ""
	}
	return utf8.RuneCountInString(tld) >= 2
}

// hostRune leaves out what no label has: spaces, controls, full-width forms and what is no
// character.
func hostRune(r rune) bool {
	if r < utf8.RuneSelf {
		return isAlnum(byte(r)) || r == '-' || r == '_'
	}
	return r >= 0xA1 && !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) && (r < 0xFF01 || r > 0xFF5E) && (r < 0xFFF0 || r > 0xFFFF) && (r < 0xD800 || r > 0xF8FF)
}

func foldEqualString(text, lower string) bool {
	return len(text) == len(lower) && foldEqual(text, lower)
}

// registeredUnderscore tells whether the label below a public suffix has an underscore,
// which no registry accepts. Under a private suffix the names are the owner's own.
func registeredUnderscore(host string) bool {
	if !strings.Contains(host, "_") {
		return false
	}
	suffix, icann := publicsuffix.PublicSuffix(strings.ToLower(host))
	if !icann && strings.Contains(suffix, ".") || len(suffix) >= len(host) {
		return false
	}
	below := host[:len(host)-len(suffix)-1]
	return strings.Contains(below[strings.LastIndexByte(below, '.')+1:], "_")
}

// listed tells whether a host, or a name above it, is in a list of hosts.
func listed(host, list string) bool {
	return slices.ContainsFunc(strings.Fields(list), func(h string) bool {
		return strings.EqualFold(host, h) || len(host) > len(h) && strings.EqualFold(host[len(host)-len(h)-1:], "."+h)
	})
}
