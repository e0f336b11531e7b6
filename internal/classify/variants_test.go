// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// frames are sentences, records and lines of logs around a value, in several languages;
// none has a finding of a structured label besides it.
var frames = []string{
	"%s", "%s.", "(%s)", "\"%s\"", "'%s'", "<%s>", "value=%s", "value: %s,", "id;%s;x", "|%s|", "\t%s\n", "- %s", "[%s]",
	"Please use %s for this, thank you.", "They wrote down %s and left.", "Is it %s?", "It is %s!", "see %s; then go on", "first %s and then nothing",
	"Bitte %s verwenden, danke.", "Merci d'utiliser %s pour cela.", "Hay que usar %s para eso.", "Usare %s, grazie.", "Proszę wpisać %s tutaj.", "Lütfen %s kullanın.",
	"Используйте %s, пожалуйста.", "请使用%s，谢谢。", "これは%sです。", "%s을 사용하세요.", "يرجى استخدام %s من فضلك",
	`{"key": "%s"}`, "<p>%s</p>", "2024-05-01 INFO request done %s in 5 ms", "a,b,%s,c", "row 7 | %s | ok",
}

// announced are frames that say what the value is, where that is needed.
var announced = map[string][]string{
	"PHONE_NUMBER": {"phone: %s", "Tel. %s", "call %s now", "Telefon %s", "Téléphone : %s", "teléfono %s", "cellulare %s", "телефон %s", "Тел.: %s", "电话：%s", "手机号%s", "電話 %s", "전화 %s", "هاتف: %s", "טלפון %s", "mobile number is %s.", "WhatsApp %s"},
	"US_SSN":       {"SSN %s", "her social security number is %s.", "ssn=%s", "SSN: %s,"},
}

func digits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.IntN(10))
	}
	return string(b)
}

func choose(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

// withCheck is a number that one more digit makes pass.
func withCheck(number string, ok func(string) bool) string {
	for d := '0'; d <= '9'; d++ {
		if n := number + string(d); ok(n) {
			return n
		}
	}
	return ""
}

// grouped writes a number in groups.
func grouped(number, sep string, sizes ...int) string {
	var parts []string
	for i := 0; len(number) > 0; i++ {
		n := min(sizes[i%len(sizes)], len(number))
		parts = append(parts, number[:n])
		number = number[n:]
	}
	return strings.Join(parts, sep)
}

func randomIBAN(r *rand.Rand) string {
	countries := slices.Sorted(maps.Keys(ibanLengths))
	country := countries[r.IntN(len(countries))]
	rest := digits(r, ibanLengths[country]-4)
	if ibanBank[country] {
		rest = choose(r, "ABCD", "NWBK", "INGB", "BARC") + rest[4:]
	}
	check := 98 - mod97(rest+country+"00")
	iban := fmt.Sprintf("%s%02d%s", country, check, rest)
	switch r.IntN(4) {
	case 0:
		return strings.ToLower(iban)
	case 1:
		return grouped(iban, " ", 4)
	case 2:
		return grouped(iban, "-", 4)
	}
	return iban
}

func randomCard(r *rand.Rand) string {
	prefix, n := "4", 16
	switch r.IntN(5) {
	case 0:
		prefix = choose(r, "51", "55", "2221", "2720")
	case 1:
		number := withCheck(choose(r, "34", "37")+digits(r, 12), luhn)
		return grouped(number, choose(r, "", " ", "-"), 4, 6, 5)
	case 2:
		prefix = choose(r, "6011", "65")
	case 3:
		prefix = choose(r, "3528", "3589")
	}
	number := withCheck(prefix+digits(r, n-1-len(prefix)), luhn)
	return grouped(number, choose(r, "", " ", "-", "\u00a0", "\u2013"), 4)
}

func randomMail(r *rand.Rand) string {
	local := choose(r, "anna", "j.r.smith", "o'neil", "sales+eu", "x", "müller", "first_last", "a-b", "info99", "ANNA.B")
	host := choose(r, "example.org", "mail.example.co.uk", "Example.COM", "sub-domain.example.io", "example.museum", "xn--bcher-kva.example.de", "bücher.de", "corp.example.internal", "a.example", "firma.com.br", "例子.中国")
	return local + "@" + host
}

func randomURL(r *rand.Rand) string {
	return choose(r, "https://", "http://", "ftp://", "HTTPS://") + choose(r, "example.org", "www.example.co.uk", "user:pw@example.org", "192.0.2.7", "[2001:db8::1]", "example.org:8443", "bücher.de") +
		choose(r, "", "/", "/a/b.html", "/?q=1&r=2", "/a#top", "/(x)")
}

func randomIP(r *rand.Rand) string {
	if r.IntN(2) == 0 {
		return fmt.Sprintf("%d.%d.%d.%d", 1+r.IntN(254), r.IntN(256), r.IntN(256), r.IntN(256)) + choose(r, "", "", "/24")
	}
	var b [16]byte
	for i := range b {
		if r.IntN(3) > 0 {
			b[i] = byte(r.IntN(256))
		}
	}
	b[0] = 0x20
	return choose(r, netip.AddrFrom16(b).String(), netip.AddrFrom16(b).StringExpanded(), strings.ToUpper(netip.AddrFrom16(b).String()))
}

func randomMAC(r *rand.Rand) string {
	text := fmt.Sprintf("%012x", r.Uint64N(1<<47)+1<<40)
	switch r.IntN(4) {
	case 0:
		return grouped(text, ".", 4)
	case 1:
		return strings.ToUpper(grouped(text, "-", 2))
	}
	return grouped(text, ":", 2)
}

func randomSSN(r *rand.Rand) string {
	for {
		if n := digits(r, 9); ssn(n) {
			return grouped(n, choose(r, "-", "-", " "), 3, 2, 4)
		}
	}
}

// randomPhone is an example of a region, as it is written abroad.
func randomPhone(r *rand.Rand) string {
	regions := slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions()))
	number := phonenumbers.GetExampleNumberForType(regions[r.IntN(len(regions))], phonenumbers.MOBILE)
	if number == nil {
		return "+49 30 901820"
	}
	return phonenumbers.Format(number, phonenumbers.PhoneNumberFormat(r.IntN(2)))
}

// nationalPhone is written as at home, so that words must say what it is.
func nationalPhone(r *rand.Rand) string {
	regions := []string{"US", "GB", "DE", "FR", "ES", "IT", "PL", "TR", "RU", "CN", "JP", "KR", "IN", "BR", "MX", "AU", "ZA", "NL", "SE", "EG", "IL", "ID"}
	region := regions[r.IntN(len(regions))]
	kinds := []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE}
	number := phonenumbers.GetExampleNumberForType(region, kinds[r.IntN(2)])
	return phonenumbers.Format(number, phonenumbers.NATIONAL)
}

// What has a structured label is found in whatever it stands, however it is written, and
// nothing else is. Values and frames are made here, from a seed.
func TestTextVariants(t *testing.T) {
	c := classifier(t)
	r := rand.New(rand.NewPCG(3, 5))
	type source struct {
		label  string
		make   func(*rand.Rand) string
		frames []string
	}
	for _, s := range []source{
		{"EMAIL_ADDRESS", randomMail, frames},
		{"CREDIT_CARD", randomCard, frames},
		{"IBAN_CODE", randomIBAN, frames},
		{"URL", randomURL, frames},
		{"IP_ADDRESS", randomIP, frames},
		{"MAC_ADDRESS", randomMAC, frames},
		{"US_SSN", randomSSN, frames},
		{"PHONE_NUMBER", randomPhone, frames},
		{"PHONE_NUMBER", nationalPhone, announced["PHONE_NUMBER"]},
		{"US_SSN", func(r *rand.Rand) string { return strings.ReplaceAll(randomSSN(r), "-", "") }, announced["US_SSN"]},
	} {
		found, all, wrong := 0, 0, 0
		misses := map[string]int{}
		for range 1500 {
			value, frame := s.make(r), choose(r, s.frames...)
			text := fmt.Sprintf(frame, value)
			start := utf8.RuneCountInString(text[:strings.Index(text, value)])
			end := start + utf8.RuneCountInString(value)
			all++
			hit := false
			for _, g := range c.Text(text) {
				switch {
				case g.Label == s.label && g.Start <= start && g.End >= end && g.End-g.Start <= end-start+2:
					hit = true
				case floors[family(g.Label)][0] >= 0.9:
					wrong++
					misses["wrong "+g.Label+": "+text]++
				}
			}
			if hit {
				found++
			} else {
				misses["missed: "+text]++
			}
		}
		precision, recall := ratio(found, found+wrong), ratio(found, all)
		t.Logf("%-14s precision %.3f recall %.3f", s.label, precision, recall)
		least := [2]float64{0.98, 0.98}
		if precision < least[0] || recall < least[1] {
			t.Errorf("%s: precision %.3f and recall %.3f, at least %v are due", s.label, precision, recall, least)
			for i, m := range slices.Sorted(maps.Keys(misses)) {
				if i < 40 {
					t.Log(m)
				}
			}
		}
	}
}
