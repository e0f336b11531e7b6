// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// The two ways to ask. A document is what a service would be asked for, one
// value with everything in it; separate bindings take OPA about half the time
// and give the same three parts of the answer.
const (
	opaDocument = "data.comity.answer"
	opaBindings = "forbidden := data.comity.forbidden; qualified := data.comity.qualified; deny := count(forbidden) > 0"
)

// opaAnswer is in every policy: the rule that opaDocument asks for.
const opaAnswer = `
default effect := "allow"

effect := "deny" if count(forbidden) > 0

answer := {
	"effect": effect,
	"applicable": forbidden | {pair[0] | some pair in qualified},
	"conditions": {pair[1] | some pair in qualified},
}
`

// opaForm is one way to use OPA. Which is best depends on the set; a report
// takes the fastest of them.
type opaForm struct {
	name   string
	data   bool   // requirements as data instead of rules
	expand bool   // one rule body for each combination of values
	query  string // opaDocument or opaBindings
	// tuned leaves the result as OPA's own terms, reuses one read transaction
	// and passes a cancel of its own, which spares a goroutine per call.
	tuned bool
}

func opaForms() []opaForm {
	return []opaForm{
		{name: "opa/document", query: opaDocument},
		{name: "opa/document-bodies", query: opaDocument, expand: true},
		{name: "opa/in", query: opaBindings},
		{name: "opa/bodies", query: opaBindings, expand: true},
		{name: "opa/tuned", query: opaBindings, expand: true, tuned: true},
		{name: "opa/data", query: opaBindings, data: true, tuned: true},
	}
}

type opa struct {
	form     opaForm
	policy   string
	compiled time.Duration // of which the policy took
	prepared rego.PreparedEvalQuery
	options  [][]rego.EvalOption // per context
}

// newOPA prepares a form of OPA for a set.
func newOPA(s *Set, form opaForm) (Engine, error) {
	ctx := context.Background()
	o := &opa{form: form}
	data := map[string]any{}
	if form.data {
		o.policy, data = regoComprehension(s), regoData(s)
	} else {
		o.policy = regoRules(s, form.expand)
	}
	compiler, err := s.regoCompiler(o)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", form.name, err)
	}
	store := inmem.NewFromObjectWithOpts(data, inmem.OptReturnASTValuesOnRead(true))
	with := []func(*rego.Rego){
		rego.Query(form.query), rego.Compiler(compiler), rego.Store(store),
	}
	if form.tuned {
		with = append(with, rego.GenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) {
			return t.Value, nil
		}))
	}
	if o.prepared, err = rego.New(with...).PrepareForEval(ctx); err != nil {
		return nil, fmt.Errorf("prepare %s: %w", form.name, err)
	}
	var shared []rego.EvalOption
	if form.tuned {
		txn, err := store.NewTransaction(ctx, storage.TransactionParams{})
		if err != nil {
			return nil, fmt.Errorf("prepare %s: %w", form.name, err)
		}
		shared = []rego.EvalOption{rego.EvalTransaction(txn), rego.EvalExternalCancel(topdown.NewCancel())}
	}
	for _, c := range s.Contexts {
		o.options = append(o.options, append([]rego.EvalOption{rego.EvalParsedInput(opaInput(s, c))}, shared...))
	}
	return o, nil
}

// opaInput is a context as OPA's own parsed value.
func opaInput(s *Set, c Context) ast.Value {
	var items [][2]*ast.Term
	for d, dim := range s.Dimensions {
		value := ast.StringTerm(dim.Value(c.Values[d][0]))
		if dim.Values > 1 {
			var list []*ast.Term
			for _, v := range c.Values[d] {
				list = append(list, ast.StringTerm(dim.Value(v)))
			}
			value = ast.ArrayTerm(list...)
		}
		items = append(items, ast.Item(ast.StringTerm(dim.Name), value))
	}
	if s.Dated {
		items = append(items, ast.Item(ast.StringTerm("date"), ast.IntNumberTerm(c.Date)))
	}
	return ast.NewObject(items...)
}

// regoCompiler compiles a policy once for all forms that use it: at 10,000
// requirements that takes OPA ten seconds and more.
func (s *Set) regoCompiler(o *opa) (*ast.Compiler, error) {
	if c, ok := s.compiled[o.policy]; ok {
		o.compiled = c.took
		return c.compiler, nil
	}
	start := time.Now()
	compiler, err := ast.CompileModules(map[string]string{"comity.rego": o.policy + opaAnswer})
	if err != nil {
		return nil, err
	}
	if s.compiled == nil {
		s.compiled = map[string]compiledRego{}
	}
	s.compiled[o.policy] = compiledRego{compiler, time.Since(start)}
	return compiler, nil
}

// compiledRego is a compiled policy and the time that it took.
type compiledRego struct {
	compiler *ast.Compiler
	took     time.Duration
}

// Prepared is how much of the preparation was done for an earlier engine.
func (o *opa) Prepared() time.Duration { return o.compiled }

func (o *opa) Name() string { return o.form.name }

// Describe shows the query and the beginning of the policy.
func (o *opa) Describe() string {
	lines := strings.SplitAfterN(o.policy, "\n", 6)
	if o.form.data {
		lines = []string{o.policy}
	} else if len(lines) == 6 {
		lines[5] = "...\n"
	}
	if o.form.query == opaDocument {
		lines = append(lines, opaAnswer)
	}
	return "query: " + o.form.query + "\n\n" + strings.Join(lines, "")
}

func (o *opa) Sweep(n int) error {
	ctx := context.Background()
	for k := range n {
		if _, err := o.decide(ctx, k%len(o.options)); err != nil {
			return err
		}
	}
	return nil
}

func (o *opa) decide(ctx context.Context, i int) (rego.Result, error) {
	rs, err := o.prepared.Eval(ctx, o.options[i]...)
	if err != nil {
		return rego.Result{}, fmt.Errorf("evaluate %s: %w", o.form.name, err)
	}
	if len(rs) != 1 {
		return rego.Result{}, fmt.Errorf("evaluate %s: %d results", o.form.name, len(rs))
	}
	return rs[0], nil
}

func (o *opa) Answer(i int) (Answer, error) {
	r, err := o.decide(context.Background(), i)
	if err != nil {
		return Answer{}, err
	}
	var a Answer
	if o.form.query == opaDocument {
		doc, _ := r.Expressions[0].Value.(map[string]any)
		a.Deny = doc["effect"] == "deny"
		a.Applicable = opaNumbers(doc["applicable"])
		a.Conditions = opaNumbers(doc["conditions"])
	} else {
		a.Conditions = opaNumbers(r.Bindings["qualified"])
		a.Applicable = append(opaNumbers(r.Bindings["forbidden"]), a.Conditions...)
		a.Deny = r.Bindings["deny"] == true || r.Bindings["deny"] == ast.Boolean(true)
	}
	slices.Sort(a.Applicable)
	slices.Sort(a.Conditions)
	return a, nil
}

// opaNumbers reads a set of ids, or of pairs that end in one, in either form.
func opaNumbers(set any) []int {
	var out []int
	switch set := set.(type) {
	case []any:
		for _, v := range set {
			if pair, ok := v.([]any); ok {
				v = pair[len(pair)-1]
			}
			out = append(out, Number(v.(string)))
		}
	case ast.Set:
		for _, t := range set.Slice() {
			if pair, ok := t.Value.(*ast.Array); ok {
				t = pair.Elem(pair.Len() - 1)
			}
			out = append(out, Number(string(t.Value.(ast.String))))
		}
	}
	return out
}
