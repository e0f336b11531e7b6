// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

// ibanLengths are those of the registry of IBANs, and of countries that use the form
// outside of it.
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AO": 25, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BF": 28, "BG": 22, "BH": 22,
	"BI": 27, "BJ": 28, "BR": 29, "BY": 28, "CF": 27, "CG": 27, "CH": 21, "CI": 28, "CM": 27, "CR": 22, "CV": 25,
	"CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "DZ": 26, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
	"FK": 18, "FO": 18, "FR": 27, "GA": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GQ": 27, "GR": 27, "GT": 28,
	"GW": 25, "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IR": 26, "IS": 26, "IT": 27, "JO": 30,
	"KM": 27, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MA": 28,
	"MC": 27, "MD": 24, "ME": 22, "MG": 27, "MK": 19, "ML": 28, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "MZ": 25,
	"NE": 28, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24,
	"RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SN": 28, "SO": 23,
	"ST": 25, "SV": 28, "TD": 27, "TG": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
	"YE": 30,
}

// ibanBank are the countries whose account numbers begin with the four letters of a bank.
var ibanBank = map[string]bool{
	"AZ": true, "BG": true, "BH": true, "GB": true, "GI": true, "IE": true, "IQ": true, "JO": true, "KW": true, "LC": true,
	"LV": true, "MT": true, "MU": true, "NI": true, "NL": true, "PK": true, "PS": true, "QA": true, "RO": true, "SC": true,
	"SV": true, "VG": true,
}

// ibanNumber checks length by country and remainder.
func ibanNumber(s string) bool {
	if len(s) < 15 || ibanLengths[s[:2]] != len(s) || !allDigits(s[2:4]) {
		return false
	}
	if ibanBank[s[:2]] && (classes[s[4]] != letter || classes[s[7]] != letter) {
		return false
	}
	return mod97(s[4:]+s[:4]) == 1
}

// iban looks for one where a token begins with two letters and two digits; the rest may be
// in groups.
func (s *scanner) iban(i, j int) {
	text := s.s
	if j-i > 8 && foldEqual(text[i:i+4], "iban") {
		i += 4
	}
	if j-i < 4 || classes[text[i]] != letter || classes[text[i+1]] != letter || !isDigit(text[i+2]) || !isDigit(text[i+3]) {
		return
	}
	var compact [34]byte
	want := ibanLengths[string([]byte{text[i] &^ 32, text[i+1] &^ 32})]
	n := 0
	for end := i; want > 0 && end < len(text); end++ {
		c := text[end]
		switch {
		case classes[c] == letter:
			c &^= 32
		case isDigit(c):
		case (c == ' ' || c == '-') && end+1 < len(text) && isAlnum(text[end+1]):
			continue
		default:
			return
		}
		compact[n] = c
		if n++; n < want {
			continue
		}
		if end+1 < len(text) && isAlnum(text[end+1]) || !ibanNumber(string(compact[:n])) {
			return
		}
		s.add(finding{start: i, end: end + 1, label: s.c.labels.iban, score: 0.99, why: "length, remainder", country: string(compact[:2])})
		return
	}
}
