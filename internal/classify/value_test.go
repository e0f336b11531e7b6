// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"strings"
	"testing"
)

// checkValues asks for the type with the variant for each value.
func checkValues(t *testing.T, typ, variant string, valid bool, values ...string) {
	t.Helper()
	c := classifier(t)
	for _, v := range values {
		if got := c.Value(v, ValueType{typ, variant}); got.Valid != valid {
			t.Errorf("%.80q as %s %q: valid is %v", v, typ, variant, got.Valid)
		}
	}
}

// An address is what RFC 5321 and RFC 5322 let be written, in any script (RFC 6531).
func TestMailValue(t *testing.T) {
	long := strings.Repeat("x", 63)
	checkValues(t, "EMAIL_ADDRESS", "", true,
		"anna@example.org", "o'neil+news@mail.example.co.uk", `"a b"@example.org`, `"a@b"@example.org`, `"a\"b"@example.org`,
		"用户@例子.广告", "a@xn--d1acufc.xn--p1ai", "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]",
		"Anna Berg <anna@example.org>", `"Berg, A." <anna@example.org>`, "<anna@example.org>",
		"a@"+long+".example.org", "a@under_score.shop.example.org", long+long+"@example.org")
	checkValues(t, "EMAIL_ADDRESS", "", false,
		"anna", "@example.org", "anna@", "anna@example", "a..b@example.org", ".a@example.org", "a.@example.org", "a b@example.org",
		`"a"b"@example.org`, `"a\"@example.org`, "a@b@example.org", "a@-b.example.org", "a@example.org.", "a@192.0.2.1", "a@[192.0.2.256]", "a@[2001:db8::1]",
		"a@under_score.co.uk", "a@x"+long+".example.org", strings.Repeat("x", 250)+"@example.org", "a@ｅxample.org", "a@exa\u00admple.org", "a@example.o�g",
		"Anna; Berg <anna@example.org>", "Anna\x1f <anna@example.org>", "Anna anna@example.org>", `" " <anna@example.org>`)
	checkValues(t, "EMAIL_ADDRESS", "mail.example bin.example", false, "a@mail.example", "a@in.bin.example")
	checkValues(t, "EMAIL_ADDRESS", "mail.example bin.example", true, "a@othermail.example")
	checkValues(t, "EMAIL_ADDRESS", `xy"`, false, "axb@example.org")
}

// A URL has a host, or is of a scheme that needs none; without a scheme it is one where
// nothing else can be meant.
func TestURLValue(t *testing.T) {
	checkValues(t, "URL", "", true,
		"http://example.org", "HTTPS://Example.ORG/", "example.org", "example.org/a?b#c", "example.org:8080/x", "http://intranet/", "localhost", "build-host:8080",
		"ftp://user:p(w);@example.org/", "user:pw@example.org", "redis://:pw@cache.internal:6379/0", "postgres://user:pw@/test", "file:///etc/hosts",
		"http://192.0.2.1:81/", "http://[2001:db8::1]:80/x", "http://例え.jp/ü", "http://xn--fsq.cn", "http://a_b.example.org/", "http://example.org:", "custom+x://host/p")
	checkValues(t, "URL", "", false,
		"", "word", "a/b", "http://", "http:///x", "://example.org", "//example.org", "mailto:a@example.org", "javascript:alert(1)@example.org", "tel:+4930901820",
		"x-scheme:do(it)@example.org", "http://exa mple.org", "http://example.org/a\u00a0b", "<http://example.org>", "http://@example.org", "http://a:b:c@example.org", "http://a@b@example.org",
		"http://192.0.2.256/", "http://12345/", "http://[192.0.2.1]/", "http://[2001:db8::1", "http://[::1]x/", "http://example.org:0", "http://example.org:65536", "http://example.org:8x",
		"http://*.example.org", "http://a_b.org", "http://-a.example.org", "http://xn--.org", "example.", "http://"+strings.Repeat("a", 64)+".org", "http://example.org/"+strings.Repeat("a", 2083))
	checkValues(t, "URL", "ftp sftp", true, "sftp://example.org", "ftp:example.org", "example.org")
	checkValues(t, "URL", "ftp sftp", false, "http://example.org", "http:example.org", "sftp://")
	checkValues(t, "URL", "example.org example.net", true, "http://a.example.net/x", "example.org")
	checkValues(t, "URL", "example.org example.net", false, "http://example.com/", "http://myexample.org")
}
