// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"time"

	"github.com/comity-project/comity/internal/translog"
)

// Compose makes the entry of an event without appending it: the first one of a log that
// continues another must be there before the log is. Its keys must be durable before it
// is appended.
func Compose(cell string, s Sealer, e Event, now time.Time) (translog.Entry, error) {
	b := &Book{o: Options{Cell: cell, Sealer: s, Now: func() time.Time { return now }}}
	d, err := b.part(&e)
	if err != nil {
		return translog.Entry{}, err
	}
	return translog.Entry{Leaf: d.text, Payload: d.sealed, NewKeys: d.fresh}, nil
}
