// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package httpapi is the HTTP front door: decisions, events, the log's tiles, AuthZEN, and
// what operators need (health, metrics, the OpenAPI description). A handler decodes, asks
// the door and encodes; it holds no rule of law, and an answer that the door could not
// record is never given.
package httpapi
