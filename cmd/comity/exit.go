// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/pack"
)

// Exit codes, part of the command line's contract.
const (
	exitOK     = 0
	exitError  = 1
	exitUsage  = 2
	exitDeny   = 3 // deny, non-compliant or a finding
	exitReview = 4
)

// exitCodes says how a command ends that failed, by the code of its error.
var exitCodes = map[comity.Code]int{
	comity.CodeInvalid:  exitError,
	comity.CodeUnknown:  exitError,
	comity.CodeConflict: exitError,
	comity.CodePack:     exitError,
	comity.CodeTooLarge: exitError,
	comity.CodeNotFound: exitError,
	comity.CodeUsage:    exitUsage,
	comity.CodeInternal: exitError,

	comity.CodeUnauthenticated: exitError,
	comity.CodeForbidden:       exitError,
	comity.CodeOverloaded:      exitError,
	comity.CodeUnavailable:     exitError,
}

// effectExits says how a decision ends the command that asked for it.
var effectExits = map[comity.Effect]int{
	comity.Allow:  exitOK,
	comity.Deny:   exitDeny,
	comity.Review: exitReview,
}

// gravity orders the exit codes of several answers, the gravest last.
var gravity = []int{exitOK, exitReview, exitDeny, exitError}

// graver is the graver of two exit codes.
func graver(a, b int) int {
	if slices.Index(gravity, a) > slices.Index(gravity, b) {
		return a
	}
	return b
}

// exitStatus ends the command with a code and without a message of its own.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// found ends the command with the code of a finding if there is one.
func found(any bool) error {
	if any {
		return exitStatus(exitDeny)
	}
	return nil
}

// usageError is a fault in the command line.
func usageError(op, remedy, format string, args ...any) error {
	return &comity.Error{Code: comity.CodeUsage, Op: op, Remedy: remedy, Err: fmt.Errorf(format, args...)}
}

// flagError gives cobra's errors about flags their code, and a remedy for a typing error.
func flagError(cmd *cobra.Command, err error) error {
	remedy := ""
	var missing *pflag.NotExistError
	if errors.As(err, &missing) {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		remedy = pack.Suggest("--"+missing.GetSpecifiedName(), names)
	}
	return usageError("", remedy, "%w", err)
}

func unknownCommand(cmd *cobra.Command, name string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return usageError("", pack.Suggest(name, names), "unknown command %q for %q", name, cmd.CommandPath())
}

// noArgs refuses arguments. The hint, if there is one, shows what may have been meant, with
// the argument at its end.
func noArgs(hint string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		if hint != "" {
			hint += args[0]
		}
		return usageError("", hint, "%s takes no argument, but %q was given", cmd.CommandPath(), args[0])
	}
}

// oneArg asks for exactly the argument that the command's line of usage names.
func oneArg(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	_, what, _ := strings.Cut(cmd.Use, " ")
	return usageError("", "write "+cmd.CommandPath()+" "+what, "%s takes one argument, but %d were given", cmd.CommandPath(), len(args))
}

// checked wraps a check of arguments so that its error has a code.
func checked(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError("", "", "%w", err)
		}
		return nil
	}
}

// finish prints the error of a command, if it has one to print, and gives its exit code.
func finish(w io.Writer, cmd *cobra.Command, err error) int {
	var status exitStatus
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return int(status)
	}
	code, err := comity.CodeOf(err), fitting(cmd, err)
	var probs pack.Problems
	if errors.As(err, &probs) {
		printFaults(w, probs)
	} else {
		fmt.Fprintf(w, "comity: %s\n", clean(err.Error()))
	}
	if code == comity.CodeUsage {
		fmt.Fprintf(w, "hint: %s --help shows usage and examples\n", cmd.CommandPath())
	}
	return exitCodes[code]
}

// fitting gives faults the remedy that the command has: that of a folder that is in use, and
// of a key that a server does not know.
func fitting(cmd *cobra.Command, err error) error {
	var e *comity.Error
	if !errors.As(err, &e) {
		return err
	}
	plain := *e
	switch {
	case e.Code == comity.CodeUnauthenticated && strings.HasPrefix(e.Remedy, "send "): // as a request does
		plain.Remedy = "set COMITY_API_KEY to a valid key"
	case !app.InUse(err):
		return err
	case cmd.Flags().Lookup("server") != nil:
		plain.Remedy = "ask that process: " + cmd.CommandPath() + " --server URL; or stop it first"
	case cmd.Name() == "serve":
		plain.Remedy = "stop that process, or serve another folder with --data"
	default:
		plain.Remedy = "stop that process first: " + cmd.CommandPath() + " needs the folder for itself"
	}
	return &plain
}

// printFaults lists what keeps packs from loading, one a line.
func printFaults(w io.Writer, probs pack.Problems) {
	faults := slices.DeleteFunc(slices.Clone(probs), func(p pack.Problem) bool { return p.Severity != pack.Error })
	fmt.Fprintf(w, "comity: the packs cannot be used, they have %s:\n", count(len(faults), "error"))
	for _, p := range faults {
		fmt.Fprintf(w, "  %s\n", clean(p.String()))
	}
}

// count writes a number with its noun.
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(noun, "y"))
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
