// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package packs embeds the regulations that come with the project, their vocabulary and
// the table of regions. The format is described in docs/pack-format.md.
package packs

import "embed"

// FS holds vocabulary.yaml, regions.yaml and one folder per pack.
//
//go:embed *.yaml all:*/*.yaml all:*/cases/*.yaml
var FS embed.FS
