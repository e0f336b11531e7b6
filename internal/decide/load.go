// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/comity-project/comity"
)

var errClosing = &comity.Error{Code: comity.CodeUnavailable, Op: "decide", Err: errors.New("the service is stopping"), Remedy: "ask again when it has started"}

// load counts the requests under way, refuses those over the limit, and lets Close wait
// for the others.
type load struct {
	max     int64
	now     atomic.Int64
	closing atomic.Bool
	shed    atomic.Uint64
	idle    chan struct{}
}

func (l *load) enter() error {
	n := l.now.Add(1)
	switch {
	case l.closing.Load():
		l.leave()
		return errClosing
	case n > l.max:
		l.leave()
		l.shed.Add(1)
		return &comity.Error{Code: comity.CodeOverloaded, Op: "decide", Err: fmt.Errorf("more than %d requests are under way", l.max), Remedy: "ask again later"}
	}
	return nil
}

func (l *load) leave() {
	if l.now.Add(-1) == 0 && l.closing.Load() {
		select {
		case l.idle <- struct{}{}:
		default:
		}
	}
}

// busy tells that explanations should be left out: they go before requests do.
func (l *load) busy() bool { return l.now.Load() > l.max/2 }

// close refuses what comes and waits for what is under way.
func (l *load) close(ctx context.Context) error {
	l.closing.Store(true)
	for l.now.Load() > 0 {
		select {
		case <-l.idle:
		case <-ctx.Done():
			return &comity.Error{Code: comity.CodeUnavailable, Op: "close door", Err: fmt.Errorf("%d requests are still under way: %w", l.now.Load(), ctx.Err())}
		}
	}
	return nil
}
