// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import "github.com/comity-project/comity/internal/audit"

// A term is a field and a value, as 48 bits of a hash: there is no dictionary to keep,
// and nothing to read out of a stolen index. In one segment two values meet by chance
// once in some billion queries; the caller checks what is found anyway.
type term uint64

const termBits = 48

// Fields, which are part of each term's hash and must not change.
const (
	fieldType byte = iota + 1
	fieldAction
	fieldEffect
	fieldOutcome
	fieldRegion
	fieldTenant
	fieldProgram
	fieldRequirement
	fieldJurisdiction
	fieldSubject
	fieldPrincipal
	fieldResource
)

// hashTerm is FNV-1a with its halves mixed, since the low bits are kept.
func hashTerm[T string | []byte](field byte, value T) term {
	const offset, prime = 14695981039346656037, 1099511628211
	h := (offset ^ uint64(field)) * prime
	for i := range len(value) {
		h = (h ^ uint64(value[i])) * prime
	}
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	h ^= h >> 32
	return term(h & (1<<termBits - 1))
}

// termsOf appends the terms of a row.
func termsOf(dst []term, r *audit.Row) []term {
	one := func(field byte, value string) {
		if value != "" {
			dst = append(dst, hashTerm(field, value))
		}
	}
	one(fieldType, r.Type)
	one(fieldAction, r.Action)
	one(fieldEffect, string(r.Effect))
	one(fieldOutcome, r.Outcome)
	one(fieldRegion, r.Region)
	for _, v := range r.Regions {
		one(fieldRegion, v)
	}
	one(fieldTenant, r.Tenant)
	one(fieldProgram, r.Program)
	for _, v := range r.Requirements {
		one(fieldRequirement, v)
	}
	for _, v := range r.Jurisdictions {
		one(fieldJurisdiction, v)
	}
	for _, p := range [...]struct {
		field byte
		value *audit.Pseudonym
	}{{fieldSubject, &r.Subject}, {fieldPrincipal, &r.Principal}, {fieldResource, &r.Resource}} {
		if !p.value.IsZero() {
			dst = append(dst, hashTerm(p.field, p.value[:]))
		}
	}
	return dst
}

// groups are the terms of a filter: of each group, a row must have one.
func groups(f *audit.Filter) (out [][]term) {
	texts := func(field byte, values []string) {
		if len(values) == 0 {
			return
		}
		g := make([]term, len(values))
		for i, v := range values {
			g[i] = hashTerm(field, v)
		}
		out = append(out, g)
	}
	pseudonyms := func(field byte, values []audit.Pseudonym) {
		if len(values) == 0 {
			return
		}
		g := make([]term, len(values))
		for i, v := range values {
			g[i] = hashTerm(field, v[:])
		}
		out = append(out, g)
	}
	// The rarest come first: if they find nothing, the others are not looked up.
	pseudonyms(fieldSubject, f.Subjects)
	pseudonyms(fieldResource, f.Resources)
	pseudonyms(fieldPrincipal, f.Principals)
	texts(fieldTenant, f.Tenants)
	texts(fieldRequirement, f.Requirements)
	texts(fieldProgram, f.Programs)
	texts(fieldAction, f.Actions)
	texts(fieldType, f.Types)
	texts(fieldRegion, f.Regions)
	texts(fieldJurisdiction, f.Jurisdictions)
	texts(fieldEffect, f.Effects)
	texts(fieldOutcome, f.Outcomes)
	return out
}
