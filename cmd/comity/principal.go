// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/principal"
)

func newPrincipal() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "principal",
		Short: "Say who may ask: API keys with scopes",
		Long: `Gives keys to those who may ask a server, and takes them away. Each change is an
entry of the log before it takes effect; a server that runs takes it over within
a second.`,
		Example: `  comity principal add billing-api --scope decide
  comity principal list
  comity principal revoke billing-api`,
	}
	cmd.AddCommand(newPrincipalAdd(), newPrincipalList(), newPrincipalRevoke())
	group(cmd)
	return cmd
}

func newPrincipalAdd() *cobra.Command {
	var f folderFlags
	var scopes []string
	var tenant, expires string
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Give a principal a key, which is shown once",
		Long: `Makes an API key for one person or one service and prints it. The key is not
kept, only its hash: whoever loses it gets a new one.

Scopes: decide (ask), append (record events), read_log (read the log's tiles),
administer (reload, and whatever changes what decides).`,
		Example: `  comity principal add billing-api --scope decide
  comity principal add anna.schmidt --scope decide,append --tenant acme --expires 90d`,
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			now := time.Now().UTC().Truncate(time.Second)
			until, err := expiry(expires, now)
			if err != nil {
				return err
			}
			list, err := principal.ParseScopes(scopes)
			if err != nil {
				return usageError("--scope", "use decide, append, read_log or administer", "%w", cause(err))
			}
			c, err := f.config()
			if err != nil {
				return err
			}
			var key string
			err = changePrincipals(cmd, c, func(file string) (err error) {
				key, err = principal.Add(file, principal.Principal{Name: args[0], Tenant: tenant, Scopes: list, Created: now, Expires: until, AddedBy: osUser()})
				return err
			})
			if key != "" { // it is in the file, so it must be shown in any case
				fmt.Fprintln(cmd.OutOrStdout(), key)
			}
			return err
		},
	}
	f.bind(cmd)
	cmd.Flags().StringSliceVar(&scopes, "scope", []string{string(decide.ScopeDecide)}, "what the principal may do: decide, append, read_log, administer (repeatable)")
	cmd.Flags().StringVar(&tenant, "tenant", "", "bind the principal to a tenant")
	cmd.Flags().StringVar(&expires, "expires", "365d", "when the key ends: a day, an instant, a time such as 90d or 12h, or never")
	_ = cmd.RegisterFlagCompletionFunc("scope", cobra.FixedCompletions([]string{"decide", "append", "read_log", "administer"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// expiry reads when a key ends; zero is never.
func expiry(s string, now time.Time) (time.Time, error) {
	if s == "never" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n < 36525 {
			return now.AddDate(0, 0, n), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return now.Add(d), nil
	}
	t, err := engine.ParseTime(s)
	if err != nil {
		return t, usageError("--expires", "use a day (2027-01-31), an instant, 90d, 12h or never", "%q is no time", s)
	}
	return t.UTC(), nil
}

func newPrincipalList() *cobra.Command {
	var f folderFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List who has a key",
		Example: `  comity principal list`,
		Args:    noArgs(""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.config()
			if err != nil {
				return err
			}
			list, err := principal.Read(app.PrincipalsFile(c.Data))
			if err != nil {
				return err
			}
			if asJSON {
				return printPrincipalsJSON(cmd, list)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "NAME\tSCOPES\tTENANT\tEXPIRES\tADDED BY")
			for _, p := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.Name, scopeNames(p.Scopes, ","), cmp.Or(clean(p.Tenant), "-"), expires(p, time.Now()), clean(p.AddedBy))
			}
			return w.Flush()
		},
	}
	f.bind(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return cmd
}

func expires(p principal.Principal, now time.Time) string {
	switch {
	case p.Expires.IsZero():
		return "never"
	case p.Expires.Before(now):
		return "expired " + p.Expires.Format(time.DateOnly)
	}
	return p.Expires.Format(time.DateOnly)
}

func scopeNames(scopes []decide.Scope, sep string) string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	return strings.Join(names, sep)
}

// printPrincipalsJSON leaves the hashes of the keys out.
func printPrincipalsJSON(cmd *cobra.Command, list []principal.Principal) error {
	enc := json.NewEncoder(cmd.OutOrStdout())
	for _, p := range list {
		p.KeyHash = ""
		if err := enc.Encode(p); err != nil {
			return err
		}
	}
	return nil
}

func newPrincipalRevoke() *cobra.Command {
	var f folderFlags
	cmd := &cobra.Command{
		Use:     "revoke NAME",
		Short:   "Take a principal's key away",
		Example: `  comity principal revoke billing-api`,
		Args:    oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.config()
			if err != nil {
				return err
			}
			return changePrincipals(cmd, c, func(file string) error {
				return principal.Revoke(file, args[0], osUser(), time.Now().UTC().Truncate(time.Second))
			})
		},
	}
	f.bind(cmd)
	return cmd
}

// changePrincipals edits the file and sees to it that the log tells. A server that has
// the folder open does that itself, within a second; otherwise it is done here.
func changePrincipals(cmd *cobra.Command, c config.Config, edit func(file string) error) error {
	ctx := cmd.Context()
	a, err := app.Open(ctx, c, nil)
	switch {
	case app.InUse(err):
		if err := edit(app.PrincipalsFile(c.Data)); err != nil {
			return err
		}
		return awaitRecorded(ctx, c.Data)
	case err != nil:
		return err
	}
	if err = a.Ready(); err == nil {
		err = edit(app.PrincipalsFile(c.Data))
	}
	if err == nil {
		err = a.SyncPrincipals(ctx)
	}
	if closing := a.Close(ctx); err == nil {
		err = closing
	}
	return err
}

// takeOver is how long a running server may need to record a change.
const takeOver = 5 * time.Second

// awaitRecorded waits until the running server has recorded the change.
func awaitRecorded(ctx context.Context, data string) error {
	ctx, cancel := context.WithTimeout(ctx, takeOver)
	defer cancel()
	for {
		done, err := principal.Recorded(app.PrincipalsFile(data))
		if err != nil || done {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return &comity.Error{
				Code: comity.CodeUnavailable, Op: "principal", Err: fmt.Errorf("the server that uses %s has not taken the change over", data),
				Remedy: "look at its log: the change takes effect once it is recorded",
			}
		}
	}
}

// osUser is who runs this command, as the operating system knows him.
func osUser() string {
	if u, err := user.Current(); err == nil {
		return "os:" + u.Username
	}
	return "os:" + strconv.Itoa(os.Getuid())
}
