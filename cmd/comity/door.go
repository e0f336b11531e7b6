// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"os"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/embedded"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/pack"
)

// open finds whoever answers the questions of decide: the engine alone, a data folder, or
// a server. The function closes it again.
func (s *session) open(cmd *cobra.Command) (shut func() error, err error) {
	s.ctx, s.recorded = cmd.Context(), s.f.data != "" || s.f.server != ""
	switch {
	case s.f.server != "":
		return s.openServer()
	case s.f.data != "":
		return s.openData()
	}
	eng, err := s.f.packs.engine()
	if err != nil {
		return nil, err
	}
	s.vocab = func() *pack.Vocabulary { return eng.Program().Model().Vocab }
	s.ask = analyse(eng)
	s.unrecorded = cmd.ErrOrStderr()
	return func() error { return nil }, s.f.checkCandidates(s.vocab())
}

// analyse asks the engine alone.
func analyse(eng *engine.Engine) func(context.Context, comity.Request) (comity.Decision, error) {
	return func(_ context.Context, req comity.Request) (comity.Decision, error) {
		d, err := eng.Decide(req)
		d.ID = "analysis-" + rand.Text()
		return d, err
	}
}

func (s *session) openServer() (func() error, error) {
	c, err := client.New(s.f.server, client.Options{APIKey: os.Getenv("COMITY_API_KEY")})
	if err != nil {
		return nil, err
	}
	s.vocab, s.ask = func() *pack.Vocabulary { return nil }, c.Decide
	return func() error { return nil }, nil
}

func (s *session) openData() (func() error, error) {
	c, err := embedded.Open(s.ctx, embedded.Options{Data: s.f.data, Anchor: s.f.anchor, Packs: s.f.packs.dirs})
	if err != nil {
		return nil, err
	}
	shut := func() error { return c.Close(context.WithoutCancel(s.ctx)) }
	s.ask = c.Decide
	// The words are only needed to say where a fault is.
	s.vocab = func() *pack.Vocabulary {
		eng, err := s.f.packs.engine()
		if err != nil {
			return nil
		}
		return eng.Program().Model().Vocab
	}
	if len(s.f.candidates) > 0 {
		if err := s.f.checkCandidates(s.vocab()); err != nil {
			_ = shut() // nothing was recorded
			return nil, err
		}
	}
	return shut, nil
}

func (f *decideFlags) checkCandidates(v *pack.Vocabulary) error {
	for _, c := range f.candidates {
		if _, ok := v.Regions().Lookup(c); !ok {
			return usageError("--candidates", v.Regions().Suggest(c), "unknown region %q", c)
		}
	}
	return nil
}
