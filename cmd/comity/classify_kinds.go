// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity/internal/classify"
	"github.com/comity-project/comity/internal/survey"
)

func newClassifyText() *cobra.Command {
	var f classifyFlags
	cmd := &cobra.Command{
		Use:   "text",
		Short: "Find personal data in text",
		Long: `Reads objects {"text": "..."} and answers with the same and "spans"; start and
end count Unicode code points. Plain text is printed with the findings marked.`,
		Example: `  echo 'My card 4111 1111 1111 1111 is lost' | comity classify text
  echo '{"text": "Call Anna on +49 30 901820"}' | comity classify text`,
		Args: noArgs("did you mean: comity classify text -f "),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.classifier()
			if err != nil {
				return err
			}
			return f.run(cmd, func(line string, isJSON bool) (any, string, error) { return classifyText(c, line, isJSON) })
		},
	}
	f.bind(cmd)
	cmd.Flags().BoolVar(&f.withoutNames, "without-names", false, "leave out names, places, organisations and postal addresses")
	cmd.Flags().Float64Var(&f.threshold, "threshold", 0, "least score of a finding; 0.5 if not given")
	return cmd
}

type textAnswer struct {
	Text  string          `json:"text"`
	Spans []classify.Span `json:"spans"`
}

func classifyText(c *classify.Classifier, line string, isJSON bool) (any, string, error) {
	in := struct{ Text *string }{}
	if isJSON {
		if err := decodeLine(line, &in); err != nil {
			return nil, "", err
		}
		if in.Text == nil {
			return nil, "", lacks("text")
		}
	} else {
		in.Text = &line
	}
	a := textAnswer{*in.Text, c.Text(*in.Text)}
	if isJSON {
		return a, "", nil
	}
	return a, marked(line, a.Spans), nil
}

// marked is a line with its findings in brackets.
func marked(line string, spans []classify.Span) string {
	if len(spans) == 0 {
		return clean(line)
	}
	var b strings.Builder
	at, next := 0, 0
	for _, r := range line {
		for next < len(spans) && spans[next].End == at {
			b.WriteString("|" + spans[next].Label + "]")
			next++
		}
		if next < len(spans) && spans[next].Start == at {
			b.WriteByte('[')
		}
		b.WriteRune(r)
		at++
	}
	if next < len(spans) {
		b.WriteString("|" + spans[next].Label + "]")
	}
	return clean(b.String())
}

func newClassifyValues() *cobra.Command {
	var f classifyFlags
	cmd := &cobra.Command{
		Use:   "values",
		Short: "Tell what values are and whether they are valid",
		Long: `Reads objects {"value", "type", "country"} and answers with the same and
"valid": whether the value is of that type. Without a type the answer names the
type that fits best. "comity classify detectors" lists the types.`,
		Example: `  echo '{"value": "44051401359", "type": "stdnum:pl.pesel"}' | comity classify values
  echo 'DE89370400440532013000' | comity classify values`,
		Args: noArgs("did you mean: comity classify values -f "),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.withoutNames = true
			c, err := f.classifier()
			if err != nil {
				return err
			}
			return f.run(cmd, func(line string, isJSON bool) (any, string, error) { return classifyValue(c, line, isJSON) })
		},
	}
	f.bind(cmd)
	return cmd
}

type valueAnswer struct {
	Value string `json:"value"`
	classify.ValueAnswer
	// Unknown is true if no detector answers for the type.
	Unknown bool `json:"unknown,omitempty"`
}

func classifyValue(c *classify.Classifier, line string, isJSON bool) (any, string, error) {
	in := struct {
		Value         *string
		Type, Country string
	}{Value: &line}
	if isJSON {
		in.Value = nil
		if err := decodeLine(line, &in); err != nil {
			return nil, "", err
		}
		if in.Value == nil {
			return nil, "", lacks("value")
		}
	}
	v := c.Value(*in.Value, classify.ValueType{Type: in.Type, Country: in.Country})
	a := valueAnswer{*in.Value, v, !v.Known}
	if isJSON {
		return a, "", nil
	}
	what := "nothing known"
	if v.Type != "" {
		what = strings.TrimSpace(v.Type + " " + v.Country)
	}
	return a, fmt.Sprintf("%-28s %s", what, clean(line)), nil
}

func newClassifyColumns() *cobra.Command {
	var f classifyFlags
	cmd := &cobra.Command{
		Use:   "columns",
		Short: "Tell which columns hold personal data",
		Long: `Reads objects {"table", "column", "type", "samples"} and answers with the same
and "category", a fideslang data category, or "none"; samples come back masked. A line of plain text is
the name of a column, with its table before the last dot.`,
		Example: `  echo '{"table": "shop.customer", "column": "email", "type": "varchar"}' | comity classify columns
  echo 'customer.date_of_birth' | comity classify columns`,
		Args: noArgs("did you mean: comity classify columns -f "),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.withoutNames = true
			c, err := f.classifier()
			if err != nil {
				return err
			}
			return f.run(cmd, func(line string, isJSON bool) (any, string, error) { return classifyColumn(c, line, isJSON) })
		},
	}
	f.bind(cmd)
	return cmd
}

// columnAnswer has the first samples, masked: an answer holds no personal data.
type columnAnswer struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	Type   string `json:"type"`
	classify.ColumnAnswer
	Samples []string `json:"samples,omitempty"`
}

func classifyColumn(c *classify.Classifier, line string, isJSON bool) (any, string, error) {
	var in classify.Column
	if isJSON {
		if err := decodeLine(line, &in); err != nil {
			return nil, "", err
		}
		if in.Column == "" && len(in.Samples) == 0 {
			return nil, "", lacks("column")
		}
	} else {
		in.Column = strings.TrimSpace(line)
		if dot := strings.LastIndexByte(in.Column, '.'); dot > 0 {
			in.Table, in.Column = in.Column[:dot], in.Column[dot+1:]
		}
	}
	a := columnAnswer{in.Table, in.Column, in.Type, c.Column(in), survey.MaskedSamples(in.Samples)}
	if isJSON {
		return a, "", nil
	}
	return a, fmt.Sprintf("%-40s %s", clean(line), a.Category), nil
}

func newClassifyDetectors() *cobra.Command {
	var f classifyFlags
	cmd := &cobra.Command{
		Use:   "detectors",
		Short: "List the types that values are asked for",
		Example: `  comity classify detectors
  comity classify detectors --json`,
		Args: noArgs(""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.withoutNames = true
			c, err := f.classifier()
			if err != nil {
				return err
			}
			if f.asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(c.Types())
			}
			for _, t := range c.Types() {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%-28s %s\n", t.Type, t.Country); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&f.detectors, "detectors", "", "file with detectors of your own, listed with the others")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON array")
	return cmd
}
