// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package comity

import (
	"errors"
	"strings"
)

// Code is the stable kind of an error; edges map it to HTTP, gRPC and exit codes.
type Code string

// The codes. A deny is a decision, never an error.
const (
	// CodeInvalid: the input is not well-formed, or a value is impossible.
	CodeInvalid Code = "invalid"
	// CodeUnknown: a name (fact, value, region, operation) that the vocabulary lacks.
	CodeUnknown Code = "unknown"
	// CodeConflict: two statements that cannot both be true, such as a fact given twice.
	CodeConflict Code = "conflict"
	// CodePack: a pack or vocabulary cannot be used.
	CodePack Code = "pack"
	// CodeTooLarge: a limit on size or combinations is exceeded.
	CodeTooLarge Code = "too_large"
	// CodeNotFound: what was asked for does not exist.
	CodeNotFound Code = "not_found"
	// CodeUsage: the command line or the options do not fit together.
	CodeUsage Code = "usage"
	// CodeUnauthenticated: nobody known asks: no key or token, or one that is not valid.
	CodeUnauthenticated Code = "unauthenticated"
	// CodeForbidden: a known principal lacks the scope, or names a tenant that is not his.
	CodeForbidden Code = "forbidden"
	// CodeOverloaded: a limit on rate or load is reached; the same request may be sent later.
	CodeOverloaded Code = "overloaded"
	// CodeUnavailable: nothing can be recorded now (disk full, log read-only, starting or
	// stopping), so nothing is answered.
	CodeUnavailable Code = "unavailable"
	// CodeInternal: a fault of the program.
	CodeInternal Code = "internal"
)

// Error is an error with a code, the operation that failed, where in the input, and what
// to do.
type Error struct {
	Code   Code
	Op     string
	Line   int
	Column int
	Remedy string
	Err    error
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	if e.Err != nil {
		b.WriteString(e.Err.Error())
	} else {
		b.WriteString(string(e.Code))
	}
	if e.Remedy != "" {
		b.WriteString("; " + e.Remedy)
	}
	return b.String()
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the code of err: CodeInternal if it carries none, empty for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
