// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package mask

import (
	"strings"
	"time"
	"unicode/utf8"
)

// dateForms are the dates whose year can be told without knowing the country: where the
// year has four digits, the order of day and month does not matter.
var dateForms = []string{
	time.DateOnly, time.RFC3339Nano, time.DateTime, "2006-1-2", "2006/1/2", "2006.1.2", "20060102",
	"2/1/2006", "1/2/2006", "2.1.2006", "2-1-2006", "1-2-2006", "2 January 2006", "2 Jan 2006", "January 2, 2006", "Jan 2, 2006",
}

// longestDate is more than any date of these forms has.
const longestDate = 64

// year makes a date its year: "1984", or "1984-**-**" with the length kept. A year alone
// is no date; it could not be made coarser.
func (m *Mask) year(value string) (string, bool) {
	if len(value) > longestDate {
		return "", false
	}
	text := strings.TrimSpace(value)
	for _, form := range dateForms {
		t, err := time.Parse(form, text)
		if err != nil {
			continue
		}
		year := t.Format("2006")
		at := strings.Index(value, year)
		switch {
		case at < 0:
			return "", false
		case !m.rule.KeepLength:
			return year, true
		}
		return stars(value[:at]) + year + stars(value[at+len(year):]), true
	}
	return "", false
}

// stars hides letters and digits and keeps ASCII marks.
func stars(text string) string {
	return strings.Map(func(r rune) rune {
		if c := class(r); c != 'x' && c != 'X' && c != '9' {
			return c
		}
		return '*'
	}, text)
}

// regions are the countries of each region of the world, as the statistics division of
// the United Nations groups them (M49), by their ISO 3166-1 codes.
var regions = map[string]string{
	"Africa": `AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW IO KE KM LR LS LY MA MG ML MR MU MW MZ
		NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TF TG TN TZ UG YT ZA ZM ZW`,
	"Americas": `AG AI AR AW BB BL BM BO BQ BR BS BV BZ CA CL CO CR CU CW DM DO EC FK GD GF GL GP GS GT GY HN HT JM KN KY LC
		MF MQ MS MX NI PA PE PM PR PY SR SV SX TC TT US UY VC VE VG VI`,
	"Asia": `AE AF AM AZ BD BH BN BT CN CY GE HK ID IL IN IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM PH PK
		PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE`,
	"Europe": `AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT
		NL NO PL PT RO RS RU SE SI SJ SK SM UA VA`,
	"Oceania": `AS AU CC CK CX FJ FM GU HM KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS`,
}

var regionOf = func() map[string]string {
	out := map[string]string{}
	for region, codes := range regions {
		for code := range strings.FieldsSeq(codes) {
			out[code] = region
		}
	}
	return out
}()

// region makes a country's code, or the code of a subdivision such as "DE-BY", the region.
// Names of places are hidden: which of the places of a name is meant is not known here.
// With the length kept, the region's name is cut or filled.
func (m *Mask) region(value string) (string, bool) {
	if len(value) > longestDate {
		return "", false
	}
	code, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(value)), "-")
	region, ok := regionOf[code]
	if !ok {
		return "", false
	}
	if m.rule.KeepLength {
		n := utf8.RuneCountInString(value)
		region = (region + strings.Repeat(star, n))[:n]
	}
	return region, !strings.EqualFold(region, value)
}

// IsCountry tells whether a code is one of ISO 3166-1, in capitals, that Region knows.
func IsCountry(code string) bool { return regionOf[code] != "" }
