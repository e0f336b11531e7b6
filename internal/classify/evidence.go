// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"slices"
	"strings"
)

// The kinds of evidence of a country. None says where a person is, or which law binds:
// numbers are kept when people move, and banks and issuers serve foreigners.
const (
	ByNationalID = "national id"
	ByCountry    = "country"
	ByAddress    = "address"
	ByPrefix     = "phone prefix"
	ByIBAN       = "IBAN"
	byOther      = "form"
)

// Worth is the confidence that the best evidence of a kind has.
func Worth(kind string) float64 {
	switch kind {
	case ByNationalID, ByCountry:
		return 0.6
	case ByAddress:
		return 0.45
	}
	return 0.4
}

// Evidence is the kind of evidence of its country that a span is; empty if it is none.
func (s *Span) Evidence() string {
	switch c := s.Category; {
	case s.Country == "":
		return ""
	case strings.HasPrefix(c, "user.contact.phone"):
		return ByPrefix
	case s.Label == "IBAN_CODE":
		return ByIBAN
	case strings.HasPrefix(c, "user.government_id"):
		return ByNationalID
	case strings.HasPrefix(c, "user.contact.address"):
		return ByAddress
	}
	return byOther
}

// point fills in what the country of a span is worth.
func (s *Span) point() {
	kind := s.Evidence()
	if kind == "" {
		return
	}
	s.CountryConfidence = Worth(kind)
	if kind == ByPrefix {
		s.Or = SharedCode(s.Country)
	}
}

// SharedCode lists the other countries that have a country's calling code: which of them
// a number belongs to, its prefix does not say.
func SharedCode(country string) []string { return sharedCodes[country] }

var sharedCodes = func() map[string][]string {
	out := map[string][]string{}
	for _, plan := range []string{
		"GB GG IM JE", "RU KZ", "IT VA", "NO SJ", "AU CC CX", "FI AX", "FR", "MA EH", "RE YT", "SH TA", "CW BQ", "GP BL MF",
		"US CA AG AI AS BB BM BS DM DO GD GU JM KN KY LC MP MS PR SX TC TT VC VG VI",
	} {
		all := strings.Fields(plan)
		for _, c := range all {
			out[c] = slices.DeleteFunc(slices.Clone(all), func(o string) bool { return o == c })
		}
	}
	return out
}()
