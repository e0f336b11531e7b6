// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package audittest holds the suites that every audit.Sealer and every audit.Index runs.
package audittest
