// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"strings"
	"testing"
)

// TestOnlyTightens: no pack of a company, an industry or a standard lifts law.
func TestOnlyTightens(t *testing.T) {
	law := head + `edges: [{id: jp, set: ok, origin: EU, destination: JP, cite: [LAW Art. 3]}]
requirements:
- {id: R, kind: forbid, text: {en: R.}, cite: [LAW Art. 2], unless: [{id: e, edges: ok, settled: true, cite: [LAW Art. 3]}]}
`
	own := strings.NewReplacer("id: p\n", "id: q\n", "LAW", "OWN", "The Law", "Ours", ", mandatory: true", "").Replace(head)
	const edge = "edges: [§{id: cn, set: ok, origin: EU, destination: US, cite: [OWN 1]}]\n"
	permit := "requirements: [{id: P, kind: permit, text: {en: P.}, cite: [OWN 1], unless: [{id: b, when: purpose == marketing, settled: true, cite: [OWN 1]}]}]\n"
	for _, c := range []struct {
		name, law, own, msg, remedy string
	}{
		{"an edge of a law's set", law, own + edge, "edge cn of set ok would lift R, which is law, but pack q can only tighten", "name a set that only exceptions of the pack use"},
		{"an edge of a set that a law's permit uses", strings.Replace(law, "id: R, kind: forbid", "id: R, kind: permit", 1), own + edge, "edge cn of set ok would lift R", "remove it"},
		{"an edge of its own set", law, own + strings.Replace(strings.ReplaceAll(edge, "ok", "own"), "§", "", 1) + "requirements: [{id: S, kind: forbid, text: {en: S.}, cite: [OWN 1], unless: [{id: e, edges: own, settled: true, cite: [OWN 1]}]}]\n", "", ""},
		{"a retention law", law, strings.Replace(own, "- {cite: OWN,", "- §{cite: OWN, mandatory: true,", 1), "OWN as a mandatory retention law would lift duties to erase, but pack q can only tighten", "of kind retain"},
		{"a retention law of an order", law, strings.Replace(own, "- {cite: OWN,", "- §{cite: OWN, mandatory: true, order: EU, weight: treaty,", 1), "OWN as a mandatory", "remove mandatory"},
		{"a permit that law takes over", strings.Replace(law, "unless: [{", "unless: [§{permit: P}, {", 1), own + permit, "permit P would lift R, which is law, but its pack q can only tighten", "write the permit in a pack of law"},
		{"the place of a law", law, "§" + strings.Replace(own, "id: q\n", "id: p\n", 1), "would replace P, which is law: it can only tighten", "an id of its own"},
	} {
		for _, as := range []string{"weight: company", "weight: industry", "order: INT", "weight: local"} {
			t.Run(c.name+", "+as, func(t *testing.T) {
				files, line, col := map[string]string{}, 0, 0
				var file string
				key, _, _ := strings.Cut(as, ":")
				for name, text := range map[string]string{"a/p/pack.yaml": c.law, "b/q/pack.yaml": c.own} {
					if name[0] == 'b' {
						text = strings.Replace(text, "\n"+key+": "+map[string]string{"weight": "federal", "order": "EU"}[key]+"\n", "\n"+as+"\n", 1)
					}
					if strings.Contains(c.own, "\nid: p\n") {
						name = strings.Replace(name, "/q/", "/p/", 1)
					}
					if strings.Contains(text, mark) {
						file = name
						text, line, col = marked(t, text)
					}
					files[name] = text
				}
				_, probs := load(testVocab(t), files, DayMax)
				if c.msg == "" || as == "weight: local" /* a law may */ {
					if len(probs) > 0 {
						t.Errorf("got %v, want none", probs)
					}
					return
				}
				wantProblem(t, probs, Pos{file, line, col}, c.msg, c.remedy)
			})
		}
	}
}
