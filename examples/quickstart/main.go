// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Command quickstart is a service that asks before it acts: it exports a customer's contact
// data to another country only if the law lets it, and keeps proof of the answer.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/embedded"
)

func main() {
	law, err := embedded.Open(context.Background(), embedded.Options{Data: "quickstart-data"})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8090", service(law)))
}

// service has one handler, marked with the operation that it performs.
func service(law client.Decider) http.Handler {
	export := client.Operation("transfer", func(r *http.Request) comity.Facts {
		return comity.Facts{
			"subject_location": "DE", "controller_establishment": "DE", "data_categories": []string{"contact"},
			"from_region": "DE", "to_region": r.URL.Query().Get("to"),
		}
	})
	return client.Middleware(law, export, client.Policy{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		decision, _ := client.FromContext(r.Context())
		fmt.Fprintf(w, "exported, under %s; entry %d of the log\n", strings.Join(decision.Citations, "; "), *decision.Record.Index)
	}))
}
