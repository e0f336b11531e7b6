// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package auditbench

import (
	"context"
	"time"

	"github.com/comity-project/comity/internal/audit"
)

// noIndex never takes a row, so that the log is measured without its index.
type noIndex struct{}

func (noIndex) Size(context.Context) (uint64, error) { return 0, nil }

func (noIndex) Add(ctx context.Context, _ []audit.Row, _, _ uint64) error {
	<-ctx.Done()
	return ctx.Err()
}

func (noIndex) Query(context.Context, audit.Filter) ([]audit.Place, uint64, error) {
	return nil, 0, nil
}

func (noIndex) Idem(context.Context, audit.Pseudonym, time.Time) (audit.Seen, bool, error) {
	return audit.Seen{}, false, nil
}

func (noIndex) Reset(context.Context) error { return nil }
func (noIndex) Close() error                { return nil }
