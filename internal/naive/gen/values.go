// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package gen

import (
	"github.com/comity-project/comity/internal/pack"
)

// Values parses the facts of one question, closes them under implies and ages them.
func Values(m *pack.Model, facts map[string]any) (pack.Values, error) {
	vals := make(pack.Values, len(m.Vocab.Facts))
	for name, given := range facts {
		f, ok := m.Vocab.Lookup(name)
		if !ok {
			return nil, &pack.ValueError{Fact: name, Unknown: true, Msg: "unknown fact"}
		}
		val, err := m.Vocab.ParseValue(f, given)
		if err != nil {
			return nil, err
		}
		vals[f.ID] = val
	}
	return vals, m.Vocab.Age(vals)
}
