// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package gen_test

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/comity-project/comity/internal/naive"
	"github.com/comity-project/comity/internal/naive/gen"
	"github.com/comity-project/comity/internal/pack"
)

// Every random model is valid, and questions reach every part of an outcome often.
func TestModelsExerciseEverything(t *testing.T) {
	const models, questions = 1500, 6
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[string]int{}
	for range models {
		m, src, err := gen.ModelFrom(r)
		if err != nil {
			t.Fatalf("%v\n%s\n%s\n%s", err, src.Regions, src.Vocabulary, src.Packs)
		}
		for range questions {
			facts := gen.Facts(r, m)
			vals, err := gen.Values(m, facts)
			if err != nil {
				t.Fatalf("%v: %v", facts, err)
			}
			for _, review := range []bool{true, false} {
				count(seen, m, vals, naive.Evaluate(m, vals, review), review)
			}
		}
	}
	total := 2 * models * questions
	for _, what := range []string{
		"review allow", "review deny", "review review", "ignore allow", "ignore deny", "ignore review",
		"Bound", "Violated", "Duties", "Met", "Applied", "Questions", "Demands",
		"DeclaredViolated", "DeclaredExpired", "DeclaredUnknown", "Conflicts", "Held", "Missing", "Outside",
		"open branch", "conditional branch", "edge branch", "permit branch", "expired branch", "recognising branch",
		"several combinations", "missing of a rule", "missing of the operation", "conflict of declared", "conflict with declared", "conflict with foreign order",
	} {
		// One in 200, and one in 1000 for what needs three rare things at once.
		need := total / 200
		if what == "conflict of declared" {
			need = total / 1000
		}
		if seen[what] < need {
			t.Errorf("%s: %d of %d, fewer than %d", what, seen[what], total, need)
		}
		t.Logf("%6.2f %% %s", 100*float64(seen[what])/float64(total), what)
	}
}

func count(seen map[string]int, m *pack.Model, vals pack.Values, o naive.Outcome, review bool) {
	mode := "ignore "
	if review {
		mode = "review "
	}
	here := map[string]bool{mode + o.Effect: true}
	v := reflect.ValueOf(o)
	for i := range v.NumField() {
		if v.Field(i).Kind() == reflect.Slice && v.Field(i).Len() > 0 {
			here[v.Type().Field(i).Name] = true
		}
	}
	for _, h := range o.Held {
		b := m.Rules[h.Rule].Branches[h.Branch]
		here["open branch"] = here["open branch"] || h.Open
		here["conditional branch"] = here["conditional branch"] || !b.Settled()
		here["edge branch"] = here["edge branch"] || b.Edge != nil
		here["permit branch"] = here["permit branch"] || b.Owner.Kind == pack.Permit
		here["expired branch"] = here["expired branch"] || b.Expired
		here["recognising branch"] = here["recognising branch"] || b.RecognisesOrders()
	}
	for _, a := range o.Missing {
		here["missing of a rule"] = here["missing of a rule"] || a.Rule >= 0
		here["missing of the operation"] = here["missing of the operation"] || a.Rule < 0
	}
	for _, p := range o.Conflicts {
		here["conflict of declared"] = here["conflict of declared"] || p.V < 0
		here["conflict with declared"] = here["conflict with declared"] || p.D < 0 && p.D != naive.ForeignOrder
		here["conflict with foreign order"] = here["conflict with foreign order"] || p.D == naive.ForeignOrder
	}
	for _, f := range m.Vocab.Facts[1:] {
		if f.List && !f.Whole && vals[f.ID] != nil && len(vals[f.ID].Items) > 1 {
			here["several combinations"] = true
		}
	}
	for k, ok := range here {
		if ok {
			seen[k]++
		}
	}
}

// The same seed gives the same model and the same question.
func TestSeedDecides(t *testing.T) {
	var texts []gen.Sources
	var asked []map[string]any
	for range 2 {
		r := rand.New(rand.NewPCG(7, 7))
		m, src, err := gen.ModelFrom(r)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, src)
		asked = append(asked, gen.Facts(r, m))
	}
	if !reflect.DeepEqual(texts[0], texts[1]) || !reflect.DeepEqual(asked[0], asked[1]) {
		t.Error("two runs with one seed differ")
	}
}
