// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package gen makes random models and random questions about them, for the property tests
// that hold the compiled engine against package naive. Everything is written as YAML and
// read by package pack, so that only input that a user could write comes out. It is
// imported by tests only.
package gen
