// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/audit"
)

// queue holds what was answered and is not recorded yet, in the mode "record later". It
// is bounded and drained in order; what is in it when the process is killed is lost.
type queue struct {
	recorder Recorder
	logger   *slog.Logger
	ch       chan audit.Event
	refused  atomic.Uint64
	failing  atomic.Pointer[error]
	stop     context.CancelFunc
	done     chan struct{}

	mu     sync.RWMutex // put against close
	closed bool
	lost   int // set before done is closed
}

func newQueue(r Recorder, length int, logger *slog.Logger) *queue {
	ctx, stop := context.WithCancel(context.Background())
	q := &queue{recorder: r, logger: logger, ch: make(chan audit.Event, length), stop: stop, done: make(chan struct{})}
	go q.drain(ctx)
	return q
}

func (q *queue) put(e audit.Event) error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return errClosing
	}
	select {
	case q.ch <- e:
		return nil
	default:
		q.refused.Add(1)
		return &comity.Error{Code: comity.CodeOverloaded, Op: "record later", Err: fmt.Errorf("%d answers already wait to be recorded", cap(q.ch)), Remedy: "ask again later"}
	}
}

func (q *queue) drain(ctx context.Context) {
	defer close(q.done)
	for e := range q.ch {
		if !q.record(ctx, e) {
			q.lost++
		}
	}
}

// retryLater are the pauses between attempts to record.
const retryFirst, retryMost = 10 * time.Millisecond, time.Second

// record tries until it succeeds or the time to close is over. What can never be recorded
// (too large) is reported and counted as lost, so that the rest goes on.
func (q *queue) record(ctx context.Context, e audit.Event) bool {
	for pause := retryFirst; ; pause = min(2*pause, retryMost) {
		_, err := q.recorder.Append(ctx, e)
		if err == nil {
			q.failing.Store(nil)
			return true
		}
		q.failing.Store(&err)
		if code := comity.CodeOf(err); code == comity.CodeTooLarge || code == comity.CodeInvalid {
			q.failing.Store(nil) // the next one may be
			q.logger.Error("an answer cannot be recorded", "id", e.ID, "code", string(code))
			return false
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			q.logger.Error("an answer was not recorded", "id", e.ID, "code", string(comity.CodeOf(err)))
			return false
		}
	}
}

// ready is nil, or why nothing was recorded at the last attempt.
func (q *queue) ready() error {
	if err := q.failing.Load(); err != nil {
		return unavailable("record later", *err)
	}
	return nil
}

// close drains the queue until ctx ends; the error says how many answers were lost.
func (q *queue) close(ctx context.Context) error {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.ch)
	}
	q.mu.Unlock()
	select {
	case <-q.done:
	case <-ctx.Done():
		q.stop()
		<-q.done
	}
	q.stop()
	if q.lost > 0 {
		return &comity.Error{Code: comity.CodeUnavailable, Op: "record later", Err: errors.New("answers were given that are not recorded: " + fmt.Sprint(q.lost))}
	}
	return nil
}
