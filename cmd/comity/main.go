// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Command comity answers whether an operation on personal data may happen, under which
// conditions and by which provisions, and works with the packs of law behind the answer.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// Exit codes, part of the command line's contract.
const (
	exitOK     = 0
	exitError  = 1
	exitUsage  = 2
	exitDeny   = 3 // deny, non-compliant or a finding
	exitReview = 4
)

// exitStatus ends the command with a code without a message of its own.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the whole command; tests call it with their own streams.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.Execute()
	var status exitStatus
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return int(status)
	}
	fmt.Fprintf(errOut, "comity: %s\n", err)
	if isUsage(err) {
		fmt.Fprintln(errOut, "hint: run with --help for usage and examples")
		return exitUsage
	}
	return exitError
}

// isUsage tells errors of the command line from all others; cobra's own have no code.
func isUsage(err error) bool {
	var ce *comity.Error
	if errors.As(err, &ce) {
		return ce.Code == comity.CodeUsage
	}
	for _, p := range []string{"unknown command", "unknown flag", "unknown shorthand", "accepts ", "requires ", "invalid argument", "flag needs an argument", "required flag"} {
		if strings.HasPrefix(err.Error(), p) {
			return true
		}
	}
	return false
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "comity",
		Short: "Decide operations on personal data under compiled packs of law",
		Long: `Comity answers one question: may this operation happen, here, now, with this
data, for this purpose? The answer names the conditions, the articles and, where
two laws collide, who must look at it.`,
		Example: `  comity demo
  comity decide -f question.yaml
  echo '{"operation":"transfer","from_region":"DE","to_region":"JP"}' | comity decide --missing ignore --json`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newDecide(), newTest(), newPack())
	return root
}

// packFlags are the folders given with --packs.
type packFlags struct{ dirs []string }

func (f *packFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.dirs, "packs", nil, "folder of packs to add; a pack with the same id replaces the embedded one (repeatable)")
	_ = cmd.MarkFlagDirname("packs")
}

func (f *packFlags) engine() (*engine.Engine, error) {
	var o engine.Options
	for _, dir := range f.dirs {
		info, err := os.Stat(dir)
		if err != nil {
			return nil, &comity.Error{Code: comity.CodeNotFound, Op: "packs", Err: err}
		}
		if !info.IsDir() {
			return nil, &comity.Error{Code: comity.CodeUsage, Op: "packs", Err: fmt.Errorf("%s is not a folder", dir), Remedy: "give the folder that holds pack.yaml"}
		}
		o.Folders = append(o.Folders, engine.Folder{Name: dir, FS: os.DirFS(dir)})
	}
	return engine.New(o)
}
