// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	var packs packFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of the program and of its packs",
		Long: `Prints the version of the program, and its packs of law with their versions and
the dates of the last and the next legal review. The hash names exactly what the
answers are computed from.`,
		Example: `  comity version
  comity version --json`,
		Args: noArgs(""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := buildVersion()
			eng, err := packs.engine()
			if err != nil {
				return err
			}
			v.Program = eng.Program().Hash()
			for _, p := range eng.Program().Model().Packs {
				v.Packs = append(v.Packs, packVersion{p.ID, p.Name, p.Version, p.Reviewed.String(), p.NextReview.String()})
			}
			if asJSON {
				printJSON(cmd.OutOrStdout(), v)
			} else {
				v.print(newScreen(cmd.OutOrStdout()))
			}
			return nil
		},
	}
	packs.bind(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// version is the JSON of comity version.
type version struct {
	Version  string        `json:"version"`
	Revision string        `json:"revision,omitempty"`
	Modified bool          `json:"modified,omitempty"`
	Go       string        `json:"go"`
	Platform string        `json:"platform"`
	Program  string        `json:"program"`
	Packs    []packVersion `json:"packs"`
}

type packVersion struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Version    string `json:"version"`
	Reviewed   string `json:"reviewed"`
	NextReview string `json:"next_review"`
}

// buildVersion is what the linker noted about this build.
func buildVersion() version {
	v := version{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Packs: []packVersion{}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func (v *version) print(s *screen) {
	s.printf("comity %s, %s, %s\n", v.Version, v.Go, v.Platform)
	s.printf("program %s\n", v.Program)
	s.printf("%s\n", s.paint(faint, "pack             version  reviewed    next review"))
	for _, p := range v.Packs {
		s.printf("%-16s %-8s %-11s %s\n", p.ID, p.Version, p.Reviewed, p.NextReview)
	}
}
