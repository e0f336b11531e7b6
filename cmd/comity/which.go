// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/frameworks"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/internal/which"
)

type whichFlags struct {
	packs              packFlags
	file, at           string
	asJSON, list, full bool
}

func newWhich() *cobra.Command {
	var f whichFlags
	cmd := &cobra.Command{
		Use:   "which [FACT=VALUE...]",
		Short: "Tell a business which regimes and frameworks concern it",
		Long: `Tells from a few facts about a business which regimes are required by law, which
frameworks by contract, which help, and which are not at issue, each with the
reason, the penalties and where to start. Each pack is asked about the operations
that such a business performs; a fact that is not given is never guessed: the
answer then depends on it. Lists are written with commas, or given more than
once; --facts lists what is asked.`,
		Example: `  comity which --facts
  comity which us_health_data=true enterprise_software=true established_in=US users_in=US
  comity which users_in=DE,FR card_payments=true ai_decisions=true --json
  comity which -f business.yaml`,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
		ValidArgsFunction: f.complete,
	}
	f.packs.bind(cmd)
	fl := cmd.Flags()
	fl.StringVarP(&f.file, "file", "f", "", "file with the facts in YAML or JSON; - is standard input")
	fl.StringVar(&f.at, "at", "", "day of the question, such as 2026-01-01 (default: today)")
	fl.BoolVar(&f.list, "facts", false, "list the facts that are asked")
	fl.BoolVar(&f.full, "full", false, "print every reason, penalty and reach")
	fl.BoolVar(&f.asJSON, "json", false, "print one JSON object")
	return cmd
}

func (f *whichFlags) complete(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	q, err := which.Read(frameworks.FS)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, x := range q.Facts {
		if strings.HasPrefix(x.Name, prefix) {
			out = append(out, x.Name+"=\t"+x.Text)
		}
	}
	return out, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

func (f *whichFlags) run(cmd *cobra.Command, args []string) error {
	q, err := which.Read(frameworks.FS)
	if err != nil {
		return &comity.Error{Code: comity.CodeInternal, Op: "which", Err: err}
	}
	out := cmd.OutOrStdout()
	switch {
	case f.list && f.asJSON:
		printJSON(out, q.Facts)
		return nil
	case f.list:
		printQuestions(newScreen(out), q)
		return nil
	case len(args) == 0 && f.file == "":
		return usageError("which", "comity which --facts lists what can be said", "no fact about the business")
	}
	on := pack.DayOf(time.Now().UTC())
	if f.at != "" {
		if on, err = pack.ParseDay(f.at); err != nil {
			return usageError("--at", "", "%w", err)
		}
	}
	eng, err := f.packs.engine()
	if err != nil {
		return err
	}
	prog := eng.Program()
	b, err := f.business(q, prog.Model().Vocab, cmd.InOrStdin(), args)
	if err != nil {
		return err
	}
	rep, err := b.Ask(prog, on)
	switch {
	case err != nil:
		return err
	case f.asJSON:
		printJSON(out, rep)
	default:
		printWhich(newScreen(out), rep, f.full)
	}
	return nil
}

// business reads the facts of the file, then those of the command line.
func (f *whichFlags) business(q *which.Questions, v *pack.Vocabulary, in io.Reader, args []string) (*which.Business, error) {
	facts := map[string]any{}
	if f.file != "" {
		if err := readBusiness(f.file, in, facts, func(one map[string]any) error {
			_, err := q.NewBusiness(v, one)
			return err
		}); err != nil {
			return nil, err
		}
	}
	inFile := maps.Clone(facts)
	for _, arg := range args {
		name, text, ok := strings.Cut(arg, "=")
		_, twice := inFile[name]
		switch {
		case !ok:
			return nil, usageError("which", "write "+name+"=true, or users_in=DE,FR", "%q is no fact with its value", arg)
		case twice:
			return nil, &comity.Error{Code: comity.CodeConflict, Op: name, Err: errors.New("it stands in the file and on the command line"), Remedy: "give it once"}
		}
		if old, ok := facts[name].(string); ok {
			text = old + "," + text
		}
		facts[name] = text
	}
	b, err := q.NewBusiness(v, facts)
	if e := (*comity.Error)(nil); f.file == "" && errors.As(err, &e) && e.Code != comity.CodeConflict {
		return nil, usageError(e.Op, e.Remedy, "%w", e.Err)
	}
	return b, err
}

// readBusiness reads a mapping of facts; check is asked about each, so that a fault has its
// place.
func readBusiness(name string, in io.Reader, into map[string]any, check func(map[string]any) error) error {
	shown := "standard input"
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return notFound("which", err)
		}
		defer file.Close()
		in, shown = file, name
	}
	data, err := io.ReadAll(io.LimitReader(in, engine.MaxRequest+1))
	switch {
	case err != nil:
		return notFound("which", err)
	case len(data) > engine.MaxRequest:
		return &comity.Error{Code: comity.CodeTooLarge, Op: shown, Err: fmt.Errorf("the input has more than %d bytes", engine.MaxRequest), Remedy: "give the facts of one business"}
	}
	root, err := parseYAML(data) // JSON is YAML
	if err == nil && root.Kind != yaml.MappingNode {
		err = fault(root, comity.CodeInvalid, "write users_in: [DE] and so on", "expected facts, as names with values")
	}
	var all map[string]any
	if err == nil {
		all, err = mapping(root, 0)
	}
	if err != nil {
		return locate(shown, 1, nil, nil, err)
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		k := root.Content[i]
		if err := check(map[string]any{k.Value: all[k.Value]}); err != nil {
			var e *comity.Error
			if errors.As(err, &e) {
				return locate(shown, 1, nil, nil, faultAt(place{k.Line, k.Column}, e.Code, e.Remedy, "%w", fmt.Errorf("%s: %w", e.Op, e.Err)))
			}
			return err
		}
		into[k.Value] = all[k.Value]
	}
	return nil
}
