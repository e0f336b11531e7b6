// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
)

// Query selects entries of the log: all filters must fit, and of the values of one filter
// any. What is left out does not filter: Query{} selects all. A filter with half a name, such
// as the home of a subject without an id, is CodeInvalid.
type Query struct {
	Types         []string        `json:"types,omitempty"`
	Actions       []string        `json:"actions,omitempty"`
	Effects       []comity.Effect `json:"effects,omitempty"`
	Outcomes      []string        `json:"outcomes,omitempty"`
	Regions       []string        `json:"regions,omitempty"`
	Jurisdictions []string        `json:"jurisdictions,omitempty"`
	Requirements  []string        `json:"requirements,omitempty"`
	Tenants       []string        `json:"tenants,omitempty"`
	Programs      []string        `json:"programs,omitempty"`
	// Pseudonyms are those of subjects, as leaves have them.
	Pseudonyms []string `json:"pseudonyms,omitempty"`
	// Subject, Principal and Resource are found by their pseudonyms.
	Subject   comity.Subject `json:"subject,omitzero"`
	Principal string         `json:"principal,omitempty"`
	Resource  Resource       `json:"resource,omitzero"`
	From      time.Time      `json:"from,omitzero"`
	To        time.Time      `json:"to,omitzero"` // the instant after the last one
	// Cursor is that of the page before. Limit is at most 1,000, and 100 if 0.
	Cursor string `json:"cursor,omitempty"`
	Limit  int    `json:"limit,omitzero"`
	Newest bool   `json:"newest,omitzero"` // the latest entries first
}

// Page is an answer to a Query, with what was searched.
type Page struct {
	Entries      []Found        `json:"entries"`
	Completeness []Completeness `json:"completeness"`
	// Cursor asks for the next page; empty at the end.
	Cursor string `json:"cursor"`
}

// Found is where an entry stands, and its leaf as it is in the log, byte for byte.
type Found struct {
	Log   string         `json:"log"`
	Index uint64         `json:"index"`
	Sub   *int           `json:"sub"`
	Leaf  jsontext.Value `json:"leaf"`
}

// Completeness says, for one log, which tree it has and how much of it was searched.
type Completeness struct {
	Log        string `json:"log"`
	Size       uint64 `json:"size"`
	Root       string `json:"root"`
	Indexed    uint64 `json:"indexed"`
	Checkpoint string `json:"checkpoint"`
}

// Entry is an entry that was opened, or Missing says why it cannot be.
type Entry struct {
	Found
	Payload  jsontext.Value `json:"payload"`
	Missing  string         `json:"missing"`
	ErasedBy *uint64        `json:"erased_by"`
	// Recomputed is what the facts and the program of a decision give again.
	Recomputed *Recomputed  `json:"recomputed"`
	Tree       Completeness `json:"tree"`
	// Opening is the entry that says who opened this one; nil if nothing was opened.
	Opening *Opening `json:"opening"`
}

// Opening names the entry that records that somebody opened another one.
type Opening struct {
	Index uint64 `json:"index"`
}

// Recomputed is a decision that was computed again from its record.
type Recomputed struct {
	Same        bool          `json:"same"` // the recorded answer, by its digest
	Effect      comity.Effect `json:"effect"`
	Voice       string        `json:"voice"`
	Explanation []string      `json:"explanation"`
	Note        string        `json:"note"`
}

// Query finds entries. The principal needs the scope read_log, and with a tenant finds the
// entries of that tenant.
func (c *Client) Query(ctx context.Context, q Query) (Page, error) {
	body, err := json.Marshal(&q)
	if err != nil {
		return Page{}, &comity.Error{Code: comity.CodeInvalid, Op: "encode query", Err: err}
	}
	var p Page
	err = c.call(ctx, "query log", post("/v1/log/query", "application/json", body), func(resp *http.Response) error {
		p = Page{}
		return c.one(&p)(resp)
	})
	return p, err
}

// Show opens the entry of a record, which the log records before anything is shown. A decision
// is explained in a voice: "auditor", which is meant by an empty one, or "person".
func (c *Client) Show(ctx context.Context, r comity.Record, voice string) (Entry, error) {
	query := ""
	if voice != "" {
		query = "?voice=" + url.QueryEscape(voice)
	}
	return c.show(ctx, r, query)
}

// ShowLeaf is Show without opening what is sealed: nothing is recorded.
func (c *Client) ShowLeaf(ctx context.Context, r comity.Record) (Entry, error) {
	return c.show(ctx, r, "?payload=false")
}

func (c *Client) show(ctx context.Context, r comity.Record, query string) (Entry, error) {
	if r.Index == nil || *r.Index < 0 {
		return Entry{}, &comity.Error{Code: comity.CodeUsage, Op: "show entry", Err: errors.New("the record has no index")}
	}
	path := "/v1/log/" + url.PathEscape(r.Log) + "/" + strconv.FormatInt(*r.Index, 10)
	if r.Sub != nil {
		path += "/" + strconv.Itoa(*r.Sub)
	}
	var e Entry
	err := c.call(ctx, "show entry", message{method: http.MethodGet, path: path + query}, func(resp *http.Response) error {
		e = Entry{}
		return c.one(&e)(resp)
	})
	return e, err
}

// Erased is the receipt of an erasure.
type Erased struct {
	// Pseudonym is how leaves name the person.
	Pseudonym string `json:"pseudonym"`
	// Ordered is the entry that was written before the key was destroyed, Record that after.
	Ordered int64         `json:"ordered"`
	Record  comity.Record `json:"record"`
}

// Erase destroys the key of a subject, so that nobody can read any more what was sealed
// under it. The principal needs the scope administer and no tenant. The reason stays
// readable: it must name nobody. An erasure that is repeated, also by this client after a
// connection broke, is CodeNotFound: there is no key any more.
func (c *Client) Erase(ctx context.Context, s comity.Subject, reason string) (Erased, error) {
	body, err := json.Marshal(&struct {
		Subject comity.Subject `json:"subject"`
		Reason  string         `json:"reason"`
	}{s, reason})
	if err != nil {
		return Erased{}, &comity.Error{Code: comity.CodeInvalid, Op: "encode erasure", Err: err}
	}
	var e Erased
	err = c.call(ctx, "erase subject", post("/v1/subjects/erase", "application/json", body), c.one(&e))
	return e, err
}
