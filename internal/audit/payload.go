// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/translog"
)

// PayloadSchema is the version of the payload.
const PayloadSchema = "comity/payload/v1"

// Limits of one event. A leaf is bounded by the format of entry bundles, a payload so
// that a batch of many fits into one entry.
const (
	MaxLeaf    = translog.MaxLeaf
	MaxPayload = 1 << 20
	// MaxBatch is the greatest number of events under one leaf.
	MaxBatch = 10_000

	// MaxText bounds, in bytes, what names a person or a thing: actor, resource, source,
	// purpose and subject. Longer content belongs into details.
	MaxText = 1024
	// MaxName bounds, in bytes, what stands in the leaf in clear: type, action, tenant and
	// region.
	MaxName = 128
	// MaxDetails bounds the details of an application's event, in bytes of JSON as its
	// texts, names and numbers count, and MaxDetailsDepth how deep they are nested.
	MaxDetails      = 64 << 10
	MaxDetailsDepth = 16

	maxList = 4096
)

// draft is an event on its way into the log, in buffers that are used again.
type draft struct {
	event         Event // members point into it
	salt          Pseudonym
	leaf          Leaf
	plain, sealed []byte
	text          []byte // the leaf's bytes
	hashed        []byte // salt and answer
	members       Object
	fresh         bool
}

type drafts struct{ pool sync.Pool }

func (d *drafts) get() *draft {
	if x, ok := d.pool.Get().(*draft); ok {
		return x
	}
	return new(draft)
}

// put keeps the buffers unless an event was unusually large.
func (d *drafts) put(x *draft) {
	x.event = Event{}
	if cap(x.plain) > 1<<16 || cap(x.text) > 1<<15 {
		return
	}
	clear(x.plain[:cap(x.plain)])
	clear(x.hashed[:cap(x.hashed)])
	clear(x.members[:cap(x.members)])
	d.pool.Put(x)
}

// write turns an event into a leaf and a sealed payload.
func (b *Book) write(d *draft) error {
	e := &d.event
	if e.Time.IsZero() {
		e.Time = b.o.Now()
	}
	if err := checkNames(e); err != nil {
		return err
	}
	d.leaf = Leaf{
		Time: e.Time, Type: e.Type, Action: e.Action, Cell: b.o.Cell, Tenant: e.Tenant, Region: e.Region, Regions: e.Regions,
		Jurisdictions: e.Jurisdictions, Requirements: e.Requirements, Effect: e.Effect, Outcome: e.Outcome, Program: e.Program,
		Previous: e.Previous,
	}
	if err := b.seal(d); err != nil {
		return err
	}
	if e.Principal != "" {
		d.leaf.Principal = b.o.Sealer.Mark(KindPrincipal, e.Principal)
	}
	if e.Resource.ID != "" {
		d.leaf.Resource = b.markResource(e.Resource)
	}
	if e.Source != "" {
		d.leaf.Source = b.o.Sealer.Mark(KindSource, e.Source)
	}
	if e.IdempotencyKey != "" {
		d.leaf.Idem = b.markIdem(cmp.Or(e.Caller, e.Principal), e.IdempotencyKey)
		d.leaf.Body = b.markRequest(e.Request)
	}
	d.text = d.leaf.Append(d.text[:0])
	if len(d.text) > MaxLeaf {
		return tooLarge("leaf", len(d.text), MaxLeaf, "name fewer requirements")
	}
	return nil
}

func (b *Book) markResource(r Resource) Pseudonym {
	return b.o.Sealer.Mark(KindResource, r.Type+"\x00"+r.ID)
}

func (b *Book) markRequest(request []byte) Pseudonym {
	sum := sha256.Sum256(request)
	return b.o.Sealer.Mark(KindRequest, string(sum[:]))
}

func (b *Book) markIdem(principal, key string) Pseudonym {
	return b.o.Sealer.Mark(KindIdempotency, principal+"\x00"+key)
}

// seal makes the payload. Its salt keeps two equal payloads and answers apart.
func (b *Book) seal(d *draft) (err error) {
	e := &d.event
	rand.Read(d.salt[:])
	if len(e.Answer) > 0 {
		d.hashed = append(append(d.hashed[:0], d.salt[:]...), e.Answer...)
		d.leaf.Answer = sha256.Sum256(d.hashed)
	}
	d.collect()
	if d.plain, err = appendObject(d.plain[:0], d.members, 0); err != nil {
		return &comity.Error{Code: comity.CodeInvalid, Op: "write payload", Err: err}
	}
	if len(d.plain) > MaxPayload {
		return tooLarge("payload", len(d.plain), MaxPayload, "keep large content elsewhere and record its hash")
	}
	var p Pseudonym
	if d.sealed, p, d.fresh, err = b.o.Sealer.Seal(d.sealed[:0], e.Subject, d.plain); err != nil {
		return err
	}
	d.leaf.Subject, d.leaf.Payload = p, sha256.Sum256(d.sealed)
	if !e.erased.IsZero() {
		d.leaf.Subject = e.erased
	}
	return nil
}

// collect lists the payload's members. They are pointers, which an interface holds
// without allocating.
func (d *draft) collect() {
	e, o := &d.event, d.members[:0]
	o = append(o, Member{"salt", &d.salt}, Member{"schema", PayloadSchema})
	if !d.leaf.Answer.IsZero() {
		o = append(o, Member{"answer", &d.leaf.Answer})
	}
	if e.Subject.ID != "" {
		o = append(o, Member{"subject", &e.Subject})
	}
	if e.Resource.ID != "" {
		o = append(o, Member{"resource", &e.Resource})
	}
	for _, m := range [...]struct {
		name  string
		value *string
	}{{"id", &e.ID}, {"principal", &e.Principal}, {"caller", &e.Caller}, {"source", &e.Source}, {"purpose", &e.Purpose}} {
		if *m.value != "" {
			o = append(o, Member{m.name, m.value})
		}
	}
	if len(e.Details) > 0 {
		o = append(o, Member{"details", e.Details})
	}
	d.members = append(o, e.Payload...)
}

func tooLarge(what string, size, limit int, remedy string) error {
	return &comity.Error{
		Code: comity.CodeTooLarge, Op: "append event",
		Err: fmt.Errorf("%s of %d bytes is over the limit of %d", what, size, limit), Remedy: remedy,
	}
}

// checkNames holds what stands in the leaf in clear to names, so that no address or free
// text about a person slips in.
func checkNames(e *Event) error {
	for _, n := range [...]struct{ what, value string }{
		{"type", e.Type},
		{"action", e.Action},
		{"tenant", e.Tenant},
		{"region", e.Region},
		{"program", e.Program},
	} {
		if err := checkName(n.what, n.value); err != nil {
			return err
		}
	}
	if e.Type == "" {
		return invalidEvent("type is missing", "name one")
	}
	if e.Outcome != "" && e.Outcome != Success && e.Outcome != Failure {
		return invalidEvent(fmt.Sprintf("outcome %q is neither success nor failure", e.Outcome), "")
	}
	switch e.Effect {
	case "", comity.Allow, comity.Deny, comity.Review:
	default:
		return invalidEvent(fmt.Sprintf("effect %q is unknown", e.Effect), "")
	}
	return errors.Join(checkNameList("regions", e.Regions), checkNameList("jurisdictions", e.Jurisdictions), checkNameList("requirements", e.Requirements), checkTexts(e))
}

// checkTexts bounds what is sealed and has no form.
func checkTexts(e *Event) error {
	for _, t := range [...]struct{ what, value string }{
		{"actor.id", e.Principal},
		{"resource.type", e.Resource.Type},
		{"resource.id", e.Resource.ID},
		{"source", e.Source},
		{"purpose", e.Purpose},
		{"subject.id", e.Subject.ID},
		{"subject.home", e.Subject.Home},
	} {
		if len(t.value) > MaxText {
			return invalidEvent(fmt.Sprintf("%s has %d bytes, more than %d", t.what, len(t.value), MaxText), "name it shortly; what is long goes into details")
		}
	}
	return nil
}

func checkNameList(what string, list []string) error {
	if len(list) > maxList {
		return invalidEvent(fmt.Sprintf("%d %s are more than %d", len(list), what, maxList), "")
	}
	if slices.Contains(list, "") {
		return invalidEvent(what+" have an empty name", "remove it")
	}
	for _, s := range list {
		if err := checkName(what, s); err != nil {
			return err
		}
	}
	return nil
}

// checkName: letters and digits of any script, spaces between words, and _ . : / - ( ).
// An @ or + would let e-mail addresses and telephone numbers in.
func checkName(what, s string) error {
	if len(s) > MaxName {
		return invalidEvent(fmt.Sprintf("%s has %d bytes, more than %d", what, len(s), MaxName), "shorten it")
	}
	prev := rune(' ')
	for _, c := range s {
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == ':' || c == '/' || c == '-' ||
			c == '(' || c == ')' || c == ' ' && prev != ' ' || c >= utf8.RuneSelf && c != utf8.RuneError && (unicode.IsLetter(c) || unicode.IsMark(c) || unicode.IsDigit(c))
		if !ok {
			return invalidEvent(fmt.Sprintf("%s %q has the character %q, which names in clear do not have", what, s, c),
				"use letters, digits, single spaces and _ . : / - ( ); put what is personal into resource, subject or details")
		}
		prev = c
	}
	if s != "" && prev == ' ' {
		return invalidEvent(fmt.Sprintf("%s %q ends in a space", what, s), "remove it")
	}
	return nil
}
