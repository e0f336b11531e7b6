// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import "strings"

// National numbers from Norway to South Africa.

// noFNR counts D-numbers (day raised by 40) and synthetic ones (month by 40 or 80), too.
func noFNR(s string) bool {
	d, m := num(s[:2]), num(s[2:4])
	if d > 40 {
		d -= 40
	}
	if m > 80 {
		m -= 80
	} else if m > 40 {
		m -= 40
	}
	return day(num(s[4:6]), m, d) &&
		weigh(s, []int{3, 7, 6, 1, 8, 9, 4, 5, 2, 1})%11 == 0 &&
		weigh(s, []int{5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1})%11 == 0
}

func nzIRD(s string) bool {
	n := num(s)
	if n < 10_000_000 || n > 150_000_000 {
		return false
	}
	s = strings.Repeat("0", 9-len(s)) + s
	c := lack(weigh(s, []int{3, 2, 7, 6, 5, 4, 3, 2}), 11)
	if c == 10 {
		c = lack(weigh(s, []int{7, 4, 3, 2, 5, 2, 7, 6}), 11)
	}
	return c == last(s)
}

func pkCNIC(s string) bool {
	return last(s) != 0 && s[0] >= '1' && s[0] <= '7' && num(s[5:12]) > 0
}

func peCUI(s string) bool {
	if len(s) == 8 {
		return true
	}
	r := weigh(s[:8], []int{3, 2, 7, 6, 5, 4, 3, 2}) % 11
	return "65432110987"[r] == s[8] || "KJIHGFEDCBA"[r] == s[8]
}

func plPESEL(s string) bool {
	m := num(s[2:4])
	// 80 is added for the nineteenth century, 20 for ours; later ones are not yet born.
	if m > 32 && m < 81 || m > 20 && m <= 32 && num(s[:2]) > 36 {
		return false
	}
	m %= 20
	return day(num(s[:2]), m, num(s[4:6])) && lack(weigh(s, []int{1, 3, 7, 9, 1, 3, 7, 9, 1, 3}), 10) == last(s)
}

func ptNIF(s string) bool {
	return s[0] != '0' && tenIsZero(lack(weigh(s, []int{9, 8, 7, 6, 5, 4, 3, 2}), 11)) == last(s)
}

func pyRUC(s string) bool {
	sum := 0
	for i := range len(s) - 1 {
		sum += (i + 2) * value(s[len(s)-2-i])
	}
	return lack(sum, 11)%10 == last(s)
}

func roCNP(s string) bool {
	if len(s) != 13 || s[0] == '0' || !ymd(s[1:7]) {
		return false
	}
	if county := num(s[7:9]); county == 0 || county > 52 && county != 70 && (county < 80 || county > 83) {
		return false
	}
	c := weigh(s, []int{2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9}) % 11
	if c == 10 {
		c = 1
	}
	return c == last(s)
}

func roCUI(s string) bool {
	s = strings.TrimPrefix(s, "RO")
	if len(s) < 2 || len(s) > 10 || s[0] == '0' || !allDigits(s) {
		return false
	}
	s = strings.Repeat("0", 10-len(s)) + s
	return weigh(s, []int{7, 5, 3, 2, 1, 7, 5, 3, 2})*10%11%10 == last(s)
}

func ruINN(s string) bool {
	if len(s) == 10 {
		return weigh(s, []int{2, 4, 10, 3, 5, 9, 4, 6, 8})%11%10 == last(s)
	}
	return weigh(s, []int{7, 2, 4, 10, 3, 5, 9, 4, 6, 8})%11%10 == value(s[10]) &&
		weigh(s, []int{3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8})%11%10 == last(s)
}

func ruOGRN(s string) bool {
	n := len(s) - 1
	return s[0] != '0' && num(s[:n])%(n-1)%10 == last(s)
}

func ruSNILS(s string) bool {
	return num(s[:9]) > 1001998 && weigh(s[:9], []int{9, 8, 7, 6, 5, 4, 3, 2, 1})%101%100 == num(s[9:])
}

// sePNR takes the coordination number (day raised by 60), too.
func sePNR(s string) bool {
	if len(s) == 12 {
		if c := s[:2]; c != "18" && c != "19" && c != "20" {
			return false
		}
		s = s[2:]
	}
	d := num(s[4:6])
	if d > 60 {
		d -= 60
	}
	return day(num(s[:2]), num(s[2:4]), d) && luhn(s)
}

func sgNRIC(s string) bool {
	sum := weigh(s[1:8], []int{2, 7, 6, 5, 4, 3, 2})
	switch s[0] {
	case 'S':
		return "JZIHGFEDCBA"[sum%11] == s[8]
	case 'T':
		return "JZIHGFEDCBA"[(sum+4)%11] == s[8]
	case 'F':
		return "XWUTRQPNMLK"[sum%11] == s[8]
	case 'G':
		return "XWUTRQPNMLK"[(sum+4)%11] == s[8]
	}
	return s[0] == 'M' && "KLJNPQRTUWX"[10-(sum+3)%11] == s[8]
}

func sgUEN(s string) bool {
	switch {
	case len(s) == 9:
		return "XMKECAWLJDB"[weigh(s[:8], []int{10, 4, 9, 3, 8, 2, 7, 1})%11] == s[8]
	case s[0] >= '0' && s[0] <= '9':
		return "ZKCMDNERGWH"[weigh(s[:9], []int{10, 8, 6, 4, 9, 7, 5, 3, 1})%11] == s[9]
	}
	const alphabet = "ABCDEFGHJKLMNPQRSTUVWX0123456789"
	sum := 0
	for i, w := range []int{4, 3, 5, 3, 10, 2, 2, 5, 7} {
		sum += w * strings.IndexByte(alphabet, s[i])
	}
	return s[0] >= 'R' && s[0] <= 'T' && alphabet[((sum-5)%11+11)%11] == s[9]
}

func siEMSO(s string) bool {
	return dmy(s[:4]+s[5:7]) && tenIsZero(lack(weigh(s, []int{7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2}), 11)) == last(s)
}

func thDigit(s string) bool {
	return (11-weigh(s, []int{13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2})%11)%10 == last(s)
}

func thPIN(s string) bool { return s[0] != '0' && s[0] != '9' && thDigit(s) }

func thMOA(s string) bool { return s[0] == '0' && thDigit(s) }

func trID(s string) bool {
	odd, even := 0, 0
	for i := range 9 {
		if i%2 == 0 {
			odd += value(s[i])
		} else {
			even += value(s[i])
		}
	}
	c := ((odd*7-even)%10 + 10) % 10
	return s[0] != '0' && c == value(s[9]) && (odd+even+c)%10 == value(s[10])
}

func trVKN(s string) bool {
	sum := 0
	for i := range 9 {
		a := (value(s[i]) + 9 - i) % 10
		b := a * (1 << (9 - i)) % 9
		if a != 0 && b == 0 {
			b = 9
		}
		sum += b
	}
	return lack(sum, 10) == last(s)
}

func twID(s string) bool {
	i := strings.IndexByte("ABCDEFGHJKLMNPQRSTUVXYWZIO", s[0]) + 10
	return i >= 10 && (i/10+i%10*9+weigh(s[1:], []int{8, 7, 6, 5, 4, 3, 2, 1, 1}))%10 == 0
}

func twUBN(s string) bool {
	sum := 0
	for i, w := range []int{1, 2, 1, 2, 1, 2, 4, 1} {
		v := w * value(s[i])
		sum += v/10 + v%10
	}
	return sum%5 == 0 || s[6] == '7' && (sum+1)%5 == 0
}

func uaEDRPOU(s string) bool {
	w := []int{1, 2, 3, 4, 5, 6, 7}
	if n := num(s); n >= 30_000_000 && n < 60_000_000 {
		w = []int{7, 1, 2, 3, 4, 5, 6}
	}
	c := weigh(s, w) % 11
	if c == 10 {
		for i := range w {
			w[i] += 2
		}
		c = weigh(s, w) % 11 % 10
	}
	return c == last(s)
}

// siDDV leaves out numbers whose check digit would be eleven.
func siDDV(s string) bool {
	sum := weigh(s[:7], []int{8, 7, 6, 5, 4, 3, 2}) % 11
	return sum != 0 && (11-sum)%10 == last(s)
}

func uaRNTRC(s string) bool {
	return (weigh(s, []int{-1, 5, 7, 9, 4, 6, 10, 5, 7})%11+11)%11%10 == last(s)
}

func ssn(s string) bool {
	switch s {
	case "078051120", "219099999", "457555462", "123456789":
		return false // printed in advertisements and examples
	}
	return s[0] != '9' && ssnForm(s)
}

// ssnForm also takes the numbers of examples: what is called a social security number
// stands for one.
func ssnForm(s string) bool {
	area := num(s[:3])
	return area > 0 && area != 666 && (area < 900 || s[:8] == "98765432") && s[3:5] != "00" && s[5:] != "0000"
}

func itin(s string) bool {
	g := num(s[3:5])
	return s[0] == '9' && g >= 50 && g != 66 && g != 67 && g != 68 && g != 69 && g != 89 && g != 93
}

// usTIN is any number that a taxpayer may have.
func usTIN(s string) bool {
	return ssn(s) || s == "123456789" || itin(s) || s[0] == '9' && s[3:5] == "93" || usEIN(s)
}

// usEIN knows the prefixes that no office of the tax authority gives.
func usEIN(s string) bool {
	switch num(s[:2]) {
	case 0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97:
		return false
	}
	return true
}

func usABA(s string) bool {
	p := num(s[:2])
	return (p <= 12 || p >= 21 && p <= 32 || p >= 61 && p <= 72 || p == 80) && num(s) > 0 &&
		weigh(s, []int{3, 7, 1, 3, 7, 1, 3, 7, 1})%10 == 0
}

func veRIF(s string) bool {
	i := strings.IndexByte("VEJPG", s[0])
	return i >= 0 && "00987654321"[((i+1)*4+weigh(s[1:], []int{3, 2, 7, 6, 5, 4, 3, 2}))%11] == s[9]
}

func vnMST(s string) bool {
	return s[2:9] != "0000000" && 10-weigh(s, []int{31, 29, 23, 19, 17, 13, 7, 5, 3})%11 == value(s[9]) && !strings.HasSuffix(s[10:], "000")
}

func zaID(s string) bool { return ymd(s) && s[10] <= '1' && luhn(s) }
