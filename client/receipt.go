// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/proof"
)

// Log reads a log of the server as a proof.Source: checkpoint, tiles and payloads. What is
// not there is fs.ErrNotExist.
type Log struct {
	client *Client
	name   string
}

// Log is the log of that name, as in comity.Record.
func (c *Client) Log(name string) *Log { return &Log{c, name} }

// Resource reads one file of the log by its path, such as proof.CheckpointPath.
func (l *Log) Resource(ctx context.Context, path string) ([]byte, error) {
	var data []byte
	m := message{method: http.MethodGet, path: "/log/" + url.PathEscape(l.name) + "/" + path}
	err := l.client.call(ctx, "read log", m, func(resp *http.Response) (err error) {
		data, err = l.client.bytes(resp)
		return err
	})
	if comity.CodeOf(err) == comity.CodeNotFound {
		return nil, fmt.Errorf("%s: %w: %w", path, fs.ErrNotExist, err)
	}
	return data, err
}

// Evidence is what proves, to somebody with the log's public key and no connection, which
// entry a receipt stands for: a proof, and the entry's leaf.
type Evidence struct {
	Proof proof.Proof
	Leaf  []byte
}

// FetchProof collects the evidence for a record from the server's log, and checks it with
// the log's public keys. The proof leads to the record's own checkpoint, so that it shows
// what the log had signed when it answered.
func (c *Client) FetchProof(ctx context.Context, r comity.Record, vkeys ...string) (Evidence, error) {
	tree, err := proof.VerifyReceipt(r, vkeys...)
	if err != nil {
		return Evidence{}, err
	}
	src := &pinned{c.Log(r.Log), r.Checkpoint}
	index := uint64(*r.Index)
	var e Evidence
	if r.Sub == nil {
		if e.Proof, err = proof.Prove(ctx, src, index); err == nil {
			e.Leaf, err = proof.Leaf(ctx, src, tree, index)
		}
	} else {
		var part proof.Part
		e.Proof, part, err = proof.ProveSub(ctx, src, index, uint64(*r.Sub))
		e.Leaf = part.Leaf
	}
	if err != nil {
		return Evidence{}, err
	}
	if _, err := e.Proof.VerifyReceipt(r, e.Leaf, vkeys...); err != nil {
		return Evidence{}, err
	}
	return e, nil
}

// pinned is a log as it was at an earlier checkpoint.
type pinned struct {
	*Log
	checkpoint string
}

// Resource is Log.Resource, but for the checkpoint.
func (p *pinned) Resource(ctx context.Context, path string) ([]byte, error) {
	if path == proof.CheckpointPath {
		return []byte(p.checkpoint), nil
	}
	return p.Log.Resource(ctx, path)
}

// VerifyReceipt checks a decision's record offline with the log's public keys, the lines
// of log.pub: that the checkpoint is signed, of that log, and covers the index. With
// evidence it also checks that the tree holds this leaf at that index, and that the leaf
// records this answer: its effect and the program that gave it.
func VerifyReceipt(d comity.Decision, e *Evidence, vkeys ...string) (proof.Checkpoint, error) {
	if d.Record == nil {
		return proof.Checkpoint{}, &comity.Error{Code: comity.CodeInvalid, Op: "verify receipt", Err: errors.New("the decision was not recorded")}
	}
	if e == nil {
		return proof.VerifyReceipt(*d.Record, vkeys...)
	}
	c, err := e.Proof.VerifyReceipt(*d.Record, e.Leaf, vkeys...)
	if err != nil {
		return proof.Checkpoint{}, err
	}
	if err := sameAnswer(d, e.Leaf); err != nil {
		return proof.Checkpoint{}, &comity.Error{Code: comity.CodeConflict, Op: "verify receipt", Err: err}
	}
	return c, nil
}

func sameAnswer(d comity.Decision, leaf []byte) error {
	var l struct {
		Type    string        `json:"type"`
		Effect  comity.Effect `json:"effect"`
		Program string        `json:"program"`
	}
	if err := json.Unmarshal(leaf, &l); err != nil {
		return fmt.Errorf("read the leaf: %w", err)
	}
	switch {
	case l.Type != "decision":
		return fmt.Errorf("the entry is of type %q, not a decision", l.Type)
	case l.Effect != d.Effect:
		return fmt.Errorf("the entry says %s, the decision %s", l.Effect, d.Effect)
	case l.Program != d.Program:
		return fmt.Errorf("the entry is of program %s, the decision of %s", l.Program, d.Program)
	}
	return nil
}
