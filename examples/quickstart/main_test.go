// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/comity-project/comity/embedded"
)

// TestService: what the README of this folder shows.
func TestService(t *testing.T) {
	dir := t.TempDir()
	law, err := embedded.Open(t.Context(), embedded.Options{Data: filepath.Join(dir, "data"), Anchor: filepath.Join(dir, "anchor")})
	if err != nil {
		t.Fatal(err)
	}
	h := service(law)
	for _, tc := range []struct {
		to     string
		status int
		body   string
	}{
		{"JP", 200, "exported, under GDPR Art. 45(1)"},
		{"IN", 403, `"citations":["GDPR Art. 44","GDPR Art. 46(1)"]`},
		{"atlantis", 400, ""},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/export?to="+tc.to, nil))
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.body) {
			t.Errorf("to %s: %d %s", tc.to, w.Code, w.Body)
		}
	}
	if err := law.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/export?to=JP", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("with a closed log: %d %s", w.Code, w.Body)
	}
}
