// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
)

// shells are the completion scripts that cobra can write.
var shells = map[string]func(*cobra.Command) error{
	"bash":       func(c *cobra.Command) error { return c.Root().GenBashCompletionV2(c.OutOrStdout(), true) },
	"zsh":        func(c *cobra.Command) error { return c.Root().GenZshCompletion(c.OutOrStdout()) },
	"fish":       func(c *cobra.Command) error { return c.Root().GenFishCompletion(c.OutOrStdout(), true) },
	"powershell": func(c *cobra.Command) error { return c.Root().GenPowerShellCompletionWithDesc(c.OutOrStdout()) },
}

func newCompletion() *cobra.Command {
	names := slices.Sorted(maps.Keys(shells))
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Write the completion script of a shell",
		Long: `Writes the script by which a shell completes the commands and flags of comity:
` + strings.Join(names, ", ") + `. Load it at the start of the shell: in
bash with  source <(comity completion bash)  in ~/.bashrc, in zsh by saving it
as _comity in a folder of $fpath, in fish as
~/.config/fish/completions/comity.fish, in PowerShell by adding it to $PROFILE.`,
		Example: `  comity completion bash > comity.bash
  comity completion zsh > _comity`,
		Args:                  oneArg,
		ValidArgs:             names,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			write := shells[args[0]]
			if write == nil {
				return usageError("completion", "use "+strings.Join(names, ", "), "unknown shell %q", args[0])
			}
			if err := write(cmd); err != nil {
				return &comity.Error{Code: comity.CodeInternal, Op: "completion", Err: err}
			}
			return nil
		},
	}
}
