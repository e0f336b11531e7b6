// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Command comity answers whether an operation on personal data may happen, under which
// conditions and by which provisions, and works with the packs of law behind the answer.
//
// Rules of this package: answers go to standard output, everything else (errors, progress,
// "not recorded") to standard error; every sub-command is one file with a newX function;
// exit codes come from the tables in exit.go and from nowhere else.
package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the whole command; tests call it with their own streams.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	s := &sink{w: out}
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(s)
	root.SetErr(errOut)
	ran, err := root.ExecuteC()
	if s.err != nil {
		err = s.failure()
	}
	return finish(errOut, ran, err)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "comity",
		Short: "Decide operations on personal data under compiled packs of law",
		Long: `Comity answers one question: may this operation happen, here, now, with this
data, for this purpose? The answer names the conditions, the articles and, where
two laws collide, who must look at it.

Exit codes: 0 allow or ok, 1 error, 2 usage, 3 deny or finding, 4 review.`,
		Example: `  comity demo
  comity decide -f question.yaml
  echo '{"operation":"transfer","subject_location":"DE","from_region":"DE","to_region":"JP"}' | comity decide --missing ignore --json`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newDecide(), newFacts(), newDemo(), newTest(), newPack(), newGraph(), newAsk(), newTimeline(), newWhich(), newWhatif(), newClassify(), newAudit(), newServe(), newPrincipal(), newVersion(), newCompletion())
	group(root)
	root.SetHelpCommand(newHelp(root))
	root.SetFlagErrorFunc(flagError)
	return root
}

// group makes a command that only holds others refuse what none of them is called; cobra
// would print its help and succeed.
func group(cmd *cobra.Command) {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknownCommand(cmd, args[0])
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Help about any command",
		Example: `  comity help decide`,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(root, args[len(args)-max(1, len(rest))])
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}
