// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxURLValue is the longest URL that all browsers take.
const maxURLValue = 2083

// opaqueSchemes are those of IANA's registry, and of browsers, that name no host: what
// they begin is a URI, but it locates nothing on a network by itself.
var opaqueSchemes = newWordList("about", "acct", "blob", "cid", "data", "geo", "im", "javascript", "magnet", "mailto", "mid", "news", "pres", "sip", "sips", "sms", "tel", "urn", "vbscript", "xmpp")

// hostSchemes are those that have no meaning without a host (the special ones of the URL
// standard).
var hostSchemes = newWordList("ftp", "http", "https", "ws", "wss")

func newWordList(words ...string) map[string]bool {
	out := make(map[string]bool, len(words))
	for _, w := range words {
		out[w] = true
	}
	return out
}

// urlValue tells whether a value is a URL with a host (RFC 3986, with the scripts of RFC
// 3987), or one as people write it, without the scheme. The variant lists schemes, or
// hosts with a dot, that alone are accepted.
func urlValue(v, variant string) bool {
	if v == "" || len(v) > maxURLValue || strings.ContainsAny(v, "<>") || strings.HasPrefix(v, "//") ||
		strings.ContainsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == 0xFEFF }) {
		return false
	}
	scheme, rest, ok := urlScheme(v, variant)
	if !ok {
		return false
	}
	end := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		end = i
	}
	authority, path := rest[:end], rest[end:]
	user, hostPort, hasUser := strings.Cut(authority, "@")
	if !hasUser {
		hostPort = authority
	} else if !userInfo(user) || strings.Contains(hostPort, "@") {
		return false
	}
	host, port, ok := splitPort(hostPort)
	switch {
	case !ok:
		return false
	case host == "":
		// A file, or a socket of a database, has a path and perhaps no host.
		return scheme != "" && !hostSchemes[scheme] && len(path) > 1 && path[0] == '/' && port == ""
	case strings.HasPrefix(host, "["):
		a, err := netip.ParseAddr(host[1 : len(host)-1])
		return err == nil && a.Is6()
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return strings.Contains(host, ".")
	}
	if !hostName(host) || strings.Contains(variant, ".") && !listed(host, variant) {
		return false
	}
	// A word is a host of the local network only where something says so.
	return strings.Contains(host, ".") || strings.EqualFold(host, "localhost") || len(host) > 1 && (scheme != "" || hasUser || port != "")
}

// urlScheme splits the scheme off. Without a "//" it is one only where the variant asks
// for it; else "name:" may begin a host with its port, or a user with a password.
func urlScheme(v, variant string) (scheme, rest string, ok bool) {
	name, after, found := strings.Cut(v, ":")
	if !found || !schemeName(name) {
		return "", v, !strings.HasPrefix(v, ":")
	}
	scheme = strings.ToLower(name)
	asked := variant != "" && !strings.Contains(variant, ".") && slices.Contains(strings.Fields(strings.ToLower(variant)), scheme)
	if rest, found = strings.CutPrefix(after, "//"); found {
		return scheme, rest, rest != "" && (variant == "" || asked || strings.Contains(variant, "."))
	}
	switch {
	case asked || hostSchemes[scheme] && !portFirst(after):
		return scheme, after, variant == "" || asked
	case opaqueSchemes[scheme]:
		return "", "", false
	case portFirst(after) || plainPassword(after):
		return "", v, true
	}
	return "", "", false
}

// schemeName is the form of RFC 3986, section 3.1.
func schemeName(name string) bool {
	if name == "" || classes[name[0]] != letter {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !isAlnum(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// portFirst tells whether what follows a colon is a port, which may be empty, and then the
// end, a path, a query or a fragment.
func portFirst(text string) bool {
	i := 0
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return i == len(text) || strings.IndexByte("/?#", text[i]) >= 0
}

// plainPassword tells whether an at sign ends what follows a colon, and all before it is
// unreserved: a password, and no code of a scheme that is not known.
func plainPassword(text string) bool {
	if i := strings.IndexAny(text, "/?#"); i >= 0 {
		text = text[:i]
	}
	at := strings.IndexByte(text, '@')
	if at < 0 {
		return false
	}
	for i := range at {
		if c := text[i]; !isAlnum(c) && c < 0x80 && strings.IndexByte("-._~%:", c) < 0 {
			return false
		}
	}
	return true
}

// userInfo is a user, a password or both.
func userInfo(text string) bool {
	user, password, _ := strings.Cut(text, ":")
	return (user != "" || password != "") && !strings.ContainsAny(text, `[]\^{|}`+"`") && !strings.Contains(password, ":")
}

// splitPort splits a host, which may be an IPv6 address in brackets, from a port, which
// may be empty.
func splitPort(text string) (host, port string, ok bool) {
	host, port, found := text, "", false
	if strings.HasPrefix(text, "[") {
		end := strings.IndexByte(text, ']')
		if end < 0 {
			return "", "", false
		}
		host = text[:end+1]
		if port, found = strings.CutPrefix(text[end+1:], ":"); !found && text[end+1:] != "" {
			return "", "", false
		}
	} else {
		host, port, _ = strings.Cut(text, ":")
	}
	return host, port, port == "" || portNumber(port)
}

func portNumber(p string) bool {
	n, err := strconv.Atoi(p)
	return err == nil && allDigits(p) && n > 0 && n <= 65535
}
