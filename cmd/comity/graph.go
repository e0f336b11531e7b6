// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/draw"
	"github.com/comity-project/comity/internal/pack"
)

func newGraph() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "graph",
		Short: "Look at the graph of the law",
		Example: `  comity graph show us_il_bipa
  comity graph show EU-GDPR-44 --format svg -o transfer.svg
  comity graph conflicts EU-GDPR-17 US-TAX-6001`,
	}
	cmd.AddCommand(newGraphShow(), newGraphConflicts(), newGraphImpact(), newGraphCover())
	group(cmd)
	return cmd
}

type showFlags struct {
	packs              packFlags
	facts, at, missing string
	format, output     string
	asJSON             bool
}

// formats are the writers by name.
var formats = map[string]func(io.Writer, *draw.Graph) error{"text": draw.Text, "dot": draw.DOT, "svg": draw.SVG}

func newGraphShow() *cobra.Command {
	var f showFlags
	cmd := &cobra.Command{
		Use:   "show [PACK | REQUIREMENT | REQUIREMENT REQUIREMENT...]",
		Short: "Show a regime, a requirement, a conflict or a decided operation",
		Long: `Shows a regime (its reach, requirements, permits and edges to places), one
requirement (when it binds and what lifts it), or, with --facts, a decided
operation: which regimes reach it, which requirements bind, the state of each
and why. What is in force is shown for the day of --at, today without it.

Requirements in conflict are shown with the operation in which they contradict, how
each law reaches it, what each asks for and to whom it yields, why no act satisfies
both, and who decides. With --facts the operation is that of the file; else two are
shown in the smallest context that there is, as comity graph conflicts gives it, and
three or more in the smallest operation found among the cases of all packs.`,
		Example: `  comity graph show us_il_bipa
  comity graph show EU-GDPR-44 --at 2020-07-16 --format svg -o transfer.svg
  comity graph show EU-GDPR-17 US-TAX-6001 --format svg -o conflict.svg
  comity graph show -f question.yaml --missing ignore --format svg -o answer.svg
  comity graph show eu_us_dpf --format dot | dot -Tpdf > dpf.pdf`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
		ValidArgsFunction: func(_ *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
			return f.complete(args, prefix)
		},
	}
	f.packs.bind(cmd)
	fl := cmd.Flags()
	fl.StringVarP(&f.facts, "facts", "f", "", "file with the question to decide and show; - is standard input")
	fl.StringVar(&f.at, "at", "", "day to show, or date of the question: 2024-05-01 or an RFC 3339 instant")
	fl.StringVar(&f.missing, "missing", "", "with --facts: how absent facts are read: review (enforcement, the default) or ignore (analysis)")
	fl.StringVar(&f.format, "format", "text", "text, dot (for graphviz) or svg")
	fl.StringVarP(&f.output, "output", "o", "", "file to write instead of standard output")
	fl.BoolVar(&f.asJSON, "json", false, "print the graph as one JSON object")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "dot", "svg"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("missing", cobra.FixedCompletions([]string{"review", "ignore"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// complete offers the names of packs and requirements.
func (f *showFlags) complete(args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	eng, err := f.packs.engine()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	m := eng.Program().Model()
	var out []string
	for _, name := range draw.Names(m) {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		p, q := draw.Find(m, name)
		if len(args) > 0 && (p != nil || slices.Contains(args, name)) {
			continue // only requirements conflict
		}
		if p != nil {
			name += "\t" + p.Name
		} else if q.Title != "" {
			name += "\t" + q.Title
		}
		out = append(out, name)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// check refuses flags that do not fit together before anything is loaded.
func (f *showFlags) check(args []string) (on pack.Day, err error) {
	switch {
	case formats[f.format] == nil:
		return on, usageError("--format", "use text, dot or svg", "unknown format %q", f.format)
	case len(args) == 0 && f.facts == "":
		return on, usageError("graph show", "give a pack, a requirement, or --facts FILE", "nothing to show")
	case len(args) == 1 && f.facts != "":
		return on, usageError("graph show", "give either a name or --facts, or the requirements of a conflict", "%q and --facts exclude each other", args[0])
	case len(args) > 2 && f.facts == "" && f.at != "":
		return on, usageError("--at", "give the operation with --facts", "the operation in which requirements conflict has a date of its own")
	case len(slices.Compact(slices.Sorted(slices.Values(args)))) < len(args):
		return on, usageError("graph show", "name each once", "a requirement is given twice")
	case f.missing != "" && f.facts == "":
		return on, usageError("--missing", "give --facts FILE", "there is no question whose facts could be missing")
	case f.missing != "" && f.missing != string(comity.MissingReview) && f.missing != string(comity.MissingIgnore):
		return on, usageError("--missing", "use review or ignore", "unknown mode %q", f.missing)
	case f.asJSON && f.format != "text":
		return on, usageError("--json", "leave --format out", "JSON and %s exclude each other", f.format)
	}
	if f.at == "" {
		return pack.DayOf(time.Now().UTC()), nil
	}
	at, err := engine.ParseTime(f.at)
	if err != nil {
		return on, usageError("--at", "", "%w", cause(err))
	}
	return pack.DayOf(at.UTC()), nil
}

func (f *showFlags) run(cmd *cobra.Command, args []string) error {
	on, err := f.check(args)
	if err != nil {
		return err
	}
	eng, err := f.packs.engine()
	if err != nil {
		return err
	}
	var g *draw.Graph
	switch {
	case len(args) > 1:
		g, err = f.conflict(eng, args, on, cmd.InOrStdin())
	case f.facts != "":
		var req comity.Request
		var d comity.Decision
		var m *pack.Model
		if req, d, m, err = f.operation(eng, cmd.InOrStdin()); err == nil {
			g = draw.Operation(m, req, d)
		}
	default:
		g, err = named(eng.Program().Model(), args[0], on)
	}
	if err != nil {
		return err
	}
	return f.write(cmd.OutOrStdout(), g)
}

func named(m *pack.Model, name string, on pack.Day) (*draw.Graph, error) {
	p, q := draw.Find(m, name)
	switch {
	case p != nil:
		return draw.Regime(m, p, on), nil
	case q != nil:
		return draw.Requirement(m, q, on), nil
	}
	return nil, noSuch(m, name)
}

// noSuch is the error of a name that nothing has.
func noSuch(m *pack.Model, name string) error {
	remedy := pack.Suggest(name, draw.Names(m))
	if remedy == "" {
		var ids []string
		for _, p := range m.Packs {
			ids = append(ids, p.ID)
		}
		remedy = "packs are " + strings.Join(ids, ", ") + "; for a folder of your own add --packs"
	}
	return &comity.Error{Code: comity.CodeNotFound, Op: "graph show", Remedy: remedy, Err: fmt.Errorf("no pack or requirement is called %q", name)}
}

// operation decides the question of a file, under the model that it gives.
func (f *showFlags) operation(eng *engine.Engine, in io.Reader) (req comity.Request, d comity.Decision, m *pack.Model, err error) {
	name := "standard input"
	if f.facts != "-" {
		file, err := os.Open(f.facts)
		if err != nil {
			return req, d, nil, notFound("graph show", err)
		}
		defer file.Close()
		in, name = file, f.facts
	}
	req, facts, err := readQuestion(in)
	if err == nil {
		// The flags mean what they mean to decide.
		s := &session{f: &decideFlags{at: f.at, missing: f.missing}, now: time.Now()}
		if err = s.options(&req); err == nil {
			err = s.date(&req)
		}
	}
	if err == nil {
		d, err = eng.Decide(req)
	}
	if err != nil {
		return req, d, nil, locate(name, 1, eng.Program().Model().Vocab, facts, err)
	}
	prog := eng.Program()
	if !req.KnownAt.IsZero() {
		if prog, err = eng.ProgramAt(req.KnownAt); err != nil {
			return req, d, nil, err
		}
	}
	return req, d, prog.Model(), nil
}

// readQuestion reads one question, in JSON or YAML.
func readQuestion(in io.Reader) (req comity.Request, facts func() []factAt, err error) {
	data, err := io.ReadAll(io.LimitReader(in, engine.MaxRequest+1))
	switch {
	case err != nil:
		return req, nil, err
	case len(data) > engine.MaxRequest:
		return req, nil, &comity.Error{Code: comity.CodeTooLarge, Err: fmt.Errorf("the input has more than %d bytes", engine.MaxRequest), Remedy: "show one question at a time"}
	case len(bytes.TrimSpace(data)) == 0:
		return req, nil, &comity.Error{Code: comity.CodeInvalid, Err: errors.New("the input is empty"), Remedy: "give facts, such as operation: transfer"}
	case bytes.TrimSpace(data)[0] == '{':
		req, err = engine.DecodeRequest(data)
		return req, func() []factAt { return jsonFacts(data) }, err
	}
	return readYAML(data)
}

// write writes the graph to the file of -o, or to out.
func (f *showFlags) write(out io.Writer, g *draw.Graph) error {
	if f.output == "" {
		return f.encode(out, g)
	}
	file, err := os.Create(f.output)
	if err != nil {
		return notFound("graph show", err)
	}
	err = f.encode(file, g)
	return errors.Join(err, file.Close())
}

func (f *showFlags) encode(w io.Writer, g *draw.Graph) error {
	if f.asJSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(g)
	}
	return formats[f.format](w, g)
}
