// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import "strings"

// National numbers from the United Kingdom to the Netherlands.

func gbNINO(s string) bool {
	if strings.ContainsRune("DFIQUV", rune(s[0])) || strings.ContainsRune("DFIOQUV", rune(s[1])) {
		return false
	}
	switch s[:2] {
	case "BG", "GB", "KN", "NK", "NT", "TN", "ZZ":
		return false
	}
	return true
}

func gbVAT(s string) bool {
	s = strings.TrimPrefix(s, "GB")
	if len(s) != 9 && len(s) != 12 {
		return false
	}
	r := weigh(s[:9], []int{8, 7, 6, 5, 4, 3, 2, 10, 1}) % 97
	return r == 0 || r == 42 || r == 55 && num(s[:3]) >= 100
}

func gbUTR(s string) bool {
	return "21987654321"[weigh(s[1:], []int{6, 7, 8, 9, 10, 5, 4, 3, 2})%11] == s[0]
}

func ukDriving(s string) bool {
	m, d := num(s[6:8]), num(s[8:10])
	if m > 50 {
		m -= 50
	}
	return m >= 1 && m <= 12 && d >= 1 && d <= 31
}

func gtNIT(s string) bool {
	s = strings.TrimLeft(s, "0")
	if len(s) < 2 {
		return false
	}
	sum := 0
	for i := range len(s) - 1 {
		sum += (i + 2) * value(s[len(s)-2-i])
	}
	return "0123456789K"[lack(sum, 11)] == s[len(s)-1]
}

func hkID(s string) bool {
	s = strings.NewReplacer("(", "", ")", "", "[", "", "]", "").Replace(s)
	sum, w := 0, 9
	if len(s) == 8 {
		sum, w = 9*36, 8
	}
	for i := range len(s) - 1 {
		sum += value(s[i]) * w
		w--
	}
	return "0123456789A"[lack(sum, 11)] == s[len(s)-1]
}

func idNIK(s string) bool {
	p, d := num(s[:2]), num(s[6:8])
	if d > 40 {
		d -= 40
	}
	return p >= 11 && p <= 96 && day(num(s[10:12]), num(s[8:10]), d) && s[12:] != "0000"
}

func iePPS(s string) bool {
	sum := weigh(s[:7], []int{8, 7, 6, 5, 4, 3, 2})
	if len(s) == 9 && s[8] != 'W' && s[8] != 'T' && s[8] != 'X' {
		sum += 9 * int(s[8]-'A'+1)
	}
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum%23] == s[7]
}

// ieVAT knows also the form of before 2013, with a letter in the second place.
func ieVAT(s string) bool {
	if len(s) == 8 && !isDigit(s[1]) {
		s = "0" + s[2:7] + s[:1] + s[7:]
	}
	return iePPS(s)
}

func ilID(s string) bool {
	return num(s) > 0 && luhn(strings.Repeat("0", max(0, 9-len(s)))+s)
}

func inAadhaar(s string) bool {
	if s[0] < '2' {
		return false
	}
	mirrored := true
	for i := range 6 {
		mirrored = mirrored && s[i] == s[11-i]
	}
	return !mirrored && verhoeff(s)
}

func inPAN(s string) bool {
	return strings.ContainsRune("ABCFGHJKLPT", rune(s[3])) && s[5:9] != "0000"
}

func inGSTIN(s string) bool {
	if p := num(s[:2]); p < 1 || p > 38 || !inPAN(s[2:12]) {
		return false
	}
	sum := 0
	for i := range 14 {
		v := value(s[i]) * (1 + i%2)
		sum += v/36 + v%36
	}
	return lack(sum, 36) == last(s)
}

func irID(s string) bool {
	if same(s) {
		return false
	}
	r := weigh(s[:9], []int{10, 9, 8, 7, 6, 5, 4, 3, 2}) % 11
	if r >= 2 {
		r = 11 - r
	}
	return r == last(s)
}

func isKennitala(s string) bool {
	d := num(s[:2])
	if d > 40 {
		d -= 40
	}
	return day(num(s[4:6]), num(s[2:4]), d) && weigh(s, []int{3, 2, 7, 6, 5, 4, 3, 2, 1})%11 == 0
}

// itCF counts odd places by a table of their own and may have letters in the place of
// digits where two people had the same code.
func itCF(s string) bool {
	odd := []int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}
	sum := 0
	for i := range 15 {
		v := value(s[i])
		if v > 9 {
			v -= 10
		}
		if i%2 == 0 {
			v = odd[v]
		}
		sum += v
	}
	return byte('A'+sum%26) == s[15]
}

func jpCN(s string) bool {
	sum := 0
	for i := range 12 {
		sum += value(s[12-i]) * (1 + i%2)
	}
	return s[0] != '0' && 9-sum%9 == value(s[0])
}

func krRRN(s string) bool {
	return ymd(s) && (11-weigh(s, []int{2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5})%11)%10 == last(s)
}

// krFRN is the number of a foreigner, whose check digit is two more; some are made by the
// rule for citizens.
func krFRN(s string) bool {
	sum := weigh(s, []int{2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5}) % 11
	return ymd(s) && ((13-sum)%10 == last(s) || (11-sum)%10 == last(s))
}

func krBRN(s string) bool {
	sum := weigh(s, []int{1, 3, 7, 1, 3, 7, 1, 3, 5}) + value(s[8])*5/10
	return num(s[:3]) >= 101 && s[3:5] != "00" && lack(sum, 10) == last(s)
}

func ltPVM(s string) bool {
	return (len(s) == 9 && s[7] == '1' || len(s) == 12 && s[10] == '1') && balticDigit(s)
}

func luTVA(s string) bool { return num(s[:6])%89 == num(s[6:]) }

func lvPK(s string) bool {
	if strings.HasPrefix(s, "32") {
		return true
	}
	return dmy(s) && (1101-weigh(s, []int{1, 6, 3, 7, 9, 10, 5, 8, 4, 2}))%11%10 == last(s)
}

func lvPVN(s string) bool {
	if s[0] > '3' {
		return weigh(s, []int{9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1})%11 == 3
	}
	return lvPK(s)
}

func lyID(s string) bool {
	y := num(s[1:5])
	return (s[0] == '1' || s[0] == '2') && y >= 1900 && y <= 2099
}

func mxCURP(s string) bool {
	const alphabet = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ"
	sum := 0
	for i := range 17 {
		v := strings.IndexByte(alphabet, s[i])
		if v < 0 {
			return false
		}
		sum += v * (18 - i)
	}
	return ymd(s[4:10]) && lack(sum, 10) == last(s)
}

func mxRFC(s string) bool {
	if len(s) == 10 || len(s) == 13 {
		return ymd(s[4:10])
	}
	return ymd(s[3:9])
}

func myNRIC(s string) bool {
	switch p := num(s[6:8]); {
	case p == 0, p >= 17 && p <= 20, p == 69, p == 70, p == 73, p == 80, p == 81, p >= 94 && p <= 97:
		return false
	}
	return ymd(s)
}

func mzNUIT(s string) bool {
	return int("01234567891"[weigh(s, []int{8, 9, 4, 5, 6, 7, 8, 9})%11]-'0') == last(s)
}

func nlBSN(s string) bool {
	return num(s) > 0 && weigh(s, []int{9, 8, 7, 6, 5, 4, 3, 2, -1})%11 == 0
}

func nlBTW(s string) bool {
	s = strings.TrimPrefix(s, "NL")
	return len(s) == 12 && num(s[10:]) > 0 && (nlBSN(s[:9]) || mod97("NL"+s) == 1)
}

func nlPostcode(s string) bool {
	s = strings.TrimPrefix(s, "NL")
	return len(s) == 6 && s[0] != '0' && s[4:] != "SA" && s[4:] != "SD" && s[4:] != "SS"
}
