// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import "strings"

// National numbers from Argentina to France, each by its published rule.

// adNRT knows which numbers residents and companies are given.
func adNRT(s string) bool {
	n := num(s[1:7])
	switch s[0] {
	case 'F':
		return n < 700000
	case 'A', 'L':
		return n >= 700000 && n < 800000
	}
	return true
}

func arCUIT(s string) bool {
	c := lack(weigh(s, []int{5, 4, 3, 2, 7, 6, 5, 4, 3, 2}), 11)
	if c == 10 {
		c = 9
	}
	switch num(s[:2]) {
	case 20, 23, 24, 27, 30, 33, 34, 50, 51, 55:
		return len(s) == 11 && c == last(s)
	}
	return false
}

func atVNR(s string) bool {
	return s[0] != '0' && weigh(s, []int{3, 7, 9, 0, 5, 8, 4, 2, 1, 6})%11 == value(s[3])
}

func atUID(s string) bool {
	d := s[len(s)-8:]
	sum := 4
	for i := range 7 {
		v := value(d[i])
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return lack(sum, 10) == last(d)
}

func auABN(s string) bool {
	w := []int{10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19}
	return s[0] != '0' && (weigh(s, w)-10)%89 == 0
}

func auMedicare(s string) bool {
	return s[0] >= '2' && s[0] <= '6' && weigh(s[:8], []int{1, 3, 7, 9, 1, 3, 7, 9})%10 == value(s[8])
}

func auTFN(s string) bool {
	return weigh(s, []int{1, 4, 3, 7, 5, 8, 6, 9, 10})%11 == 0
}

func beSum(s string) bool {
	want := num(s[9:])
	return 97-num(s[:9])%97 == want || num(s[:2]) <= 36 && 97-num("2"+s[:9])%97 == want
}

func beNN(s string) bool {
	m, d := num(s[2:4]), num(s[4:6])
	return beSum(s) && m <= 12 && (m == 0 || d == 0 || day(num(s[:2]), m, d))
}

// beBIS is the number of people outside the register: the month is raised by 20 or 40.
func beBIS(s string) bool {
	m := num(s[2:4])
	return beSum(s) && (m >= 20 && m <= 32 || m >= 40 && m <= 52)
}

func beVAT(s string) bool {
	if len(s) == 9 {
		s = "0" + s
	}
	return num(s) > 0 && (num(s[:8])+num(s[8:]))%97 == 0
}

func beEID(s string) bool {
	r := num(s[:10]) % 97
	if r == 0 {
		r = 97
	}
	return r == num(s[10:])
}

func bgEGN(s string) bool {
	m := num(s[2:4])
	switch {
	case m > 40:
		m -= 40
	case m > 20:
		m -= 20
	}
	return day(num(s[:2]), m, num(s[4:6])) && tenIsZero(weigh(s, []int{2, 4, 8, 5, 10, 9, 7, 3, 6})%11) == last(s)
}

func brCPF(s string) bool {
	if len(s) != 11 || same(s) || !allDigits(s) {
		return false
	}
	a := tenIsZero(lack(weigh(s, []int{10, 9, 8, 7, 6, 5, 4, 3, 2}), 11))
	b := tenIsZero(lack(weigh(s, []int{11, 10, 9, 8, 7, 6, 5, 4, 3, 2}), 11))
	return a == value(s[9]) && b == value(s[10])
}

// brCNPJ knows the letters that the number may have since 2026, too: each counts by its
// place in ASCII.
func brCNPJ(s string) bool {
	if len(s) != 14 || same(s) || !allDigits(s[12:]) {
		return false
	}
	for n := 12; n < 14; n++ {
		sum, w := 0, 2
		for i := n - 1; i >= 0; i-- {
			sum += int(s[i]-'0') * w
			if w++; w > 9 {
				w = 2
			}
		}
		if tenIsZero(lack(sum, 11)) != value(s[n]) {
			return false
		}
	}
	return true
}

func caSIN(s string) bool { return s[0] != '0' && s[0] != '8' && !same(s) && luhn(s) }

func chSSN(s string) bool { return strings.HasPrefix(s, "756") && ean13(s) }

func ean13(s string) bool {
	return weigh(s, []int{1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1})%10 == 0
}

func chUID(s string) bool {
	s = strings.TrimPrefix(s, "CHE")
	if len(s) < 9 {
		return false
	}
	return lack(weigh(s[:8], []int{5, 4, 3, 2, 7, 6, 5, 4}), 11) == value(s[8])
}

func clRUT(s string) bool {
	sum, w := 0, 2
	for i := len(s) - 2; i >= 0; i-- {
		sum += w * value(s[i])
		if w++; w > 7 {
			w = 2
		}
	}
	return "0123456789K"[lack(sum, 11)] == s[len(s)-1] && num(s[:len(s)-1]) > 0
}

func cnRIC(s string) bool {
	if len(s) != 18 || !allDigits(s[:17]) || !ymd8(s[6:14]) || !cnProvince(s) {
		return false
	}
	r := weigh(s, []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}) % 11
	return "10X98765432"[r] == s[17]
}

func cnProvince(s string) bool {
	switch p := num(s[:2]); {
	case p >= 11 && p <= 15, p >= 21 && p <= 23, p >= 31 && p <= 37, p >= 41 && p <= 46, p >= 50 && p <= 54,
		p >= 61 && p <= 65, p == 71, p >= 81 && p <= 83:
		return true
	}
	return false
}

// cnOld is the number of fifteen digits from before 1999.
func cnOld(s string) bool {
	return len(s) == 15 && allDigits(s) && cnProvince(s) && ymd(s[6:12])
}

func cnUSCC(s string) bool {
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	sum, w := 0, 1
	for i := range 17 {
		v := strings.IndexByte(alphabet, s[i])
		if v < 0 {
			return false
		}
		sum += v * w
		w = w * 3 % 31
	}
	return alphabet[lack(sum, 31)] == s[17]
}

func coNIT(s string) bool {
	w := []int{3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71}
	sum := 0
	for i := range len(s) - 1 {
		sum += w[i] * value(s[len(s)-2-i])
	}
	return int("01987654321"[sum%11]-'0') == last(s)
}

func cyVAT(s string) bool {
	if strings.HasPrefix(s, "12") {
		return false
	}
	odd := []int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21}
	sum := 0
	for i := range 8 {
		if v := value(s[i]); i%2 == 0 {
			sum += odd[v]
		} else {
			sum += v
		}
	}
	return byte('A'+sum%26) == s[8]
}

func czRC(s string) bool {
	y, m := num(s[:2]), num(s[2:4])
	for _, off := range []int{70, 50, 20} {
		if m > off {
			m -= off
			break
		}
	}
	if !day(y, m, num(s[4:6])) {
		return false
	}
	// Numbers of nine digits went to people born from the 1880s to 1953.
	return len(s) == 9 && (y < 54 || y >= 80) || len(s) == 10 && tenIsZero(num(s[:9])%11) == last(s)
}

func czICO(s string) bool {
	return (11-weigh(s[:7], []int{8, 7, 6, 5, 4, 3, 2})%11)%10 == last(s)
}

func czDIC(s string) bool {
	if len(s) == 8 {
		return s[0] != '9' && czICO(s)
	}
	if len(s) == 9 && s[0] == '6' { // persons without a birth number
		return (8-(10-weigh(s[1:8], []int{8, 7, 6, 5, 4, 3, 2})%11+11)%11+10)%10 == last(s)
	}
	return czRC(s)
}

func deIDNr(s string) bool {
	most, repeated := 0, 0
	for d := byte('0'); d <= '9'; d++ {
		n := strings.Count(s[:10], string(d))
		if most = max(most, n); n > 1 {
			repeated++
		}
	}
	// One digit of the first ten stands there twice or three times, all others once.
	return s[0] != '0' && repeated <= 1 && most <= 3 && mod1110(s)
}

// weights731 is the check digit of documents that a machine reads: 7, 3, 1 in turns.
func weights731(s string) bool {
	sum := 0
	for i := range len(s) - 1 {
		sum += value(s[i]) * []int{7, 3, 1}[i%3]
	}
	return sum%10 == last(s)
}

// deHealth spells the letter as its place in the alphabet.
func deHealth(s string) bool {
	n := int(s[0]-'A') + 1
	d := string([]byte{byte('0' + n/10), byte('0' + n%10)}) + s[1:9]
	sum := 0
	for i := range len(d) {
		v := value(d[i]) * (1 + i%2)
		sum += v/10 + v%10
	}
	return sum%10 == last(s)
}

func doRNC(s string) bool {
	return (10-weigh(s[:8], []int{7, 9, 8, 6, 5, 4, 3, 2})%11+11)%11%9+1 == last(s) || doRNCLast(s)
}

func doRNCLast(s string) bool {
	r := weigh(s[:8], []int{7, 9, 8, 6, 5, 4, 3, 2}) % 11
	return ((10-r)%9+9)%9+1 == last(s)
}

func ecCI(s string) bool {
	p := num(s[:2])
	if p < 1 || p > 24 && p != 30 && p != 50 || s[2] > '6' {
		return false
	}
	return luhn(s[:10])
}

func ecRUC(s string) bool {
	p := num(s[:2])
	switch {
	case p < 1 || p > 24 && p != 30 && p != 50:
		return false
	case s[2] < '6':
		return s[10:] != "000" && ecCI(s[:10])
	case s[2] == '6' && weigh(s[:9], []int{3, 2, 7, 6, 5, 4, 3, 2, 1})%11 == 0:
		return s[9:] != "0000"
	case s[2] == '6':
		return s[10:] != "000" && ecCI(s[:10])
	}
	return s[2] == '9' && s[10:] != "000" && weigh(s[:10], []int{4, 3, 2, 7, 6, 5, 4, 3, 2, 1})%11 == 0
}

func balticDigit(s string) bool {
	n := len(s) - 1
	sum := func(from int) int {
		t := 0
		for i := range n {
			t += ((from+i-1)%9 + 1) * value(s[i])
		}
		return t % 11
	}
	c := sum(1)
	if c == 10 {
		c = sum(3) % 10
	}
	return c == last(s)
}

func eeIK(s string) bool {
	if s[0] == '0' || s[0] > '9' || !balticDigit(s) {
		return false
	}
	return s[0] == '9' || ymd(s[1:7])
}

const esLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

func esDNI(s string) bool {
	n := num(s[:len(s)-1])
	return n >= 0 && len(s) <= 9 && esLetters[n%23] == s[len(s)-1]
}

func esNIE(s string) bool {
	i := strings.IndexByte("XYZ", s[0])
	return i >= 0 && esDNI(string(byte('0'+i))+s[1:])
}

func esCIF(s string) bool {
	if len(s) != 9 || !strings.ContainsRune("ABCDEFGHJNPQRSUVW", rune(s[0])) || !allDigits(s[1:8]) {
		return false
	}
	sum := 0
	for i := range 7 {
		v := value(s[1+i])
		if i%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	c := lack(sum, 10)
	digit, letter := byte('0'+c), "JABCDEFGHI"[c]
	switch {
	case strings.ContainsRune("PQSNWR", rune(s[0])):
		return s[8] == letter
	case strings.ContainsRune("ABEH", rune(s[0])):
		return s[8] == digit
	}
	return s[8] == digit || s[8] == letter
}

func esNIF(s string) bool {
	switch s[0] {
	case 'K', 'L', 'M':
		return esDNI(s[1:])
	case 'X', 'Y', 'Z':
		return esNIE(s)
	}
	return esDNI(s) || esCIF(s)
}

func fiHETU(s string) bool {
	s = strings.ReplaceAll(s, "-", "")
	s = strings.ReplaceAll(s, "+", "")
	if len(s) == 11 {
		s = s[:6] + s[7:]
	}
	if len(s) != 10 {
		return false
	}
	n := num(s[:9])
	return n >= 0 && dmy(s) && num(s[6:9]) >= 2 && "0123456789ABCDEFHJKLMNPRSTUVWXY"[n%31] == s[9]
}

func frNIR(s string) bool {
	n := strings.Replace(strings.Replace(s[:13], "2A", "19", 1), "2B", "18", 1)
	return allDigits(n) && 97-num(n)%97 == num(s[13:])
}

// frSIRET is a SIREN and an establishment; those of La Poste got too many for the rule.
func frSIRET(s string) bool {
	if strings.HasPrefix(s, "356000000") && weigh(s, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})%5 == 0 {
		return true
	}
	return luhn(s[:9]) && luhn(s)
}

func frNIF(s string) bool { return s[0] <= '3' && num(s[:10])%511 == num(s[10:]) }

func frTVA(s string) bool {
	s = strings.TrimPrefix(s, "FR")
	if len(s) != 11 || !allDigits(s[2:]) {
		return false
	}
	siren := s[2:]
	if !strings.HasPrefix(siren, "000") && !luhn(siren) {
		return false
	}
	if allDigits(s[:2]) {
		return num(siren+"12")%97 == num(s[:2])
	}
	const alphabet = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	a, b := strings.IndexByte(alphabet, s[0]), strings.IndexByte(alphabet, s[1])
	if a < 0 || b < 0 {
		return false
	}
	c := a*34 + b - 100
	if a < 10 {
		c = a*24 + b - 10
	}
	return (num(siren)+1+c/11)%11 == c%11
}

// dkCPR tells the century by the seventh digit. Nobody has a number yet whose century and
// year lie beyond the table's first span.
func dkCPR(s string) bool {
	y, c := num(s[4:6]), s[6]
	future := c >= '5' && c <= '8' && y > 36 && y < 58
	return dmy(s) && !future
}
