// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package survey

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/comity-project/comity"
)

const (
	stateFormat = 1
	maxState    = 1 << 30
)

// State is what is remembered of a survey: the mark and the report of each table. It has
// no values but masked ones. A nil State remembers nothing.
type State struct {
	Format  int              `json:"format"`
	Source  string           `json:"source"`
	Program string           `json:"program"`
	Limits  Limits           `json:"limits"`
	Tables  map[string]known `json:"tables"`
}

type known struct {
	Mark   string `json:"mark"`
	Report Report `json:"report"`
}

// NewState is the state before the first survey.
func NewState() *State { return &State{Format: stateFormat, Tables: map[string]known{}} }

// ReadState reads what Write wrote.
func ReadState(in io.Reader) (*State, error) {
	fail := func(err error) (*State, error) {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: "read the state", Err: err, Remedy: "remove the file to begin anew"}
	}
	s := new(State)
	if err := json.NewDecoder(io.LimitReader(in, maxState)).Decode(s); err != nil {
		return fail(errors.New("it is damaged"))
	}
	if s.Format != stateFormat || s.Tables == nil {
		return fail(fmt.Errorf("it has format %d, this program reads %d", s.Format, stateFormat))
	}
	return s, nil
}

// Write writes the state.
func (s *State) Write(out io.Writer) error {
	if err := json.NewEncoder(out).Encode(s); err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	return nil
}

// Check refuses the state of another source.
func (s *State) Check(source string) error {
	if s.Source == "" || s.Source == source {
		return nil
	}
	return &comity.Error{Code: comity.CodeConflict, Op: "--state", Err: fmt.Errorf("the state is of %s, not of %s", s.Source, source), Remedy: "use a file for each source"}
}

// begin forgets what other detectors or limits found, and tables that are gone.
func (s *State) begin(source string, o Options, tables []Table) {
	limits := o.Limits
	limits.Rate, limits.Timeout = 0, 0 // they change the speed, not the answer
	old := s.Tables
	if s.Program != o.Program || s.Limits != limits {
		old = nil
	}
	s.Source, s.Program, s.Limits, s.Tables = source, o.Program, limits, map[string]known{}
	for _, t := range tables {
		if k, ok := old[t.Name]; ok {
			s.Tables[t.Name] = k
		}
	}
}

func (s *State) lookup(t Table) (Report, bool) {
	if s == nil || t.Mark == "" {
		return Report{}, false
	}
	k, ok := s.Tables[t.Name]
	return k.Report, ok && k.Mark == t.Mark
}

func (s *State) keep(t Table, r Report) {
	switch {
	case s == nil:
	case t.Mark == "":
		delete(s.Tables, t.Name)
	default:
		s.Tables[t.Name] = known{t.Mark, r}
	}
}
