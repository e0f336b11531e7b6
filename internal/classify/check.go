// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"fmt"
	"strconv"
	"strings"
)

// check tells whether the number without its separators, in upper case, is possible.
type check func(s string) bool

// parseCheck reads the check of a detector: a name, or "RULE MODULUS WEIGHTS..." for the
// many numbers whose check digit is a weighted sum.
//
// The sum runs over the digits in order, letters counting 10 to 35. The rules are
//
//	zero  the sum with the check digit is a multiple of the modulus
//	is    the last digit is the remainder of the sum before it
//	is0   the same, a remainder of 10 or more giving 0
//	neg   the last digit is what lacks to the next multiple
//	neg0  the same, 10 giving 0
//	sub   the last digit of the modulus less the remainder
//
// Letters of a country in front of the number do not count.
func parseCheck(text string) (check, error) {
	if text == "" {
		return nil, nil
	}
	if f, ok := namedChecks[text]; ok {
		return f, nil
	}
	fields := strings.Fields(text)
	rule, ok := sumRules[fields[0]]
	if !ok {
		return nil, fmt.Errorf("unknown check %q", fields[0])
	}
	var ints []int
	for _, f := range fields[1:] {
		n, err := strconv.Atoi(f)
		if err != nil {
			return nil, fmt.Errorf("check %q: %q is not a number", text, f)
		}
		ints = append(ints, n)
	}
	if len(ints) < 2 || ints[0] < 2 || len(ints) > maxShapeLen {
		return nil, fmt.Errorf("check %q needs a modulus and weights", text)
	}
	mod, weights := ints[0], ints[1:]
	return func(s string) bool {
		n := 0
		for n < len(s) && n < 4 && value(s[n]) > 9 {
			n++
		}
		return n < len(s) && rule(s[n:], mod, weights)
	}, nil
}

type sumRule func(s string, mod int, weights []int) bool

var sumRules = map[string]sumRule{
	"zero": func(s string, mod int, w []int) bool {
		return len(s) == len(w) && weigh(s, w)%mod == 0
	},
	"is": func(s string, mod int, w []int) bool {
		return len(s) == len(w)+1 && weigh(s, w)%mod == last(s)
	},
	"is0": func(s string, mod int, w []int) bool {
		return len(s) == len(w)+1 && tenIsZero(weigh(s, w)%mod) == last(s)
	},
	"neg": func(s string, mod int, w []int) bool {
		return len(s) == len(w)+1 && lack(weigh(s, w), mod) == last(s)
	},
	"sub": func(s string, mod int, w []int) bool {
		return len(s) == len(w)+1 && (mod-weigh(s, w)%mod)%10 == last(s)
	},
	"neg0": func(s string, mod int, w []int) bool {
		return len(s) == len(w)+1 && tenIsZero(lack(weigh(s, w), mod)) == last(s)
	},
}

// value is that of one character: digits as they are, letters from 10.
func value(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return -1
}

func last(s string) int { return value(s[len(s)-1]) }

func weigh(s string, weights []int) int {
	sum := 0
	for i, w := range weights {
		if i < len(s) {
			sum += w * value(s[i])
		}
	}
	return sum
}

// lack is what is missing to the next multiple of mod.
func lack(sum, mod int) int { return (mod - sum%mod) % mod }

func tenIsZero(n int) int {
	if n >= 10 {
		return 0
	}
	return n
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// num is the number in a string of digits; -1 if it is none.
func num(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || n > 1<<50 {
			return -1
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}

func luhn(s string) bool {
	sum, double := 0, false
	for i := len(s) - 1; i >= 0; i-- {
		d := int(s[i]) - '0'
		if d < 0 || d > 9 {
			return false
		}
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum, double = sum+d, !double
	}
	return s != "" && sum%10 == 0
}

// mod97 is the remainder of the number that letters and digits spell; -1 if they do not.
func mod97(s string) int {
	rem := 0
	for i := range len(s) {
		switch v := value(s[i]); {
		case v < 0:
			return -1
		case v > 9:
			rem = (rem*100 + v) % 97
		default:
			rem = (rem*10 + v) % 97
		}
	}
	return rem
}

// remainder of a string of digits of any length.
func remainder(s string, mod int) int {
	rem := 0
	for i := range len(s) {
		rem = (rem*10 + value(s[i])) % mod
	}
	return rem
}

func verhoeff(s string) bool {
	c := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i]) - '0'
		if d < 0 || d > 9 {
			return false
		}
		c = dihedral(c, verhoeffPermute(i%8, d))
	}
	return s != "" && c == 0
}

// dihedral multiplies in the group of the symmetries of a pentagon.
func dihedral(a, b int) int {
	switch {
	case a < 5 && b < 5:
		return (a + b) % 5
	case a < 5:
		return (a+b-5)%5 + 5
	case b < 5:
		return (a-5-b+5)%5 + 5
	}
	return (a - b + 5) % 5
}

func verhoeffPermute(times, d int) int {
	const p = "1576283094"
	for range times {
		d = int(p[d] - '0')
	}
	return d
}

// mod1110 is ISO 7064 mod 11,10.
func mod1110(s string) bool {
	c := 5
	for i := range len(s) {
		d := value(s[i])
		if d < 0 || d > 9 {
			return false
		}
		if c == 0 {
			c = 10
		}
		c = (c*2%11 + d) % 10
	}
	return c == 1
}

// day tells whether year, month and day make a date; a year of two digits stands for any.
func day(y, m, d int) bool {
	if m < 1 || m > 12 || d < 1 || y < 0 {
		return false
	}
	return d <= monthDays(y, m)
}

func monthDays(y, m int) int {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0 || y < 100) {
			return 29
		}
		return 28
	}
	return 31
}

// ymd checks a date written yymmdd, dmy one written ddmmyy.
func ymd(s string) bool {
	return len(s) >= 6 && day(num(s[:2]), num(s[2:4]), num(s[4:6]))
}

func dmy(s string) bool {
	return len(s) >= 6 && day(num(s[4:6]), num(s[2:4]), num(s[:2]))
}

func ymd8(s string) bool {
	return len(s) >= 8 && day(num(s[:4]), num(s[4:6]), num(s[6:8])) && num(s[:4]) > 1800
}

// same tells whether a string is one character repeated.
func same(s string) bool { return strings.Count(s, s[:1]) == len(s) }
