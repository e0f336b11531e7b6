// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/audit"
	"github.com/comity-project/comity/internal/decide"
)

// Reader finds and opens entries of the log for whoever may see them.
type Reader interface {
	Query(ctx context.Context, by decide.Caller, q audit.Query) (audit.Page, error)
	// Show opens an entry, and records that before; sub is -1 for one that is not part of a
	// batch.
	Show(ctx context.Context, by decide.Caller, index uint64, sub int, view decide.View) (decide.Shown, error)
	// AwaitIndex gives the index a moment to cover what the log has.
	AwaitIndex(ctx context.Context, most time.Duration)
}

// indexWait is how long a query waits for entries that were just written.
const indexWait = 250 * time.Millisecond

// maxValues bounds the values of all filters of a query.
const maxValues = 1000

// queryJSON is a question to the index. It is a body, not a query string: names of people
// do not belong into URLs, which every proxy writes down.
type queryJSON struct {
	Types         []string        `json:"types"`
	Actions       []string        `json:"actions"`
	Effects       []comity.Effect `json:"effects"`
	Outcomes      []string        `json:"outcomes"`
	Regions       []string        `json:"regions"`
	Jurisdictions []string        `json:"jurisdictions"`
	Requirements  []string        `json:"requirements"`
	Tenants       []string        `json:"tenants"`
	Programs      []string        `json:"programs"`
	Pseudonyms    []string        `json:"pseudonyms"`
	Subject       comity.Subject  `json:"subject"`
	Principal     string          `json:"principal"`
	Resource      struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	} `json:"resource"`
	From   string `json:"from"`
	To     string `json:"to"`
	Cursor string `json:"cursor"`
	Limit  int    `json:"limit"`
	Newest bool   `json:"newest"`
}

// decodeQuery reads a question to the index.
func decodeQuery(data []byte) (audit.Query, error) {
	var in queryJSON
	if err := json.Unmarshal(data, &in, json.RejectUnknownMembers(true)); err != nil {
		return audit.Query{}, decodeFault(data, err)
	}
	if err := checkFilters(data); err != nil {
		return audit.Query{}, err
	}
	q := audit.Query{
		Types: in.Types, Actions: in.Actions, Effects: in.Effects, Outcomes: in.Outcomes, Regions: in.Regions, Jurisdictions: in.Jurisdictions,
		Requirements: in.Requirements, Tenants: in.Tenants, Programs: in.Programs, Subject: in.Subject, Principal: in.Principal,
		Resource: audit.Resource{Type: in.Resource.Type, ID: in.Resource.ID}, Cursor: in.Cursor, Limit: in.Limit, Newest: in.Newest,
	}
	values := len(in.Effects) + len(in.Pseudonyms)
	for _, list := range [][]string{in.Types, in.Actions, in.Outcomes, in.Regions, in.Jurisdictions, in.Requirements, in.Tenants, in.Programs} {
		values += len(list)
	}
	if values > maxValues {
		return q, fail(comity.CodeTooLarge, "read query", fmt.Sprintf("the filters have %d values, more than %d", values, maxValues), "ask several times")
	}
	for _, e := range in.Effects {
		switch e {
		case comity.Allow, comity.Deny, comity.Review:
		default:
			return q, fail(comity.CodeInvalid, "read query", "an effect is unknown", "use allow, deny or review")
		}
	}
	for _, o := range in.Outcomes {
		if o != audit.Success && o != audit.Failure {
			return q, fail(comity.CodeInvalid, "read query", "an outcome is unknown", "use success or failure")
		}
	}
	for _, text := range in.Pseudonyms {
		p, err := audit.ParsePseudonym(text)
		if err != nil {
			return q, err
		}
		q.Pseudonyms = append(q.Pseudonyms, p)
	}
	var err error
	if q.From, err = instant(in.From); err == nil {
		q.To, err = instant(in.To)
	}
	if err == nil && !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		err = fail(comity.CodeInvalid, "read query", "from is not before to, so that nothing can fit", "to is the instant after the last one; exchange the two, or give a later one")
	}
	return q, err
}

// instant reads a bound of time: a day means its beginning.
func instant(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := engine.ParseTime(text)
	if err != nil {
		return t, fail(comity.CodeInvalid, "read query", "from or to is no time", "use a day, or an instant as RFC 3339 writes it")
	}
	if len(text) == len(time.DateOnly) {
		t = t.Truncate(24 * time.Hour)
	}
	return t, nil
}

// query answers POST /v1/log/query: the entries that fit, and what was searched.
func (h *Handler) query(x *exchange) error {
	if h.o.Reader == nil {
		return fail(comity.CodeNotFound, "query log", "this server has no index", "")
	}
	if f, err := x.form(); err != nil {
		return err
	} else if f != formJSON {
		return unsupported("the query is not JSON")
	}
	if err := x.read(h.limits.Body); err != nil {
		return err
	}
	q, err := decodeQuery(x.in)
	if err != nil {
		return err
	}
	h.o.Reader.AwaitIndex(x.r.Context(), indexWait)
	page, err := h.o.Reader.Query(x.r.Context(), x.caller, q)
	if err != nil {
		return err
	}
	m := object(x.out)
	m.key("entries")
	m.b = append(m.b, '[')
	for i := range page.Entries {
		if i > 0 {
			m.b = append(m.b, ',')
		}
		e := object(m.b)
		e.entry(page.Completeness[0].Log, &page.Entries[i])
		m.b = e.end()
	}
	m.b = append(m.b, ']')
	if err := m.value("completeness", page.Completeness); err != nil {
		return err
	}
	m.text("cursor", page.Cursor)
	x.out = append(m.end(), '\n')
	return x.reply(http.StatusOK, typeJSON, x.out)
}

// entry writes where an entry stands and its leaf, byte for byte.
func (m *members) entry(log string, e *audit.Found) {
	m.str("log", log)
	m.number("index", int64(e.Index))
	if e.Sub >= 0 {
		m.number("sub", int64(e.Sub))
	}
	m.key("leaf")
	m.b = append(m.b, e.Bytes...)
}

// viewOf reads how an entry is asked for. What is unknown is refused: a misspelt payload=false
// would open it.
func viewOf(q url.Values) (decide.View, error) {
	view := decide.View{Voice: decide.VoiceAuditor}
	for name, values := range q {
		switch {
		case len(values) > 1:
			return view, fail(comity.CodeInvalid, "read entry", "a parameter is given twice", "give it once")
		case name == "voice":
			view.Voice = cmp.Or(values[0], decide.VoiceAuditor)
		case name == "payload" && (values[0] == "true" || values[0] == "false"):
			view.LeafOnly = values[0] == "false"
		default:
			return view, fail(comity.CodeInvalid, "read entry", "an unknown parameter, or value of payload", "use voice=auditor, voice=person, payload=true or payload=false")
		}
	}
	return view, nil
}

// entry answers GET /v1/log/{log}/{index}: an entry, what was sealed in it, and for a
// decision what its facts and its program give again.
func (h *Handler) entry(x *exchange) error {
	if h.o.Reader == nil || h.o.Logs[x.r.PathValue("log")] == nil {
		return fail(comity.CodeNotFound, "read entry", "there is no log of this name", "use the name in the records of answers")
	}
	index, err := strconv.ParseUint(x.r.PathValue("index"), 10, 63)
	sub := -1
	if text := x.r.PathValue("sub"); err == nil && text != "" {
		var n uint64
		n, err = strconv.ParseUint(text, 10, 31)
		sub = int(n)
	}
	if err != nil {
		return fail(comity.CodeNotFound, "read entry", "an entry is a number, and so is a part of it", "use index and sub of a record")
	}
	view, err := viewOf(x.r.URL.Query())
	if err != nil {
		return err
	}
	e, err := h.o.Reader.Show(x.r.Context(), x.caller, index, sub, view)
	if err != nil {
		return err
	}
	m := object(x.out)
	m.entry(e.Log, &e.Found)
	if e.Payload != nil {
		m.key("payload")
		m.b = append(m.b, e.Payload...)
	}
	m.text("missing", string(e.Missing))
	if e.ErasedBy != nil {
		m.number("erased_by", int64(*e.ErasedBy))
	}
	if e.Recomputed != nil {
		if err := m.value("recomputed", e.Recomputed); err != nil {
			return err
		}
	}
	if e.Opening != nil {
		m.key("opening")
		o := object(m.b)
		o.number("index", *e.Opening.Index)
		m.b = o.end()
	}
	if err := m.value("tree", e.Tree); err != nil {
		return err
	}
	x.out = append(m.end(), '\n')
	return x.reply(http.StatusOK, typeJSON, x.out)
}
