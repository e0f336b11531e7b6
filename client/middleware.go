// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"fmt"
	"maps"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/comity-project/comity"
)

// Decider answers questions: a *Client, or a data folder that package embedded opened.
type Decider interface {
	Decide(ctx context.Context, req comity.Request) (comity.Decision, error)
}

// Question makes a question of a request to a handler. Its error is answered 400, and so
// is a question with facts or values that the vocabulary lacks.
type Question func(*http.Request) (comity.Request, error)

// Operation is the question of handlers that perform the named operation of the
// vocabulary. facts adds what the request tells of it, and may be nil.
func Operation(name string, facts func(*http.Request) comity.Facts) Question {
	return func(r *http.Request) (comity.Request, error) {
		all := comity.Facts{}
		if facts != nil {
			maps.Copy(all, facts(r))
		}
		all["operation"] = name
		return comity.Request{Facts: all}, nil
	}
}

// HeaderDecision is the response header with the decision's id, or with Unavailable.
const (
	HeaderDecision = "Comity-Decision"
	Unavailable    = "unavailable"
)

// Policy changes how a middleware acts on answers. The zero value lets nothing pass that
// was not allowed.
type Policy struct {
	// FailOpen lets requests pass, unrecorded, while no decision can be had; the response
	// says so in HeaderDecision. A refused key or a question that is not understood is no
	// such case.
	FailOpen bool
	// Fulfils says whether the application fulfils a condition; an allow with one that it
	// does not is answered 403. Nil leaves all of them to the handler, see FromContext.
	Fulfils func(comity.Condition) bool
	// OnError is told every error of the question and of the decision, which the response
	// does not repeat.
	OnError func(*http.Request, error)
}

// Middleware asks d before a handler runs. Deny is answered 403, review 409 (it may be
// sent again when the facts or a person have settled the question), no decision 503, all
// as problem details; what is allowed reaches the handler with its decision.
func Middleware(d Decider, q Question, p Policy) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			req, err := q(r)
			if err != nil {
				p.tell(r, err)
				refuse(w, senseless())
				return
			}
			dec, err := d.Decide(r.Context(), req)
			if err != nil {
				p.tell(r, err)
				p.withoutDecision(w, r, next, comity.CodeOf(err))
				return
			}
			if dec.ID != "" {
				w.Header().Set(HeaderDecision, dec.ID)
			}
			if no, ok := p.refusal(&dec); ok {
				refuse(w, no)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), decisionKey{}, &dec)))
		})
	}
}

type decisionKey struct{}

// FromContext is the decision under which a handler runs, with the conditions that it
// must fulfil. It is false where there is none, as under Policy.FailOpen.
func FromContext(ctx context.Context) (comity.Decision, bool) {
	d, ok := ctx.Value(decisionKey{}).(*comity.Decision)
	if !ok {
		return comity.Decision{}, false
	}
	return *d, true
}

func (p *Policy) tell(r *http.Request, err error) {
	if p.OnError != nil {
		p.OnError(r, err)
	}
}

// withoutDecision answers where none could be had.
func (p *Policy) withoutDecision(w http.ResponseWriter, r *http.Request, next http.Handler, code comity.Code) {
	switch code {
	case comity.CodeUnavailable, comity.CodeOverloaded, comity.CodeInternal:
		w.Header().Set(HeaderDecision, Unavailable)
		if p.FailOpen {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Retry-After", "1")
		refuse(w, refusal{Status: http.StatusServiceUnavailable, Code: comity.CodeUnavailable, Detail: "no decision can be had on the operation"})
	case comity.CodeInvalid, comity.CodeUnknown, comity.CodeConflict, comity.CodeTooLarge:
		refuse(w, senseless())
	default:
		refuse(w, refusal{Status: http.StatusInternalServerError, Code: comity.CodeInternal, Detail: "the operation could not be judged"})
	}
}

// refusal is a problem document. It names law and facts that are missing, never values.
type refusal struct {
	Title        string             `json:"title"`
	Status       int                `json:"status"`
	Detail       string             `json:"detail"`
	Code         comity.Code        `json:"code,omitempty"`
	Effect       comity.Effect      `json:"effect,omitempty"`
	Decision     string             `json:"decision,omitempty"`
	Requirements []string           `json:"requirements,omitempty"`
	Citations    []string           `json:"citations,omitempty"`
	Missing      []string           `json:"missing,omitempty"`
	Conditions   []comity.Condition `json:"conditions,omitempty"`
}

// senseless is for a request of which no question can be made.
func senseless() refusal {
	return refusal{Status: http.StatusBadRequest, Code: comity.CodeInvalid, Detail: "the request does not tell in a known way what would be done"}
}

// refusal says why d does not let a request pass, if so.
func (p *Policy) refusal(d *comity.Decision) (refusal, bool) {
	r := refusal{Status: http.StatusForbidden, Effect: d.Effect, Decision: d.ID, Citations: d.Citations}
	switch d.Effect {
	case comity.Allow:
		for _, c := range d.Conditions {
			if p.Fulfils != nil && !p.Fulfils(c) {
				r.Conditions = append(r.Conditions, c)
			}
		}
		r.Detail = "the operation is permitted only under conditions that are not fulfilled here"
		return r, len(r.Conditions) > 0
	case comity.Deny:
		r.Detail = "the operation is not permitted"
		for _, v := range d.Violations {
			r.Requirements = append(r.Requirements, v.Requirement)
		}
	case comity.Review:
		r.Status = http.StatusConflict
		r.Detail = "the operation cannot be permitted as it is described, and a person or further facts must settle it"
		for _, c := range d.Conflicts {
			r.Requirements = append(r.Requirements, c.Requirements...)
		}
		for _, m := range d.Missing {
			r.Missing = append(r.Missing, m.Fact)
		}
	default:
		r.Detail = fmt.Sprintf("the decision has the unknown effect %q", d.Effect)
	}
	return r, true
}

func refuse(w http.ResponseWriter, r refusal) {
	r.Title = http.StatusText(r.Status)
	text, err := json.Marshal(&r)
	if err != nil { // invalid UTF-8 in a text of a pack
		text = nil
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(r.Status)
	_, _ = w.Write(text)
}
