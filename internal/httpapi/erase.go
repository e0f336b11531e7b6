// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
)

// Eraser destroys the keys of subjects, and records that before and after.
type Eraser interface {
	Erase(ctx context.Context, by decide.Caller, s comity.Subject, reason string) (audit.Erased, error)
}

// erase answers POST /v1/subjects/erase. The subject stands in the body: the path of a
// request is written down by every proxy, and the name of somebody who is forgotten must
// not be.
func (h *Handler) erase(x *exchange) error {
	if h.o.Eraser == nil {
		return fail(comity.CodeNotFound, "erase subject", "this server has no keys", "")
	}
	var in struct {
		Subject comity.Subject `json:"subject"`
		Reason  string         `json:"reason"`
	}
	if err := x.readJSON(h.limits.Body, &in); err != nil {
		return err
	}
	done, err := h.o.Eraser.Erase(x.r.Context(), x.caller, in.Subject, in.Reason)
	if err != nil {
		return err
	}
	m := object(x.out)
	m.str("pseudonym", done.Subject.String())
	m.number("ordered", *done.Ordered.Index)
	m.record(&done.Record)
	x.out = append(m.end(), '\n')
	return x.reply(http.StatusOK, typeJSON, x.out)
}
