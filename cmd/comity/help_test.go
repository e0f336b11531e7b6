// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity/internal/testenv"
)

// exampleFiles are the files that examples of the help may name, besides packs/.
var exampleFiles = map[string]string{
	"question.yaml": `operation: transfer
subject_location: DE
controller_establishment: DE
data_categories: contact
from_region: DE
to_region: JP
`,
	"questions.jsonl": `{"operation":"process","subject_location":"DE","controller_establishment":"DE","data_categories":"contact","purpose":"contract_performance","legal_basis":"contract","date":"2024-05-01"}
{"operation":"transfer","subject_location":"DE","controller_establishment":"DE","data_categories":"contact","from_region":"DE","to_region":"US","transfer_mechanism":"none","date":"2024-05-01"}
`,
	"events.jsonl": `{"type":"data_access","actor":{"id":"anna"},"action":"read","resource":{"type":"file","id":"7"},"success":true}
{"type":"authentication","actor":{"id":"anna"},"success":false}
`,
	"plan.yaml": `- operation: collect
  subject_location: US-IL
  controller_establishment: US-IL
  controller_type: company
  data_categories: biometric
  purpose: access_control
`,
	"scenarios.yaml": `scenarios:
- id: S1
  facts: {operation: transfer, subject_location: DE, controller_establishment: DE, data_categories: contact, from_region: DE, to_region: FR, date: 2024-05-01}
  expected: {effect: allow, regimes: [eu_gdpr]}
`,
	"business.yaml":        "users_in: [DE, US]\nai_decisions: true\n",
	"comity.yaml":          "data: comity-data\n",
	"people.csv":           "id,email\n1,anna@example.org\n",
	"exports/people.jsonl": "{\"email\":\"anna@example.org\"}\n",
	// A stand-in for graphviz, which a machine need not have; it is last on the PATH.
	"bin/dot": "#!/bin/sh\nexec cat\n",
}

// recordedExample makes the log that the examples of comity audit work on, and a proof of
// its first entry.
const recordedExample = `set -e
comity decide -f question.yaml --missing ignore --data comity-data || test $? = 3
cp comity-data/local/log.pub log.pub
comity audit prove 0 --log comity-data --out first.tlog-proof --leaf first.json`

// served makes an example that needs a server run: one that starts one is stopped once it
// serves, one that asks one gets one.
func served(line string) string {
	const start = `
comity serve --listen 127.0.0.1:0 > serve.out &
server=$!
trap 'kill $server' EXIT
until grep -q '^serving ' serve.out; do kill -0 $server; sleep 0.1; done
`
	const url = "http://127.0.0.1:8080"
	switch {
	case strings.Contains(line, "comity serve"):
		return `set -e
` + strings.NewReplacer(" --listen 127.0.0.1:9000", "").Replace(line) + ` --listen 127.0.0.1:0 > serve.out &
server=$!
until grep -q '^serving ' serve.out; do kill -0 $server; sleep 0.1; done
kill -TERM $server
wait $server`
	case strings.Contains(line, "pack activate"):
		return candidate + strings.Replace(start, "comity serve", "comity serve --config candidate.yaml", 1) + `url=$(sed -n 's/^serving *//p' serve.out)
program=$(comity pack candidate --server "$url" --json | sed 's/.*"program":"\([^"]*\)".*/\1/')
` + strings.NewReplacer("sha256:...", `"$program"`, url, `"$url"`).Replace(line)
	case strings.Contains(line, url):
		return erasable(line) + start + strings.ReplaceAll(line, url, `"$(sed -n 's/^serving *//p' serve.out)"`)
	case strings.Contains(line, "audit erase"):
		return erasable(line) + line
	case strings.Contains(line, "principal list"), strings.Contains(line, "principal revoke"):
		return "comity principal add billing-api && " + line
	case strings.Contains(line, "rotate --retire"):
		return "comity audit rotate && " + line
	}
	return line
}

// candidate sets up a server with packs in shadow, and a second person with a key.
const candidate = `set -e
comity pack new in_rbi_psd --dir candidate
printf 'data: comity-data\npacks: {candidate: candidate}\n' > candidate.yaml
COMITY_API_KEY=$(comity principal add anna.schmidt --scope administer --config candidate.yaml)
export COMITY_API_KEY
`

// erasable records something about the person that an example erases.
func erasable(line string) string {
	if !strings.Contains(line, "audit erase") {
		return ""
	}
	return `echo '{"type":"data_access","actor":{"id":"anna"},"action":"read","resource":{"type":"file","id":"7"},"success":true,"subject":{"id":"customer-17"}}' |
  comity audit append --data comity-data
`
}

// stored makes an example that surveys a store run: it gets a database, or a bucket.
func stored(t *testing.T, dir, line string) string {
	t.Helper()
	switch {
	case strings.Contains(line, "classify db"):
		db, err := sql.Open("sqlite", filepath.Join(dir, "shop.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT); INSERT INTO people VALUES (1, 'anna@example.org')"); err != nil {
			t.Fatal(err)
		}
	case strings.Contains(line, "classify bucket"):
		s := testenv.S3(t)
		t.Setenv("AWS_ACCESS_KEY_ID", s.AccessKey)
		t.Setenv("AWS_SECRET_ACCESS_KEY", s.SecretKey)
		if err := os.MkdirAll(filepath.Join(s.Dir, "exports", "2026"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.Dir, "exports", "2026", "people.csv"), []byte(exampleFiles["people.csv"]), 0o600); err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(line, "http://127.0.0.1:7070", s.Endpoint)
	}
	return line
}

// commands lists every command that a user sees.
func commands(cmd *cobra.Command) []*cobra.Command {
	out := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			out = append(out, commands(c)...)
		}
	}
	return out
}

// TestHelp holds every command to a summary, and its examples to run.
func TestHelp(t *testing.T) {
	if testing.Short() {
		t.Skip("a process for each example, left out by -short")
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("the examples are lines of a shell, and there is none")
	}
	for _, cmd := range commands(newRoot()) {
		t.Run(strings.ReplaceAll(cmd.CommandPath(), " ", "_"), func(t *testing.T) {
			if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
				t.Errorf("the summary is %q: write one without a full stop", cmd.Short)
			}
			if cmd.Example == "" {
				t.Fatal("no example")
			}
			for _, line := range strings.Split(cmd.Example, "\n") {
				if !strings.HasPrefix(line, "  ") || !strings.Contains(line, cmd.CommandPath()) {
					t.Errorf("the example %q does not show %s, indented by two", line, cmd.CommandPath())
				}
				runExample(t, served(strings.TrimSpace(line)))
			}
		})
	}
}

// runExample runs one line in a sandbox; answers of any effect are fine, errors are not.
func runExample(t *testing.T, line string) {
	t.Helper()
	dir := t.TempDir()
	if err := setup(dir); err != nil {
		t.Fatal(err)
	}
	for name, text := range exampleFiles {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o755); err != nil { //nolint:gosec // the stand-in is executable
			t.Fatal(err)
		}
	}
	line = stored(t, dir, line)
	shell := func(line string) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+string(os.PathListSeparator)+filepath.Join(dir, "bin"), "XDG_STATE_HOME="+filepath.Join(dir, "state"))
		return cmd.CombinedOutput()
	}
	if strings.Contains(line, "comity audit ") || strings.Contains(line, "whatif") && strings.Contains(line, "--data") {
		if out, err := shell(recordedExample); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if strings.Contains(line, "comity audit adopt ") { // which is for a log that cannot go on
		if out, err := shell("rm state/comity/*/local/anchor"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	out, err := shell(line)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || !slices.Contains([]int{exitDeny, exitReview}, exit.ExitCode())) {
		t.Errorf("%s\n%v\n%s", line, err, out)
	}
}

// TestFlagsAreDescribed keeps the help of every flag a sentence without a full stop.
func TestFlagsAreDescribed(t *testing.T) {
	for _, cmd := range commands(newRoot()) {
		for _, line := range strings.Split(cmd.LocalFlags().FlagUsages(), "\n") {
			if f := strings.Fields(line); len(f) > 0 && len(f) < 3 {
				t.Errorf("%s: a flag without a description: %s", cmd.CommandPath(), line)
			}
		}
	}
}
