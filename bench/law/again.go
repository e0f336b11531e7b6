// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package lawbench

import (
	"encoding/json"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/flip"
)

// AgainBound is for AgainCount operations that are decided in two ways, as comity whatif
// does it.
const (
	AgainBound = 5 * time.Second
	AgainCount = 100_000
)

// Again decides questions, read from JSON, so many times as they are and for another date,
// on all processors. It gives the time and how many answers flipped.
func Again(e *engine.Engine, questions []Question, n int, date string) (time.Duration, int, error) {
	texts := make([][]byte, len(questions))
	for i, q := range questions {
		var err error
		if texts[i], err = json.Marshal(map[string]any{"facts": q.Facts, "missing": comity.MissingIgnore}); err != nil {
			return 0, 0, err
		}
	}
	var next, flips atomic.Int64
	var all sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	start := time.Now()
	for k := range errs {
		all.Go(func() {
			c := flip.NewComparer(flip.Way{Engine: e}, flip.Way{Engine: e, At: date})
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				req, err := engine.DecodeRequest(texts[i%len(texts)])
				var f *flip.Flip
				if err == nil {
					_, f, err = c.Compare(req)
				}
				if err != nil {
					errs[k] = err
					return
				}
				if f != nil {
					flips.Add(1)
				}
			}
		})
	}
	all.Wait()
	return time.Since(start), int(flips.Load()), errors.Join(errs...)
}
