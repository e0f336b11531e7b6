// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/httpapi"
	"github.com/comity-project/comity/internal/principal"
)

func newAuditAppend() *cobra.Command {
	var f folderFlags
	var file string
	cmd := &cobra.Command{
		Use:   "append",
		Short: "Record events of an application",
		Long: `Reads events as POST /v1/events takes them, one JSON object or one a line, and
records each in the log of a data folder. Types are authentication, data_access,
privileged_operation, configuration_change, system_access, data_disposal, key_use,
ai_inference, and those that the configuration declares. Actor, resource, source
and details are sealed.

Each line gets its answer in its place, a receipt or an error, and each receipt is
given when the event is durable. The folder must not be in use by a server: send
events to the server then.`,
		Example: `  comity audit append -f events.jsonl
  echo '{"type":"data_access","actor":{"id":"anna"},"action":"read","resource":{"type":"file","id":"7"},"success":true}' | comity audit append --data comity-data`,
		Args: noArgs("did you mean: comity audit append -f "),
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, name := cmd.InOrStdin(), "standard input"
			if file != "-" {
				opened, err := os.Open(file)
				if err != nil {
					return notFound("audit append", err)
				}
				defer opened.Close()
				in, name = opened, file
			}
			c, err := f.config()
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			a, err := app.Open(ctx, c, nil)
			if err != nil {
				return err
			}
			if err = a.Ready(); err == nil {
				err = appendEvents(ctx, a.Door, newSource(in, name), cmd.OutOrStdout())
			}
			if closing := a.Close(context.WithoutCancel(ctx)); err == nil {
				err = closing
			}
			return err
		},
	}
	f.bind(cmd)
	cmd.Flags().StringVarP(&file, "file", "f", "-", "file with the events; - is standard input")
	return cmd
}

// receipt is the answer to an event, as POST /v1/events gives it.
type receipt struct {
	ID     string        `json:"id"`
	At     time.Time     `json:"at"`
	Record comity.Record `json:"record"`
}

// appendEvents records the events of a stream, each before the next is read. One that is
// wrong has its error in its place.
func appendEvents(ctx context.Context, door *decide.Door, src *source, out io.Writer) error {
	answers, failed := 0, false
	for {
		start, line, err := src.event(answers == 0)
		switch {
		case errors.Is(err, io.EOF) && answers == 0:
			return &comity.Error{Code: comity.CodeInvalid, Op: src.name, Err: errors.New("the input is empty"), Remedy: "give an event as a JSON object, or one a line"}
		case errors.Is(err, io.EOF):
			if failed {
				return exitStatus(exitError)
			}
			return nil
		case err != nil && comity.CodeOf(err) != comity.CodeTooLarge:
			return src.failed(err)
		}
		var got decide.Recorded
		if err == nil {
			got, err = recordEvent(ctx, door, line)
		}
		answers++
		switch code := comity.CodeOf(err); code {
		case "":
			printJSON(out, receipt{got.ID, got.At, got.Record})
		case comity.CodeUnavailable, comity.CodeInternal:
			return err // it would be the same for all that follow
		default:
			failed = true
			printJSON(out, errorAnswer(locate(src.name, start, nil, nil, err)))
		}
	}
}

// event reads the next event and the line on which it begins: a line, or at the start of
// the input a value on several lines.
func (s *source) event(first bool) (start int, text []byte, err error) {
	if _, _, err := s.blanks(); err != nil {
		return s.line, nil, err
	}
	start = s.line
	text, err = s.next()
	if err != nil || !first || json.Valid(text) {
		return start, text, err
	}
	rest, full, err := s.rest(engine.MaxRequest)
	if err != nil {
		return start, nil, err
	}
	if whole := append(append(text, '\n'), rest...); !full && json.Valid(whole) {
		return start, whole, nil
	}
	s.back(rest)
	return start, text, nil
}

func recordEvent(ctx context.Context, door *decide.Door, line []byte) (decide.Recorded, error) {
	e, err := httpapi.DecodeEvent(line)
	if err != nil {
		return decide.Recorded{}, err
	}
	return door.Event(ctx, principal.Local(), e)
}
