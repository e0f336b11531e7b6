// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import "bytes"

// glossary has the texts that leaves repeat, such as types, regions and requirements: a
// leaf that the index follows needs no copies of them. It is not for concurrent use. A nil
// one keeps nothing.
type glossary struct {
	one   map[string]string
	lists map[string][]string // by their JSON
	room  []byte              // for the payload of a batch
}

// payload is room for the payload of one batch after the other.
func (t *glossary) payload() *[]byte {
	if cap(t.room) > keptBatch {
		t.room = nil
	}
	return &t.room
}

// Bounds of what is kept: beyond them it starts anew.
const (
	maxTexts     = 4096
	maxKnownText = 512
	maxKnownList = 4096
)

func (t *glossary) text(b []byte) string {
	if t == nil || len(b) > maxKnownText {
		return string(b)
	}
	if s, ok := t.one[string(b)]; ok {
		return s
	}
	if t.one == nil || len(t.one) >= maxTexts {
		t.one = map[string]string{}
	}
	s := string(b)
	t.one[s] = s
	return s
}

// list is the list that b begins with, if it was kept, and its length in b. A list with a
// bracket in a text is never found.
func (t *glossary) list(b []byte) ([]string, int) {
	if t == nil {
		return nil, 0
	}
	n := bytes.IndexByte(b, ']') + 1
	return t.lists[string(b[:n])], n
}

// keep keeps a list that was read from its JSON.
func (t *glossary) keep(b []byte, list []string) {
	if t == nil || len(b) > maxKnownList {
		return
	}
	if t.lists == nil || len(t.lists) >= maxTexts/16 {
		t.lists = map[string][]string{}
	}
	t.lists[string(b)] = list
}
