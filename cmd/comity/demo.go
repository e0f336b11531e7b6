// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	_ "embed" // the cases are data
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

//go:embed demo.yaml
var demoCases []byte

func newDemo() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Decide famous real cases and show what changed overnight",
		Long: `Decides real cases under the embedded packs: the effect, the conditions and the
provisions, on the date of each. Many have a twin, the same operation on the day
before or done otherwise; the line below says what changed and which provision
says so. Each answer is recorded in a tamper-evident log, one record is proved, and
a change in a copy of the log is found. The log lies in a temporary folder that is
gone afterwards; nothing else is read or written, and no network is used.`,
		Example: `  comity demo
  comity demo --json`,
		Args: noArgs(""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			eng, err := engine.New(engine.Options{})
			if err != nil {
				return err
			}
			stories, err := readStories(demoCases)
			if err != nil {
				return err
			}
			d, err := demonstrate(cmd.Context(), stories)
			if err != nil {
				return err
			}
			if asJSON {
				printJSON(cmd.OutOrStdout(), demoReport(d))
			} else {
				printStories(newScreen(cmd.OutOrStdout()), d, eng.Program().Model())
			}
			if !d.proved || !d.found() {
				return &comity.Error{Code: comity.CodeInternal, Op: "demo", Err: errors.New("the log did not show what was changed")}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// story is one case of demo.yaml with its twins; a case without twins is its only one.
type story struct {
	Name     string      `yaml:"name"`
	Happened string      `yaml:"happened"`
	Source   string      `yaml:"source"`
	Missing  comity.Mode `yaml:"missing"`
	Facts    yaml.Node   `yaml:"facts"`
	Twins    []twin      `yaml:"twins"`
}

type twin struct {
	Name  string    `yaml:"name"`
	Facts yaml.Node `yaml:"facts"`

	facts    comity.Facts
	decision comity.Decision
}

// readStories reads the cases and gives each twin the facts that it shares.
func readStories(data []byte) ([]story, error) {
	fail := func(err error) ([]story, error) {
		return nil, &comity.Error{Code: comity.CodeInternal, Op: "demo.yaml", Err: err}
	}
	var out []story
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&out); err != nil {
		return fail(err)
	}
	for i := range out {
		st := &out[i]
		if st.Missing == "" {
			st.Missing = comity.MissingIgnore
		}
		if len(st.Twins) == 0 {
			st.Twins = []twin{{}}
		}
		for j := range st.Twins {
			t := &st.Twins[j]
			t.facts = comity.Facts{}
			for _, n := range []*yaml.Node{&st.Facts, &t.Facts} {
				m, err := mapping(n, 0)
				if err != nil {
					return fail(err)
				}
				for name, v := range m {
					if _, dup := t.facts[name]; dup {
						return fail(fmt.Errorf("%s: fact %s stands in the twin and in what twins share", st.Name, name))
					}
					t.facts[name] = v
				}
			}
		}
	}
	return out, nil
}

// asker answers one question, as an engine or a recording door does.
type asker func(context.Context, comity.Request) (comity.Decision, error)

func decideStories(ctx context.Context, ask asker, stories []story) error {
	for i := range stories {
		for j := range stories[i].Twins {
			t := &stories[i].Twins[j]
			var err error
			if t.decision, err = ask(ctx, comity.Request{Facts: t.facts, Missing: stories[i].Missing}); err != nil {
				return fmt.Errorf("%s: %w", caseName(&stories[i], t), err)
			}
		}
	}
	return nil
}

// caseName is the name of a case, twins followed by what differs.
func caseName(st *story, t *twin) string {
	if t.Name == "" {
		return st.Name
	}
	return st.Name + " (" + t.Name + ")"
}

// demoJSON is the JSON of comity demo, a contract.
type demoJSON struct {
	Cases []demoCase `json:"cases"`
	Proof struct {
		Index    int64 `json:"index"`
		Verified bool  `json:"verified"`
	} `json:"proof"`
	Tamper struct {
		Entry int64 `json:"entry"`
		Found bool  `json:"found"`
	} `json:"tamper"`
}

type demoCase struct {
	Case       string             `json:"case"`
	Date       string             `json:"date"`
	Effect     comity.Effect      `json:"effect"`
	Citations  []string           `json:"citations"`
	Conditions []comity.Condition `json:"conditions"`
	Record     demoPlace          `json:"record"`
}

// demoPlace is where a case is recorded.
type demoPlace struct {
	Log   string `json:"log"`
	Index int64  `json:"index"`
}

func demoReport(d *demonstration) demoJSON {
	out := demoJSON{Cases: []demoCase{}}
	for i := range d.stories {
		for j := range d.stories[i].Twins {
			t := &d.stories[i].Twins[j]
			out.Cases = append(out.Cases, demoCase{
				Case: caseName(&d.stories[i], t), Date: shortTime(t.decision.At), Effect: t.decision.Effect,
				// Lists are never null.
				Citations:  append([]string{}, t.decision.Citations...),
				Conditions: append([]comity.Condition{}, t.decision.Conditions...),
				Record:     demoPlace{t.decision.Record.Log, *t.decision.Record.Index},
			})
		}
	}
	index := *d.chosen.decision.Record.Index
	out.Proof.Index, out.Proof.Verified = index, d.proved
	out.Tamper.Entry, out.Tamper.Found = index, d.found()
	return out
}

func printStories(s *screen, d *demonstration, m model) {
	answers, stories := 0, d.stories
	for i := range stories {
		st := &stories[i]
		s.printf("%s\n", s.paint(strong, st.Name))
		s.row("happened", plain, st.Happened)
		s.row("", faint, st.Source)
		if st.Missing != comity.MissingIgnore {
			s.row("", faint, "asked with --missing "+string(st.Missing))
		}
		for j := range st.Twins {
			printTwin(s, &st.Twins[j])
			if j > 0 {
				printChanges(s, m, &st.Twins[j-1], &st.Twins[j])
			}
			answers++
		}
		s.printf("\n")
	}
	d.print(s)
	s.printf("%s, %s, asked with --missing ignore where nothing else is said.\n", count(len(stories), "case"), count(answers, "answer"))
	s.printf("Ask your own: comity decide --help. This is not legal advice.\n")
}

// effectWidth aligns what stands behind the effects.
const effectWidth = len("REVIEW")

// printTwin is one answer in short.
func printTwin(s *screen, t *twin) {
	d := &t.decision
	head := s.paint(effectStyles[d.Effect], headline(d))
	if t.Name != "" {
		head += strings.Repeat(" ", max(0, effectWidth-len(headline(d)))) + "  " + t.Name
	}
	s.printf("  %s  %s\n", shortTime(d.At), head)
	for _, v := range d.Violations {
		s.row("", plain, "violates "+v.Requirement)
	}
	for _, c := range d.Conflicts {
		s.row("", plain, strings.Join(c.Requirements, " against ")+", to be decided by: "+c.Who)
	}
	for _, c := range d.Conditions {
		s.row("", plain, "if: "+c.Text+by(c.Due))
	}
	if len(d.Citations) == 0 {
		s.row("", faint, "nothing forbids it")
	}
	s.row("", faint, cites(d.Citations))
	if d.Record != nil {
		s.row("", faint, fmt.Sprintf("recorded as entry %d", *d.Record.Index))
	}
}

func printChanges(s *screen, m model, before, after *twin) {
	s.row("differs", plain, otherFacts(before.facts, after.facts))
	label := "changed"
	for _, line := range changes(m, before, after) {
		s.row(label, plain, line)
		label = ""
	}
}
