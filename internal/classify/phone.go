// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// plans are the numbering plans of the library in the form that a pass over text can
// afford: which national lengths a calling code has.
type plans struct {
	lengths map[int]uint32 // calling code -> bit n: n digits are possible
	region  map[int]string
}

func newPlans() *plans {
	p := &plans{lengths: map[int]uint32{}, region: map[int]string{}}
	for region := range phonenumbers.GetSupportedRegions() {
		code := phonenumbers.GetCountryCodeForRegion(region)
		for n := 4; n <= 15; n++ {
			number := &phonenumbers.PhoneNumber{}
			c, nat := int32(code), uint64(pow10(n-1)*2)
			number.CountryCode, number.NationalNumber = &c, &nat
			if phonenumbers.IsPossibleNumber(number) {
				p.lengths[code] |= 1 << n
			}
		}
	}
	for code := range p.lengths {
		p.region[code] = phonenumbers.GetRegionCodeForCountryCode(code)
	}
	return p
}

func pow10(n int) int {
	v := 1
	for range n {
		v *= 10
	}
	return v
}

// international tells whether digits that follow a plus could be a number of a plan.
func (p *plans) international(digits string) (region string, ok bool) {
	for n := 1; n <= 3 && n < len(digits); n++ {
		code := num(digits[:n])
		lengths, known := p.lengths[code]
		if !known {
			continue
		}
		rest := strings.TrimPrefix(digits[n:], "0") // +44 (0)20
		if l := len(rest); l <= 15 && lengths&(1<<l) != 0 || len(digits)-n <= 15 && lengths&(1<<(len(digits)-n)) != 0 {
			return p.region[code], true
		}
		return p.region[code], false
	}
	return "", false
}

// phoneWords announce a telephone number.
var phoneWords = newWordSet(
	"phone", "telephone", "tel", "tel.", "mobile", "cell", "cellphone", "fax", "call", "called", "dial", "reach", "contact number",
	"desk", "hotline", "whatsapp", "sms", "text me", "ring", "telefon", "telefono", "teléfono", "téléphone", "cep", "handy",
	"gsm", "numero", "móvil", "celular", "office", "voicemail", "extension",
	"mobil", "cellulare", "telemóvel", "telemovel", "telefoon", "telefoni", "puhelin", "tlf", "komórka", "komórkowy", "telefonnummer", "rufnummer",
	"telefonszám", "τηλέφωνο", "κινητό", "телефон", "тел", "моб", "звоните", "мобильный", "мобільний",
	"电话", "電話", "手机", "手機", "联系方式", "携帯", "전화", "휴대폰", "핸드폰", "연락처", "هاتف", "جوال", "موبايل", "تلفن", "موبایل", "טלפון", "נייד",
	"โทร", "มือถือ", "फोन", "मोबाइल", "điện thoại",
)

// phoneCandidate is a run of digits and what telephone numbers have between them.
type phoneCandidate struct {
	start, end int
	digits     []byte
	groups     []int // lengths
	plus       bool
	paren      bool
	sep        bool
}

// phone looks at a candidate that begins at a digit, a plus or a parenthesis.
func (s *scanner) phone(i int) {
	if i < s.phoneDone || i < s.done || !freeBefore(s.s, i) || i > 0 && (isAlnum(s.s[i-1]) || s.s[i-1] == '_' || s.s[i-1] == '$' || s.s[i-1] == '@') {
		return
	}
	if s.covered(i) {
		return
	}
	var buf [20]byte
	p, ok := phoneRun(s.s, i, buf[:0])
	if !ok {
		return
	}
	s.phoneDone = p.end
	score, why, country := s.phoneScore(&p)
	if score == 0 {
		return
	}
	s.add(finding{start: p.start, end: p.end, label: s.c.labels.phone, score: min(score, 0.97), why: why, country: country, order: 1})
}

// phoneRun reads a candidate: at most fifteen digits with an extension.
func phoneRun(text string, i int, buf []byte) (p phoneCandidate, ok bool) {
	p = phoneCandidate{start: i, end: i, digits: buf}
	group, open, gaps := 0, false, 0
	for j := i; j < len(text); j++ {
		c := text[j]
		switch {
		case isDigit(c):
			p.digits = append(p.digits, c)
			group, gaps = group+1, 0
			p.end = j + 1
			if len(p.digits) > 18 {
				return p, false
			}
			continue
		case c == '+' && j == i || c == '+' && j == i+1 && text[i] == '(':
			p.plus = true
			continue
		case c == '(' && !open && j+1 < len(text) && (isDigit(text[j+1]) || text[j+1] == '+') && gaps <= 1:
			open, p.paren = true, true
		case c == ')' && open:
			open = false
			if gaps = 0; p.end == j {
				p.end = j + 1
			}
		case (c == ' ' || c == '-' || c == '.' || c == '/') && gaps < 1:
			gaps++
			p.sep = true
		default:
			j = len(text)
		}
		if group > 0 {
			p.groups = append(p.groups, group)
		}
		group = 0
	}
	if group > 0 {
		p.groups = append(p.groups, group)
	}
	if open || p.end < len(text) && (isAlnum(text[p.end]) || text[p.end] == '_' || text[p.end] == '@') {
		if p.end = extension(text, p.end); p.end < len(text) && isAlnum(text[p.end]) {
			return p, false
		}
	}
	p.end = extension(text, p.end)
	return p, len(p.digits) >= 6
}

// extension takes x123 or ext. 123 with the number.
func extension(text string, end int) int {
	rest := text[end:min(len(text), end+14)]
	for _, word := range []string{" extension ", " ext. ", " ext ", " x ", " x", "x", "ext. ", "ext.", "ext", "#"} {
		if len(rest) < len(word)+1 || !foldEqual(rest[:len(word)], word) {
			continue
		}
		n := len(word)
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		if d := n - len(word); d >= 1 && d <= 6 {
			return end + n
		}
	}
	return end
}

// phoneScore weighs form, plan and context.
func (s *scanner) phoneScore(p *phoneCandidate) (score float64, why, country string) {
	n := len(p.digits)
	if n > 15 {
		return 0, "", ""
	}
	digits := string(p.digits)
	if p.plus {
		if region, ok := s.c.plans.international(digits); ok {
			return 0.9, "numbering plan", region
		}
	}
	context := s.near(p.start, p.end, phoneWords)
	switch {
	case p.plus:
		if context && n >= 8 {
			score, why = 0.65, "form, context"
		}
		return score, why, country
	case n == 6 && len(p.groups) < 3:
		return 0, "", ""
	case strings.HasPrefix(digits, "00") && n >= 10:
		if region, ok := s.c.plans.international(strings.TrimLeft(digits, "0")); ok {
			score, why, country = 0.75, "numbering plan", region
		}
	case p.northAmerican():
		score, why = 0.75, "form"
	case p.paren && n >= 8 && len(p.groups) >= 2:
		score, why = 0.7, "form"
	case digits[0] == '0' && p.sep && n >= 9 && n <= 11 && len(p.groups) >= 3:
		score, why = 0.6, "form"
	case digits[0] == '0' && n >= 10 && n <= 11 && alone(s.s, p.start, p.end):
		score, why = 0.7, "form, alone"
	case p.sep && len(p.groups) >= 3 && n >= 9 && n <= 11 && !p.socialSecurity() && alone(s.s, p.start, p.end):
		score, why = 0.55, "form, alone"
	}
	if context && n <= 13 && !p.dateLike() {
		if why == "" {
			score, why = 0.25, "form"
		}
		score, why = score+0.4, why+", context"
	}
	return score, why, country
}

// northAmerican is 3-3-4 with a separator, with or without the calling code.
func (p *phoneCandidate) northAmerican() bool {
	g := p.groups
	if len(g) == 4 && (g[0] == 1 && p.digits[0] == '1' || g[0] == 3 && string(p.digits[:3]) == "001") {
		g = g[1:]
	}
	return len(g) == 3 && g[0] == 3 && g[1] == 3 && g[2] == 4 && (p.sep || p.paren)
}

// socialSecurity is 3-2-4, as no telephone number is written.
func (p *phoneCandidate) socialSecurity() bool {
	return len(p.groups) == 3 && p.groups[0] == 3 && p.groups[1] == 2 && p.groups[2] == 4
}

// dateLike is 2-2-4 or 4-2-2.
func (p *phoneCandidate) dateLike() bool {
	g := p.groups
	if len(g) < 3 {
		return false
	}
	d := string(p.digits)
	return g[0] == 4 && g[1] == 2 && g[2] == 2 && day(num(d[:4]), num(d[4:6]), num(d[6:8])) && num(d[:4]) > 1800 && num(d[:4]) < 2200 ||
		len(g) == 3 && g[0] <= 2 && g[1] <= 2 && g[2] == 4 && len(d) == 8 && num(d[4:8]) > 1800 && num(d[4:8]) < 2200
}
