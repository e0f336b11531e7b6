// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package client asks a Comity server from Go: decisions, events for the log, proofs, and
// middleware that asks before a handler runs. It knows the wire (DESIGN section 10) and
// nothing of the implementation. Receipts are verified offline, with the log's public key.
package client
