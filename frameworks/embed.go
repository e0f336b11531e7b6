// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package frameworks embeds what is asked about a business, what it then does as
// operations, and the frameworks that no law requires. docs/planning.md describes them.
package frameworks

import "embed"

// FS holds business.yaml (facts and activities) and frameworks.yaml.
//
//go:embed *.yaml
var FS embed.FS
