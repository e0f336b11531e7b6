// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import "strings"

// Checks of cards, documents and devices, and those that only narrow a format.

// cardRange is a range of leading digits that card networks issue, with the lengths.
type cardRange struct {
	lo, hi  string
	lengths []int
	network string
}

var cardRanges = []cardRange{
	{"34", "34", []int{15}, "amex"},
	{"37", "37", []int{15}, "amex"},
	{"300", "305", []int{14, 16}, "dinersclub"},
	{"3095", "3095", []int{14, 16}, "dinersclub"},
	{"36", "36", []int{14, 16, 19}, "dinersclub"},
	{"38", "39", []int{14, 16, 19}, "dinersclub"},
	{"3528", "3589", []int{16, 17, 18, 19}, "jcb"},
	{"2131", "2131", []int{15}, "jcb"},
	{"1800", "1800", []int{15}, "jcb"},
	{"4", "4", []int{13, 16, 18, 19}, "visa"},
	{"51", "55", []int{16}, "mastercard"},
	{"222100", "272099", []int{16}, "mastercard"},
	{"6011", "6011", []int{16, 17, 18, 19}, "discover"},
	{"644", "649", []int{16, 17, 18, 19}, "discover"},
	{"65", "65", []int{16, 17, 18, 19}, "discover"},
	{"62", "62", []int{16, 17, 18, 19}, "unionpay"},
	{"81", "81", []int{16, 17, 18, 19}, "unionpay"},
	{"50", "50", []int{12, 13, 14, 15, 16, 17, 18, 19}, "maestro"},
	{"56", "58", []int{12, 13, 14, 15, 16, 17, 18, 19}, "maestro"},
	{"60", "61", []int{12, 13, 14, 15, 16, 17, 18, 19}, "maestro"},
	{"63", "63", []int{12, 13, 14, 15, 16, 17, 18, 19}, "maestro"},
	{"66", "69", []int{12, 13, 14, 15, 16, 17, 18, 19}, "maestro"},
	{"2200", "2204", []int{16, 17, 18, 19}, "mir"},
	{"9792", "9792", []int{16}, "troy"},
}

// cardNetwork is the network whose ranges and lengths a number fits; empty for none.
func cardNetwork(s string) string {
	for _, r := range cardRanges {
		n := len(r.lo)
		if len(s) < n || s[:n] < r.lo || s[:n] > r.hi {
			continue
		}
		for _, l := range r.lengths {
			if l == len(s) {
				return r.network
			}
		}
	}
	return ""
}

func cardNumber(s string) bool { return !same(s) && luhn(s) && cardNetwork(s) != "" }

func imei(s string) bool { return len(s) == 15 && !same(s) && luhn(s) }

// ukPostcode knows which letters may stand where, beyond what the format says.
func ukPostcode(s string) bool {
	if s == "GIR0AA" {
		return true
	}
	area := s[:len(s)-3]
	n := 0
	for n < len(area) && value(area[n]) > 9 {
		n++
	}
	if n == 0 || n > 2 || n == len(area) || len(area)-n > 2 {
		return false
	}
	if n == 2 && strings.ContainsRune("IJZ", rune(area[1])) {
		return false
	}
	return !strings.ContainsRune("QVX", rune(area[0]))
}

// ukPlate looks at the age identifier of current plates: 02 to 29, 51 to 79.
func ukPlate(s string) bool {
	if value(s[1]) > 9 && len(s) == 7 && allDigits(s[2:4]) {
		n := num(s[2:4])
		return n >= 2 && n <= 29 || n >= 51 && n <= 79
	}
	return value(s[1]) <= 9
}

func inState(s string) bool { n := num(s[:2]); return n >= 1 && n <= 37 }

// nlOnderwijs is the school number: that of citizens with another remainder.
func nlOnderwijs(s string) bool {
	return ((weigh(s, []int{9, 8, 7, 6, 5, 4, 3, 2, -1})%11)+11)%11 == 5
}

func noMVA(s string) bool {
	d := strings.TrimSuffix(strings.TrimPrefix(s, "NO"), "MVA")
	return len(d) == 9 && lack(weigh(d, []int{3, 2, 7, 6, 5, 4, 3, 2}), 11) == last(d)
}

func phTIN(s string) bool { return weigh(s[:8], []int{9, 8, 7, 6, 5, 4, 3, 2})%11 == value(s[8]) }

func siMaticna(s string) bool {
	return tenIsZero(lack(weigh(s[:6], []int{7, 6, 5, 4, 3, 2}), 11)) == value(s[6])
}

func usDEA(s string) bool {
	d := s[2:]
	odd := value(d[0]) + value(d[2]) + value(d[4])
	even := value(d[1]) + value(d[3]) + value(d[5])
	return (odd+2*even)%10 == last(d)
}

func plREGON(s string) bool {
	if tenIsZero(weigh(s[:8], []int{8, 9, 2, 3, 4, 5, 6, 7})%11) != value(s[8]) {
		return false
	}
	return len(s) == 9 || tenIsZero(weigh(s, []int{2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8})%11) == last(s)
}

// tail applies a check to the digits behind a country's letters.
func tail(n int, f check) check {
	return func(s string) bool {
		if len(s) > n {
			s = s[len(s)-n:]
		}
		return f(s)
	}
}

// itIVA knows the offices in which companies are registered.
func itIVA(s string) bool {
	if len(s) != 11 {
		return false
	}
	office := num(s[7:10])
	return (office >= 1 && office <= 100 || office == 120 || office == 121 || office == 888 || office == 999) && luhn(s)
}

func uyRUT(s string) bool {
	n := num(s[:2])
	return n >= 1 && n <= 22 && s[2:8] != "000000" && s[8:11] == "001" &&
		lack(weigh(s, []int{4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2}), 11) == last(s)
}
