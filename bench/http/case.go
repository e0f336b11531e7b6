// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package httpbench compares decision servers over loopback: comity serve, which records
// every decision durably before it answers, and opa run --server, which records nothing.
// Both have the same generated requirements and are asked the same questions; every answer
// is held against a naive evaluator first, and its effect again while it is timed.
package httpbench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	enginebench "github.com/comity-project/comity/bench/engine"
)

// Case is one set of requirements, with its questions and their right answers.
type Case struct {
	set *enginebench.Set
	// Name says how many requirements there are.
	Name  string
	facts [][]byte
	want  []enginebench.Answer
}

// NewCase generates n requirements. The facts get names of their own, since Comity's
// vocabulary knows some of the generator's already.
func NewCase(n int) (*Case, error) {
	s := enginebench.Generate(enginebench.Plain, n)
	for i := range s.Dimensions {
		if d := &s.Dimensions[i]; d.Name != "operation" {
			d.Name = "g_" + d.Name
		}
	}
	c := &Case{set: s, Name: fmt.Sprintf("%d requirements", n)}
	for _, context := range s.Contexts {
		facts := s.Facts(context)
		facts["controller_establishment"] = "DE" // without it Comity does not let an act pass
		text, err := json.Marshal(facts)
		if err != nil {
			return nil, fmt.Errorf("encode question: %w", err)
		}
		c.facts = append(c.facts, text)
		c.want = append(c.want, s.Decide(context))
	}
	return c, nil
}

// vocabulary adds the generated operations and facts.
func (c *Case) vocabulary() string {
	var b strings.Builder
	b.WriteString("format: comity/v1\noperations:\n")
	for _, d := range c.set.Dimensions {
		if d.Name == "operation" {
			for v := range d.Size {
				fmt.Fprintf(&b, "  %s: {mode: act, text: generated}\n", d.Value(v))
			}
		}
	}
	b.WriteString("facts:\n")
	for _, d := range c.set.Dimensions {
		if d.Name != "operation" {
			values := make([]string, d.Size)
			for v := range values {
				values[v] = d.Value(v)
			}
			fmt.Fprintf(&b, "  %s: {type: enum, role: act, values: [%s]}\n", d.Name, strings.Join(values, ", "))
		}
	}
	return b.String()
}

// write puts files into a folder.
func write(dir string, files map[string]string) error {
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

// Target is a server with one way to ask it.
type Target struct {
	Name     string
	server   *Server
	path     string
	kind     string // content type
	bodies   [][]byte
	effects  [][]byte // by body, what its answer must contain, as often as it has questions
	perBody  int
	decode   func([]byte) ([]wireAnswer, error)
	expected [][]enginebench.Answer
}

// wireAnswer is what both servers say, in their forms.
type wireAnswer struct {
	effect                 string
	applicable, conditions []string
}

// comityTarget asks one question a request, or batch of them a request.
func comityTarget(c *Case, s *Server, batch int) *Target {
	t := &Target{Name: "comity", server: s, path: "/v1/decisions", kind: "application/json", perBody: batch, decode: comityAnswers}
	if batch > 1 {
		t.Name, t.kind = fmt.Sprintf("comity, batches of %d", batch), "application/x-ndjson"
	}
	for first := range c.facts {
		var lines [][]byte
		var want []enginebench.Answer
		for i := range batch {
			k := (first + i) % len(c.facts)
			lines, want = append(lines, c.facts[k]), append(want, c.want[k])
		}
		t.add(bytes.Join(lines, []byte("\n")), want)
	}
	return t
}

func opaTarget(c *Case, s *Server, form string) *Target {
	t := &Target{Name: "opa, " + form, server: s, path: "/v1/data/comity/answer", kind: "application/json", perBody: 1, decode: opaAnswers}
	for i, f := range c.facts {
		t.add(fmt.Appendf(nil, `{"input":%s}`, f), []enginebench.Answer{c.want[i]})
	}
	return t
}

func (t *Target) add(body []byte, want []enginebench.Answer) {
	effect := fmt.Appendf(nil, `"effect":"%s"`, effectOf(want[0]))
	t.bodies, t.expected, t.effects = append(t.bodies, body), append(t.expected, want), append(t.effects, effect)
}

// at is the same target at another server.
func (t *Target) at(name string, s *Server) *Target {
	other := *t
	other.Name, other.server = name, s
	return &other
}

// ask sends one body and returns the answer.
func (t *Target) ask(i int) ([]byte, error) {
	resp, err := http.Post(t.server.URL+t.path, t.kind, bytes.NewReader(t.bodies[i]))
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", t.Name, err)
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	if _, err = text.ReadFrom(resp.Body); err != nil {
		return nil, fmt.Errorf("ask %s: question %d: %w", t.Name, i, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask %s: question %d: %s: %.300s", t.Name, i, resp.Status, text.Bytes())
	}
	return text.Bytes(), nil
}

// Check asks every question once and compares the whole answers.
func (t *Target) Check() error {
	for i := range t.bodies {
		text, err := t.ask(i)
		if err != nil {
			return err
		}
		got, err := t.decode(text)
		if err != nil || len(got) != t.perBody {
			return fmt.Errorf("check %s: question %d: %d answers in %.300s: %v", t.Name, i, len(got), text, err)
		}
		for k, want := range t.expected[i] {
			if !got[k].is(want) {
				return fmt.Errorf("check %s: question %d, line %d: got %+v, want %+v", t.Name, i, k, got[k], want)
			}
		}
	}
	return nil
}

// is compares with the right answer.
func (w wireAnswer) is(want enginebench.Answer) bool {
	numbers := func(ids []string) (out []int) {
		for _, id := range ids {
			out = append(out, enginebench.Number(id))
		}
		slices.Sort(out)
		return out
	}
	return w.effect == effectOf(want) && slices.Equal(numbers(w.applicable), want.Applicable) && slices.Equal(numbers(w.conditions), want.Conditions)
}

func effectOf(a enginebench.Answer) string {
	if a.Deny {
		return "deny"
	}
	return "allow"
}

// comityAnswers reads decisions, which must be recorded.
func comityAnswers(text []byte) ([]wireAnswer, error) {
	var out []wireAnswer
	for line := range bytes.Lines(text) {
		var d struct {
			Effect     string
			Applicable []string
			Conditions []struct{ ID string }
			Record     *struct {
				Index      *int64
				Checkpoint string
			}
		}
		if err := json.Unmarshal(line, &d); err != nil {
			return nil, err
		}
		if d.Record == nil || d.Record.Index == nil || d.Record.Checkpoint == "" {
			return nil, fmt.Errorf("the decision is not recorded")
		}
		w := wireAnswer{effect: d.Effect, applicable: d.Applicable}
		for _, c := range d.Conditions {
			w.conditions = append(w.conditions, c.ID)
		}
		out = append(out, w)
	}
	return out, nil
}

func opaAnswers(text []byte) ([]wireAnswer, error) {
	var d struct {
		Result *struct {
			Effect                 string
			Applicable, Conditions []string
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	if d.Result == nil {
		return nil, fmt.Errorf("no result")
	}
	return []wireAnswer{{d.Result.Effect, d.Result.Applicable, d.Result.Conditions}}, nil
}
