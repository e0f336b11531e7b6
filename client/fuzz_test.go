// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
)

// fixed is a transport that always answers the same.
type fixed struct {
	status int
	body   []byte
}

func (f fixed) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: f.status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(f.body)), Request: r}, nil
}

// FuzzAnswer: whatever a server sends, the client gives an error with a code or a decision
// with an effect, one for each question.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{allow, allow + "\n" + `{"error":{"code":"unknown","message":"x","line":2}}` + "\n", `{"code":"overloaded","detail":""}`, "", "{", "null\nnull", `{"error":null}` + "\n{}"} {
		f.Add(200, []byte(body))
		f.Add(429, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		c, err := client.New("http://127.0.0.1:1", client.Options{Attempts: 1, MaxAnswer: 4096, HTTPClient: &http.Client{Transport: fixed{status, body}}})
		if err != nil {
			t.Fatal(err)
		}
		known := func(d comity.Decision, err error) bool {
			if err != nil {
				return comity.CodeOf(err) != "" && d.Effect == ""
			}
			return d.Effect == comity.Allow || d.Effect == comity.Deny || d.Effect == comity.Review
		}
		if d, err := c.Decide(t.Context(), question()); !known(d, err) {
			t.Errorf("%+v, %v", d, err)
		}
		out, err := c.DecideBatch(t.Context(), []comity.Request{question(), question()})
		if (err == nil) != (len(out) == 2) {
			t.Errorf("%d answers, %v", len(out), err)
		}
		for _, a := range out {
			if !known(a.Decision, a.Err) {
				t.Errorf("%+v", a)
			}
		}
		if r, err := c.Append(t.Context(), client.Event{Type: "system_access"}); err == nil && status != 200 {
			t.Errorf("%+v", r)
		}
	})
}
