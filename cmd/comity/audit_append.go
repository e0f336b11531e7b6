// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/client"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/httpapi"
	"github.com/comity-project/comity/internal/principal"
)

func newAuditAppend() *cobra.Command {
	var f sourceFlags
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
given when the event is durable. While a server has the folder open, send the
events to it with --server.`,
		Example: `  comity audit append -f events.jsonl
  echo '{"type":"data_access","actor":{"id":"anna"},"action":"read","resource":{"type":"file","id":"7"},"success":true}' | comity audit append --data comity-data
  comity audit append -f events.jsonl --server http://127.0.0.1:8080`,
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
			src, out := newSource(in, name), cmd.OutOrStdout()
			if f.server != "" {
				return f.with(cmd, nil, func(ctx context.Context, c *client.Client) error {
					return appendEvents(ctx, atServerRecord(c), src, out)
				})
			}
			return appendToFolder(cmd, &f.folderFlags, src)
		},
	}
	f.bind(cmd)
	cmd.Flags().StringVarP(&file, "file", "f", "-", "file with the events; - is standard input")
	return cmd
}

// appendToFolder records in a data folder, which is made if it is not there.
func appendToFolder(cmd *cobra.Command, f *folderFlags, src *source) error {
	c, err := f.config()
	if err != nil {
		return err
	}
	open := app.OpenLog
	if mustHoldData(c.Data) != nil {
		open = app.Open
	}
	ctx := cmd.Context()
	a, err := open(ctx, c, nil)
	if err != nil {
		return err
	}
	if err = a.Ready(); err == nil {
		err = appendEvents(ctx, func(ctx context.Context, line []byte) (client.Receipt, error) {
			e, err := httpapi.DecodeEvent(line)
			if err != nil {
				return client.Receipt{}, err
			}
			got, err := a.Door.Event(ctx, principal.Local(), e)
			return client.Receipt(got), err
		}, src, cmd.OutOrStdout())
	}
	if closing := a.Close(context.WithoutCancel(ctx)); err == nil {
		err = closing
	}
	return err
}

// atServerRecord sends an event to a server.
func atServerRecord(c *client.Client) func(context.Context, []byte) (client.Receipt, error) {
	return func(ctx context.Context, line []byte) (client.Receipt, error) {
		if _, err := httpapi.DecodeEvent(line); err != nil { // what the server would say, with less ado
			return client.Receipt{}, err
		}
		var e client.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return client.Receipt{}, &comity.Error{Code: comity.CodeInvalid, Op: "decode", Err: err}
		}
		return c.Append(ctx, e)
	}
}

// appendEvents records the events of a stream, each before the next is read. One that is
// wrong has its error in its place.
func appendEvents(ctx context.Context, record func(context.Context, []byte) (client.Receipt, error), src *source, out io.Writer) error {
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
		var got client.Receipt
		if err == nil {
			got, err = record(ctx, line)
		}
		answers++
		switch code := comity.CodeOf(err); code {
		case "":
			printJSON(out, got)
		case comity.CodeUnavailable, comity.CodeInternal, comity.CodeUnauthenticated:
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
