// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"testing"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
)

// noCandidate asks a server where nothing decides in shadow.
func noCandidate(t *testing.T, c *client.Client) {
	got, err := c.Candidate(t.Context())
	if err != nil || got.State != "none" || got.InForce != decide(t, c, transfer("JP")).Program || got.Decided != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := c.Activate(t.Context(), got.InForce); comity.CodeOf(err) != comity.CodeNotFound {
		t.Errorf("nothing is activated: %v", err)
	}
}
