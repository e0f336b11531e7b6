// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package comity_test holds the rules of the repository, as tests.
//
// The tables of this file say what may exist and who may use it. The rules that read
// them are in arch_rules_test.go; arch_cases_test.go shows each rule an input that
// breaks it.
package comity_test

import (
	"os"
	"testing"
)

const module = "github.com/comity-project/comity"

// rankOrder lists the ranks from the bottom up. A package imports only lower ranks.
// The names after "12" are no ranks but places beside them, see checkRanks.
var rankOrder = []string{"0", "1a", "1b", "1c", "client", "2a", "2b", "2c", "2d", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}

// Places beside the ranks.
const (
	examples = "examples" // imports public packages only
	anything = "anything" // imports whatever it needs
)

// place gives the packages of a folder their rank. "x/..." means x and all below it.
type place struct {
	dir, rank, why string
}

// places is the one list of packages. A new package gets its line here first, with the
// reason why it exists. Lines without a folder keep the place of a package.
var places = []place{
	{".", "0", "what crosses the public API, and nothing else"},
	{"packs", "0", "regulations as data, embedded"},
	{"frameworks", "0", "control catalogues as data, embedded"},
	{"web", "0", "templates and static files, embedded"},

	{"internal/pack", "1a", "the pack format: read, validate, compare; the condition language"},
	{"proof", "1a", "checkpoints, inclusion, consistency and receipts"},
	{"engine", "1b", "compiles packs and decides in-process"},
	{"internal/graph", "1b", "conflicts, impact and cover over packs"},
	{"internal/naive", "1b", "the naive interpreter: a second opinion that shares no code with engine"},
	{"internal/naive/gen", "1b", "random models and facts, on which engine and naive must agree"},
	{"internal/classify", "1c", "finds categories of data in values"},
	{"internal/mask", "1c", "the views of a value that may be shown where it may not"},
	{"internal/datafile", "1c", "reads the values of CSV, JSON lines and Parquet files that may be hostile"},
	{"internal/signature", "1c", "patterns over events"},
	{"internal/iac", "1c", "reads infrastructure plans"},
	{"internal/private", "1c", "differential privacy and secure aggregation"},
	{"internal/scenario", "1c", "reads scenario and case files and scores them"},
	{"internal/flip", "1c", "one operation decided in two ways: which answers flip, and why"},
	{"internal/draw", "1c", "pictures of the graph: text, DOT, SVG"},
	{"internal/timeline", "1c", "the days on which the law changes, as a list and as a calendar"},
	{"internal/which", "1c", "which regimes and frameworks concern a business"},

	{"client", "client", "the Go client of a server; knows the wire, not the implementation"},

	{"internal/vfs", "2a", "the file layer: real files, and strict ones that lose what was not synced"},
	{"internal/translog", "2b", "the log as bytes: write-ahead log, tiles, recovery, anchor"},
	{"internal/audit", "2c", "what is logged: leaves, sealed payloads, index, queries"},
	{"internal/audit/audittest", "2d", "the suites that every sealer and every index runs"},
	{"internal/keyring", "2d", "keys per subject and category class"},
	{"internal/decide", "3", "the one door: resolve, evaluate, record"},
	{"internal/principal", "4", "who may ask: API keys, scopes, tenants"},
	{"internal/consent", "4", "consents"},
	{"internal/standing", "4", "standing facts"},
	{"internal/review", "4", "questions for people"},
	{"internal/vault", "4", "sealed values"},
	{"internal/retain", "4", "retention and erasure"},
	{"internal/access", "4", "grants"},
	{"internal/incident", "4", "incidents and their clocks"},
	{"internal/rights", "5", "requests of data subjects"},
	{"internal/replicate", "5", "between cells"},
	{"internal/learn", "5", "machine learning under conditions"},
	{"internal/report", "5", "reports"},
	{"internal/survey", "5", "which columns of a store hold personal data; sources below implement its Source by shape"},
	{"internal/flag", "6", "feature flags"},
	{"internal/route", "6", "routing by region"},
	{"internal/watch", "6", "dashboards and alerts"},
	{"internal/sqlite", "7", "adapter"},
	{"internal/postgres", "7", "adapter"},
	{"internal/openbao", "7", "adapter"},
	{"internal/awskms", "7", "adapter"},
	{"internal/pkcs11", "7", "adapter"},
	{"internal/objstore", "7", "adapter"},
	{"internal/nats", "7", "adapter"},
	{"internal/httpapi", "8", "front door"},
	{"internal/extauthz", "8", "front door"},
	{"internal/gateway", "8", "front door"},
	{"internal/ui", "8", "front door"},
	{"internal/config", "9", "the configuration, one struct"},
	{"internal/app", "10", "all wiring"},
	{"embedded", "11", "the recorded door in-process"},
	{"cmd/comity", "12", "the only binary"},

	{"examples/...", examples, "one folder per story"},
	{"bench/...", anything, "side by side with peers"},
	{"internal/testenv", anything, "starts the servers that tests need"},
}

// importOnly narrows, for a package, which packages of ours it may import.
var importOnly = map[string][]string{
	"client": {".", "engine", "proof"},
}

// importNever names, for a rank, a package of a lower rank that it must not use.
var importNever = map[string]map[string]string{
	"4": {"engine": "ask internal/decide, so that no decision goes unrecorded"},
}

// onlyTestsImport lists what no program may contain. Tests may import it, and so may
// the packages that may import anything.
var onlyTestsImport = []string{"internal/naive", "internal/naive/gen", "internal/testenv", "bench/...", "examples/..."}

// family is a group of third-party modules with one purpose.
type family struct {
	name    string
	modules []string // import path prefixes
	in      []string // packages that may import them
	tests   bool     // tests of every package may, too
	why     string
}

// families is the one list of third-party modules. What is not in it is not used.
var families = []family{
	{"YAML", []string{"go.yaml.in/yaml/v3"}, []string{"internal/pack", "internal/classify", "internal/scenario", "internal/which", "internal/config", "cmd/comity", "bench/..."}, true, "a reader that keeps positions"},
	{"numbering plans", []string{"github.com/nyaruka/phonenumbers"}, []string{"internal/classify"}, true, "which telephone numbers exist, by country"},
	{"public suffixes", []string{"golang.org/x/net/publicsuffix"}, []string{"internal/classify"}, false, "which top-level domains exist"},
	{"Unicode", []string{"golang.org/x/text/unicode/norm"}, []string{"internal/classify"}, false, "letters without their accents"},
	{"JSON", []string{"github.com/go-json-experiment/json"}, []string{".", "engine", "proof", "client", "internal/audit", "internal/decide", "internal/principal", "internal/sqlite", "internal/httpapi", "internal/config", "internal/app", "embedded", "cmd/comity", "bench/..."}, true, "streaming, strict about duplicate names and invalid UTF-8"},
	{"command line", []string{"github.com/spf13/cobra", "github.com/spf13/pflag"}, []string{"cmd/comity"}, false, "sub-commands, help, completion"},
	{"terminal", []string{"golang.org/x/term"}, []string{"cmd/comity"}, false, "is standard output a terminal"},
	{"OPA", []string{"github.com/open-policy-agent/opa"}, []string{"bench/..."}, false, "a peer to measure against"},
	{"Cedar", []string{"github.com/cedar-policy/cedar-go"}, []string{"bench/..."}, false, "a peer to measure against"},
	{"CEL", []string{"cel.dev/cel-go", "github.com/google/cel-go"}, []string{"bench/..."}, false, "a peer to measure against"},
	{"transparency log", []string{"golang.org/x/mod/sumdb"}, []string{"proof", "client", "internal/translog", "internal/audit", "internal/app", "cmd/comity", "bench/..."}, true, "signed notes and RFC 6962 trees, as the Go checksum database uses them"},
	{"foreign verifier", []string{"github.com/transparency-dev/tessera", "github.com/transparency-dev/formats", "github.com/transparency-dev/merkle"}, []string{"bench/..."}, true, "checks what we write, and a peer to measure against"},
	{"SQLite", []string{"modernc.org/sqlite"}, []string{"internal/sqlite"}, false, "the index beside the log; surveys of the files of others"},
	{"PostgreSQL", []string{"github.com/jackc/pgx/v5"}, []string{"internal/postgres", "bench/..."}, true, "adapter, and a peer to measure against"},
	{"Parquet", []string{"github.com/parquet-go/parquet-go"}, []string{"internal/datafile"}, true, "reads the column format of data lakes"},
	{"compression", []string{"github.com/klauspost/compress", "github.com/andybalholm/brotli", "github.com/pierrec/lz4/v4"}, []string{"internal/datafile"}, true, "the codecs of Parquet, to unpack a page against a limit before it is read"},
	{"S3", []string{"github.com/minio/minio-go/v7"}, []string{"internal/objstore"}, true, "the client of the smallest closure that signs requests and reads ranges"},
	{"metrics", []string{"github.com/prometheus/client_golang"}, []string{"internal/httpapi", "internal/app"}, true, "the format that everyone scrapes"},
	{"traces", []string{"go.opentelemetry.io/otel"}, []string{"internal/httpapi", "internal/app"}, true, "OpenTelemetry, when configured"},
	{"OIDC", []string{"github.com/coreos/go-oidc/v3"}, []string{"internal/principal", "internal/httpapi"}, true, "tokens of an identity provider whose keys rotate"},
	{"JOSE", []string{"github.com/go-jose/go-jose/v4"}, nil, true, "signs the tokens of the tests' identity provider"},
	{"system calls", []string{"golang.org/x/sys/unix"}, []string{"internal/vfs", "internal/app", "bench/..."}, true, "preallocation, locks, syncfs"},
	{"satisfiability", []string{"github.com/crillab/gophersat"}, []string{"internal/graph"}, false, "an exact optimum of measures; pure Go"},
	{"concurrency", []string{"golang.org/x/sync"}, []string{"internal/translog", "internal/audit", "internal/app", "internal/decide", "internal/httpapi", "proof", "bench/..."}, true, "groups of goroutines with one error"},
	{"rate limits", []string{"golang.org/x/time/rate"}, []string{"internal/httpapi"}, true, "token buckets"},
	{"property tests", []string{"pgregory.net/rapid"}, nil, true, "random input that shrinks"},
	{"JSON Schema", []string{"github.com/santhosh-tekuri/jsonschema"}, nil, true, "the published schemas of pack files are held against the reader"},
	{"comparison", []string{"github.com/google/go-cmp"}, nil, true, "readable differences"},
	{"command tests", []string{"github.com/rogpeppe/go-internal"}, nil, true, "testscript"},
}

// pureRanks have no I/O, no clock and no logger: the same input gives the same output.
var pureRanks = []string{"0", "1a", "1b", "1c"}

// impureImports are the standard packages that a pure rank does without; "x/..." means
// x and all below it.
var impureImports = map[string]string{
	"net/...":      "pure packages have no network",
	"os/...":       "pure packages have no files: take an io.Reader or an fs.FS",
	"log/...":      "pure packages have no logger: return an error",
	"syscall":      "pure packages have no system calls",
	"database/...": "pure packages have no store",
	"plugin":       "pure packages load no code",
}

// pureParts are the exceptions: parts of the above that only compute.
var pureParts = []string{"net/url", "net/netip"}

// impureNames are the names of otherwise allowed packages that a pure rank does not use.
var impureNames = map[string]map[string]string{
	"time": {
		"Now": clock, "Since": clock, "Until": clock, "Sleep": clock, "After": clock,
		"AfterFunc": clock, "Tick": clock, "NewTimer": clock, "NewTicker": clock,
	},
	"context": {"Background": caller, "TODO": caller},
	"fmt":     {"Print": writer, "Printf": writer, "Println": writer},
}

const (
	clock  = "pure packages have no clock: take the time as an argument"
	caller = "take the context of the caller"
	writer = "pure packages do not print: return a value or take an io.Writer"
)

// noNames are names of packages that say nothing about what is inside.
var noNames = []string{"util", "utils", "common", "helper", "helpers", "misc", "shared"}

// Sizes, tests and generated files excepted. Above the first a report mentions the
// file or function, above the second the test fails.
const (
	fileReport, fileLimit = 500, 700
	funcReport, funcLimit = 60, 120
	maxExported           = 60 // names of the root package
)

// TestArchitecture holds the tree against every rule.
func TestArchitecture(t *testing.T) {
	tr, err := loadTree(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if tr.at(".") == nil {
		t.Fatal("found no Go file at the root: the rules looked at nothing")
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, f := range r.check(tr) {
				t.Error(f)
			}
		})
	}
}

// TestSizeReport lists the long files and functions. It fails at the hard limits only.
func TestSizeReport(t *testing.T) {
	tr, err := loadTree(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range longParts(tr, fileReport, funcReport) {
		t.Log(l)
	}
}
