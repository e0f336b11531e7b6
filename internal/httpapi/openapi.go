// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.json
var openAPIDocument []byte

// openAPI serves the description of this API.
func (h *Handler) openAPI(x *exchange) error {
	return x.reply(http.StatusOK, typeJSON, openAPIDocument)
}
