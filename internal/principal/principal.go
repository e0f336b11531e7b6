// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package principal says who may ask: API keys, of which only hashes are kept, tokens of
// an identity provider, and client certificates, each with scopes and a tenant.
package principal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/decide"
)

// Principal is one that may ask.
type Principal struct {
	Name    string         `json:"name"`
	Tenant  string         `json:"tenant,omitempty"`
	Scopes  []decide.Scope `json:"scopes"`
	Created time.Time      `json:"created"`
	// Expires ends the key; zero is never.
	Expires time.Time `json:"expires,omitzero"`
	// AddedBy is who gave the principal his key.
	AddedBy string `json:"added_by"`
	// KeyHash is the SHA-256 of the API key in hex. The key is 256 random bits, so a slow
	// hash would add nothing.
	KeyHash string `json:"key_hash,omitempty"`
}

// Caller is the principal as the door knows him.
func (p Principal) Caller() decide.Caller {
	return decide.Caller{ID: p.Name, Tenant: p.Tenant, Scopes: p.Scopes}
}

// Local is the principal of a server on loopback that has no principals yet, and of a
// process that opens the data folder itself.
func Local() decide.Caller { return decide.Caller{ID: "local", Scopes: decide.Scopes()} }

// keyPrefix lets scanners for leaked secrets recognise a key.
const keyPrefix = "comity_key_"

var keyText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// newKey is a new API key. It is shown once and not kept.
func newKey() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return keyPrefix + keyText.EncodeToString(b[:])
}

func hashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{0,62}$`)

// sharedNames are refused: who acted could not be told from the log.
var sharedNames = []string{
	"admin", "administrator", "all", "anonymous", "anybody", "anyone", "api", "app", "client", "comity", "default", "demo",
	"dev", "everybody", "everyone", "generic", "guest", "helpdesk", "it", "key", "local", "nobody", "operator", "ops",
	"principal", "public", "root", "service", "shared", "staff", "superuser", "support", "sysadmin", "system", "team",
	"temp", "test", "tester", "tmp", "user", "users",
}

// checkName refuses names that could stand for several.
func checkName(name string) error {
	if !nameForm.MatchString(name) {
		return &comity.Error{
			Code: comity.CodeInvalid, Op: "principal", Err: fmt.Errorf("%.70q is no name for a principal", name),
			Remedy: "use up to 63 small letters, digits, dots and hyphens, such as anna.schmidt or billing-api",
		}
	}
	if slices.Contains(sharedNames, strings.TrimRight(name, "0123456789.-_@")) {
		return &comity.Error{
			Code: comity.CodeInvalid, Op: "principal", Err: fmt.Errorf("the name %q can be shared, so the log could not tell who acted", name),
			Remedy: "name one person or one service, such as anna.schmidt or billing-api",
		}
	}
	return nil
}

// ParseScopes reads the names of scopes.
func ParseScopes(names []string) ([]decide.Scope, error) {
	var out []decide.Scope
	for _, n := range names {
		s := decide.Scope(strings.ReplaceAll(n, "-", "_"))
		if !slices.Contains(decide.Scopes(), s) {
			return nil, &comity.Error{
				Code: comity.CodeUnknown, Op: "principal", Err: fmt.Errorf("unknown scope %.40q", n),
				Remedy: "use decide, append, read_log or administer",
			}
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: "principal", Err: errors.New("no scope is given"), Remedy: "use decide, append, read_log or administer"}
	}
	return out, nil
}

func unauthenticated(format string, args ...any) error {
	return &comity.Error{Code: comity.CodeUnauthenticated, Op: "authenticate", Err: fmt.Errorf(format, args...), Remedy: "send a valid key as Authorization: Bearer KEY"}
}
