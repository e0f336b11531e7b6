// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/graph"
)

type coverFlags struct {
	lawFlags
	file  string
	facts []string
	limit int
}

func newGraphCover() *cobra.Command {
	var f coverFlags
	cmd := &cobra.Command{
		Use:   "cover",
		Short: "Find the cheapest measures that make planned operations lawful",
		Long: `Finds the cheapest set of measures (safeguards, notices, assessments, grounds,
places) that makes a plan lawful under all packs at once, with the requirements
that ask for each. A plan is a YAML list of operations, or JSON, one operation a
line. What a measure costs says the vocabulary (1, a setting, to 9). The optimum
is exact unless --limit sets of measures were tried before it was found: then the
best set that is known is given, with what each set costs at the least. Where none
can be found the requirements that make it impossible are named. Measures are
promises: what is counted as done has to be done.

Exit codes: 0 possible, 3 impossible, 1 error.`,
		Example: `  comity graph cover -f plan.yaml
  comity graph cover --facts operation=collect --facts subject_location=US-IL --facts controller_establishment=US-IL --facts controller_type=company --facts data_categories=biometric --facts purpose=access_control`,
		Args: checked(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.bind(cmd)
	cmd.Flags().StringVarP(&f.file, "file", "f", "", "file with the plan; - is standard input")
	cmd.Flags().IntVar(&f.limit, "limit", graph.MaxCandidates, "how many sets of measures to try for the optimum")
	cmd.Flags().StringArrayVar(&f.facts, "facts", nil, "fact of one operation, name=value, or name=a,b for a list (repeatable)")
	return cmd
}

func (f *coverFlags) run(cmd *cobra.Command) error {
	if (f.file == "") == (len(f.facts) == 0) {
		return usageError("graph cover", "give -f FILE, or --facts name=value", "one plan is needed")
	}
	if f.limit < 0 || f.limit > graph.MaxCandidates {
		return usageError("--limit", fmt.Sprintf("give 0 to %d", graph.MaxCandidates), "%d sets cannot be tried", f.limit)
	}
	ops, err := f.plan(cmd.InOrStdin())
	if err != nil {
		return err
	}
	g, _, err := f.graph()
	if err != nil {
		return err
	}
	c, err := g.Cover(ops, f.limit)
	if err != nil {
		return err
	}
	if f.asJSON {
		printJSON(cmd.OutOrStdout(), c)
	} else {
		printCover(newScreen(cmd.OutOrStdout()), c)
	}
	if !c.Possible {
		return exitStatus(exitDeny)
	}
	return nil
}

// plan reads the operations.
func (f *coverFlags) plan(in io.Reader) ([]comity.Facts, error) {
	if f.file == "" {
		facts := comity.Facts{}
		for _, s := range f.facts {
			name, text, ok := strings.Cut(s, "=")
			if !ok {
				return nil, usageError("--facts", "write name=value", "%q has no value", s)
			}
			facts[name] = flagValue(text)
		}
		return []comity.Facts{facts}, nil
	}
	name := "standard input"
	if f.file != "-" {
		file, err := os.Open(f.file)
		if err != nil {
			return nil, notFound("graph cover", err)
		}
		defer file.Close()
		in, name = file, f.file
	}
	data, err := io.ReadAll(io.LimitReader(in, engine.MaxRequest+1))
	if err == nil && len(data) > engine.MaxRequest {
		err = &comity.Error{Code: comity.CodeTooLarge, Err: fmt.Errorf("the plan has more than %d bytes", engine.MaxRequest), Remedy: "plan fewer operations at a time"}
	}
	if err != nil {
		return nil, locate(name, 1, nil, nil, err)
	}
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && trimmed[0] == '{' {
		return planLines(name, data)
	}
	ops, err := planYAML(data)
	if err != nil {
		return nil, locate(name, 1, nil, nil, err)
	}
	return ops, nil
}

// flagValue is the value of a fact on the command line.
func flagValue(text string) any {
	if list := strings.Split(text, ","); len(list) > 1 {
		out := make([]any, len(list))
		for i, s := range list {
			out[i] = flagValue(s)
		}
		return out
	}
	if b, err := strconv.ParseBool(text); err == nil && (text == "true" || text == "false") {
		return b
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	return text
}

func planLines(name string, data []byte) ([]comity.Facts, error) {
	var ops []comity.Facts
	for i, line := range bytes.Split(data, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		req, err := engine.DecodeRequest(line)
		if err != nil {
			return nil, locate(name, i+1, nil, nil, err)
		}
		ops = append(ops, req.Facts)
	}
	return ops, nil
}

func planYAML(data []byte) ([]comity.Facts, error) {
	root, err := parseYAML(data)
	if err != nil {
		return nil, err
	}
	nodes := []*yaml.Node{root}
	if root.Kind == yaml.SequenceNode {
		nodes = root.Content
	}
	var ops []comity.Facts
	for _, n := range nodes {
		if n.Kind != yaml.MappingNode {
			return nil, fault(n, comity.CodeInvalid, "write a list of operations, each with its facts", "this is no operation")
		}
		m, err := mapping(n, 1)
		if err != nil {
			return nil, err
		}
		ops = append(ops, m)
	}
	return ops, nil
}

func printCover(s *screen, c *graph.Cover) {
	if !c.Possible {
		s.printf("%s: no set of measures makes the plan lawful\n", s.paint(strong, "IMPOSSIBLE"))
		printReasons(s, "forbidden by", c.Forbids)
		return
	}
	if len(c.Measures) == 0 {
		s.printf("The plan is lawful as it is.\n")
		return
	}
	s.printf("%s of cost %d make the plan lawful; %s\n", count(len(c.Measures), "measure"), c.Cost, optimum(c))
	for _, m := range c.Measures {
		line := m.Fact + " is " + value(m.Value)
		if m.Instead != nil {
			line += " instead of " + value(m.Instead)
		}
		s.printf("\n  %s  (cost %d)\n", s.paint(strong, line), m.Cost)
		s.row("for", plain, "operation "+numbers(m.For))
		printReasons(s, "asked by", m.Reasons)
	}
}

func numbers(list []int) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = strconv.Itoa(n)
	}
	return strings.Join(out, ", ")
}

// optimum says whether a cheaper set is ruled out.
func optimum(c *graph.Cover) string {
	if c.Proven {
		return "no cheaper set does."
	}
	text := "that no cheaper set does is not\nproven: " + c.Bound + "."
	if c.AtLeast > 0 {
		text += fmt.Sprintf(" None costs less than %d.", c.AtLeast)
	}
	return text
}
