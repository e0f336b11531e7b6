// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// MaxValue is the longest value that is looked at.
const MaxValue = 4 << 10

// ValueAnswer tells of one value whether it is what its type says.
type ValueAnswer struct {
	Type    string `json:"type"`
	Country string `json:"country"`
	Valid   bool   `json:"valid"`
	// Known is false for types that no detector answers for.
	Known bool `json:"-"`
}

// valueCheck answers for a type; the country may narrow or vary what is asked.
type valueCheck func(value, country string) bool

// valueChecks are the types that have no entry in the table of detectors.
var valueChecks = map[string]valueCheck{
	"EMAIL_ADDRESS": emailValue,
	"URL":           urlValue,
	"IP_ADDRESS":    ipValue,
	"MAC_ADDRESS":   macValue,
	"IBAN_CODE":     ibanValue,
	"CREDIT_CARD":   cardValue,
	"CRYPTO":        func(v, _ string) bool { return base58Address(v) || bech32Address(v) },
	"CRYPTO_ETH":    func(v, _ string) bool { return ethAddress(v) },
	"PHONE_NUMBER":  phoneValue,
	"SWIFT_BIC":     func(v, _ string) bool { return bicValue(v) },
	"stdnum:bic":    func(v, _ string) bool { return bicValue(squeeze(v)) },
}

// Value tells whether a value is of the type and country that are asked for. Without a
// type it says which type fits best.
func (c *Classifier) Value(value string, asked ValueType) ValueAnswer {
	out := ValueAnswer{Type: asked.Type, Country: asked.Country}
	if asked.Type == "" {
		return c.detectValue(value)
	}
	if len(value) > MaxValue || !utf8.ValidString(value) {
		_, out.Known = valueChecks[asked.Type]
		return out
	}
	if f, ok := valueChecks[asked.Type]; ok {
		out.Known, out.Valid = true, f(value, asked.Country)
		return out
	}
	plain, _ := plainText(value)
	compact := squeeze(latinCapitals(plain))
	if asked.Type == "PASSPORT" { // printed in groups that differ from one issue to the next
		value = strings.ReplaceAll(value, " ", "")
	}
	written := false
	for _, d := range c.detectors {
		if !slices.ContainsFunc(d.values, func(v ValueType) bool {
			return v.Type == asked.Type && (v.Country == asked.Country || strings.HasPrefix(v.Type, "stdnum:") || v.Country == "" || asked.Country == "any")
		}) {
			continue
		}
		out.Known = true
		if as, ok := d.writtenAs(value); as && strings.HasPrefix(asked.Type, "stdnum:") {
			// Separators tell which of the numbers of a type is meant.
			out.Valid, written = ok || written && out.Valid, true
		} else if written {
			continue
		} else if strings.HasPrefix(asked.Type, "stdnum:") {
			out.Valid = out.Valid || d.acceptsCompact(compact) || len(compact) > 4 && strings.EqualFold(compact[:2], asked.Country) && d.acceptsCompact(compact[2:])
		} else {
			out.Valid = out.Valid || d.accepts(value)
		}
	}
	return out
}

// Types are all pairs of type and country that Value answers for, sorted.
func (c *Classifier) Types() []ValueType {
	var out []ValueType
	for t := range valueChecks {
		out = append(out, ValueType{Type: t})
	}
	for _, d := range c.detectors {
		out = append(out, d.values...)
	}
	slices.SortFunc(out, func(a, b ValueType) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Country, b.Country))
	})
	return slices.Compact(out)
}

// detectValue is Value without a type: the finding that covers most of the value, under
// the type that the table of values has for it.
func (c *Classifier) detectValue(value string) ValueAnswer {
	if len(value) > MaxValue {
		return ValueAnswer{}
	}
	text := strings.TrimSpace(value)
	switch {
	case macValue(text, "") && !allDigits(text):
		return ValueAnswer{Type: "MAC_ADDRESS", Valid: true, Known: true}
	case ethAddress(text):
		return ValueAnswer{Type: "CRYPTO_ETH", Valid: true, Known: true}
	case emailValue(text, ""):
		return ValueAnswer{Type: "EMAIL_ADDRESS", Valid: true, Known: true}
	case strings.Contains(text, "://") && urlValue(text, ""):
		return ValueAnswer{Type: "URL", Valid: true, Known: true}
	}
	var best finding
	for _, f := range c.findings(text, &scratch{}) {
		if f.end-f.start > best.end-best.start {
			best = f
		}
	}
	if best.label == nil || 2*(best.end-best.start) < len(text) {
		return ValueAnswer{Known: true}
	}
	return ValueAnswer{Type: best.label.Name, Country: best.country, Valid: true, Known: true}
}

// ipValue takes the version as the variant.
func ipValue(v, variant string) bool {
	if host, zone, ok := strings.Cut(v, "%"); ok && (zone == "" || strings.ContainsAny(zone, "%:") || !strings.Contains(host, ":")) {
		return false
	}
	a, err := netip.ParseAddr(v)
	switch {
	case err != nil:
		return false
	case variant == "4":
		return a.Is4()
	case variant == "6":
		return a.Is6()
	}
	return true
}

// macValue takes 48 and 64 bits in any of the usual groupings; the variant is one of them.
func macValue(v, variant string) bool {
	digits := v
	if len(v) > 2 && len(v) != 12 && len(v) != 16 {
		sep := v[2]
		if isHexDigit(sep) {
			if len(v) < 5 || v[4] != '.' {
				return false
			}
			sep = '.'
		}
		if strings.IndexByte(":- .", sep) < 0 {
			return false
		}
		var ok bool
		if digits, ok = macDigits(v, sep); !ok || sep == '.' && len(strings.SplitN(v, ".", 2)[0]) != 4 {
			return false
		}
	}
	for i := range len(digits) {
		if !isHexDigit(digits[i]) {
			return false
		}
	}
	switch variant {
	case "48":
		return len(digits) == 12
	case "64":
		return len(digits) == 16
	}
	return len(digits) == 12 || len(digits) == 16
}

// ibanValue takes a list of at least two countries as the ones allowed.
func ibanValue(v, variant string) bool {
	compact := strings.NewReplacer(" ", "", "-", "").Replace(v)
	for i := range len(compact) {
		if !isAlnum(compact[i]) {
			return false
		}
	}
	compact = strings.ToUpper(compact)
	if allowed := strings.Fields(variant); len(allowed) > 1 && len(compact) > 2 && !slices.Contains(allowed, compact[:2]) {
		return false
	}
	return len(compact) > 4 && ibanNumber(compact)
}

// cardValue takes the network as the variant.
func cardValue(v, variant string) bool {
	compact := strings.NewReplacer(" ", "", "-", "").Replace(v)
	if !allDigits(compact) || len(compact) < 12 || len(compact) > 19 || !luhn(compact) || same(compact) {
		return false
	}
	network := cardNetwork(compact)
	if variant == "" {
		return network != ""
	}
	return strings.EqualFold(network, variant)
}

func bicValue(v string) bool {
	v = strings.ToUpper(v)
	if len(v) != 8 && len(v) != 11 {
		return false
	}
	for i := range len(v) {
		if !isAlnum(v[i]) || i < 6 && isDigit(v[i]) {
			return false
		}
	}
	// Every country with a bank has a numbering plan.
	return phonenumbers.GetCountryCodeForRegion(v[4:6]) != 0
}

// phoneValue takes a region or a locale as the variant; any plan will do without.
func phoneValue(v, variant string) bool {
	region := variant
	if i := strings.IndexAny(variant, "-_"); i >= 0 {
		region = variant[i+1:]
	}
	if len(region) != 2 {
		region = "ZZ"
	}
	for i := range len(v) {
		if c := v[i]; classes[c] == letter || c >= 0x80 || c < ' ' {
			return false
		}
	}
	number, err := phonenumbers.Parse(v, region)
	if err != nil {
		return false
	}
	if region == "ZZ" || variant == region {
		return phonenumbers.IsValidNumber(number)
	}
	return phonenumbers.IsValidNumberForRegion(number, region)
}
