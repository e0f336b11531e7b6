// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/audit"
)

// The voices of an explanation: for the auditor, with requirements, articles and facts, and
// for the person concerned, in plain words.
const (
	VoiceAuditor = "auditor"
	VoicePerson  = "person"
)

// Recomputed is a decision that was computed again from its record.
type Recomputed struct {
	// Same tells whether the answer is the recorded one, by the digest in the leaf.
	Same        bool          `json:"same"`
	Effect      comity.Effect `json:"effect"`
	Voice       string        `json:"voice"`
	Explanation []string      `json:"explanation"`
	Note        string        `json:"note,omitempty"`
}

// decided is the payload of a decision, as far as it is needed to decide again.
type decided struct {
	Salt    string `json:"salt"`
	Request struct {
		Facts   map[string]withOrigin   `json:"facts"`
		Parts   []map[string]withOrigin `json:"parts"`
		Options struct {
			Missing     comity.Mode `json:"missing"`
			Explain     bool        `json:"explain"`
			ExplainShed bool        `json:"explain_shed"`
			KnownAt     string      `json:"known_at"`
			Want        []string    `json:"want"`
			Candidates  []string    `json:"candidates"`
		} `json:"options"`
	} `json:"request"`
	Objections json.RawMessage `json:"objections"`
}

type withOrigin struct {
	Value json.RawMessage `json:"value"`
}

// Question is the request that an entry records, with its resolved facts. The entry's payload
// must be open.
func Question(e *audit.Entry) (comity.Request, error) {
	var p decided
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		return comity.Request{}, &comity.Error{Code: comity.CodeInvalid, Op: "read payload", Err: err}
	}
	return p.question()
}

// Again decides again what an entry records, with an engine that has the program of that
// time. The entry's payload must be open.
func Again(eng *engine.Engine, e *audit.Entry, voice string) (*Recomputed, error) {
	var p decided
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: "read payload", Err: err}
	}
	req, err := p.question()
	if err != nil {
		return nil, err
	}
	d, err := eng.Decide(req)
	if err != nil {
		return nil, err
	}
	out := &Recomputed{Effect: d.Effect, Voice: voice}
	if out.Same, err = p.isAnswer(&d, e.Leaf.Answer); err != nil {
		return nil, err
	}
	switch {
	case out.Same:
	case len(p.Objections) > 0:
		out.Note = "objections that were recorded with it changed the answer"
	default:
		out.Note = "not the recorded answer: its digest is another"
	}
	req.Explain = true
	if d, err = eng.Decide(req); err != nil {
		return nil, err
	}
	out.Explanation = d.Explanation
	if voice == VoicePerson {
		out.Explanation = tellPerson(eng, &d, req)
	}
	return out, nil
}

// question is the request that was decided, with its resolved facts.
func (p *decided) question() (comity.Request, error) {
	bare := func(facts map[string]withOrigin) map[string]json.RawMessage {
		out := map[string]json.RawMessage{}
		for name, v := range facts {
			out[name] = v.Value
		}
		return out
	}
	o := &p.Request.Options
	envelope := map[string]any{"facts": bare(p.Request.Facts), "missing": o.Missing}
	if p.Request.Parts != nil {
		parts := []any{}
		for _, f := range p.Request.Parts {
			parts = append(parts, bare(f))
		}
		envelope["facts"] = parts
	}
	if o.Explain && !o.ExplainShed {
		envelope["explain"] = true
	}
	if o.KnownAt != "" {
		envelope["known_at"] = o.KnownAt
	}
	if len(o.Want) > 0 {
		envelope["want"] = o.Want
	}
	if len(o.Candidates) > 0 {
		envelope["candidates"] = o.Candidates
	}
	text, err := json.Marshal(envelope)
	if err != nil {
		return comity.Request{}, err
	}
	return engine.DecodeRequest(text)
}

// isAnswer tells whether a decision is the one whose salted digest the leaf has.
func (p *decided) isAnswer(d *comity.Decision, want audit.Digest) (bool, error) {
	salt, err := base64.RawURLEncoding.DecodeString(p.Salt)
	if err != nil {
		return false, &comity.Error{Code: comity.CodeInvalid, Op: "read payload", Err: err}
	}
	bare := *d
	bare.ID, bare.Record = "", nil
	same, err := hasDigest(&bare, salt, want)
	if !same && err == nil && bare.Regions != nil && len(bare.Regions) == 0 {
		bare.Regions = nil // entries of earlier versions leave it out where no place is excluded
		same, err = hasDigest(&bare, salt, want)
	}
	return same, err
}

func hasDigest(d *comity.Decision, salt []byte, want audit.Digest) (bool, error) {
	text, err := json.Marshal(d)
	if err == nil {
		err = (*jsontext.Value)(&text).Canonicalize()
	}
	return audit.Digest(sha256.Sum256(slices.Concat(salt, text))) == want, err
}

// tellPerson words a decision for the person whose data it is about: no identifiers, the
// reasons in the words of the packs, and what he can do.
func tellPerson(eng *engine.Engine, d *comity.Decision, req comity.Request) []string {
	out := []string{asked(d, req), answered(d)}
	for _, v := range d.Violations {
		out = append(out, "It may not be done because "+lowerFirst(sentence(v.Why))+cited(v.Citations))
	}
	for _, c := range d.Conflicts {
		out = append(out, "Two laws disagree about it: "+sentence(c.Why)+" "+sentence(c.Who+" decides")+cited(c.Citations))
	}
	for _, q := range d.Questions {
		out = append(out, "The law itself leaves a question open: "+sentence(q.Text)+cited(q.Citations))
	}
	for _, m := range d.Missing {
		out = append(out, "It was not known: "+strings.ReplaceAll(m.Fact, "_", " ")+".")
	}
	for _, c := range d.Conditions {
		text := "It may only be done under this condition: " + sentence(c.Text)
		if c.Due != "" {
			text += " This is due by " + c.Due + "."
		}
		out = append(out, text+cited(c.Citations))
	}
	for _, g := range d.Grounds {
		out = append(out, "The law permits it on this ground: "+sentence(strings.ReplaceAll(g.Branch, "_", " "))+cited(g.Citations))
	}
	out = append(out, rules(eng, d)...)
	return append(out, "You can ask for a proof of this entry, which shows that it was recorded then and has not been changed since.")
}

func asked(d *comity.Decision, req comity.Request) string {
	facts := req.Facts
	if len(req.Parts) > 0 {
		facts = req.Parts[0]
	}
	text := "On " + day(d.At) + " it was asked whether this may be done with your data: " + words(facts["operation"])
	if v := words(facts["data_categories"]); v != "" {
		text += ", with data of the kind " + v
	}
	if v := words(facts["purpose"]); v != "" {
		text += ", for " + v
	}
	return text + "."
}

// words writes the value of a fact without the form of an identifier.
func words(v any) string {
	text := ""
	switch v := v.(type) {
	case nil:
	case string:
		text = v
	case []string:
		text = strings.Join(v, " and ")
	case []any:
		for i, x := range v {
			if i > 0 {
				text += " and "
			}
			text += words(x)
		}
	default:
		text = fmt.Sprint(v)
	}
	return strings.ReplaceAll(text, "_", " ")
}

// day is the day of an instant that stands for one (its noon), else the instant.
func day(t time.Time) string {
	if h, m, s := t.UTC().Clock(); h == 12 && m == 0 && s == 0 || h == 0 && m == 0 && s == 0 {
		return t.UTC().Format(time.DateOnly)
	}
	return t.UTC().Format(time.RFC3339)
}

func cited(citations []string) string {
	if len(citations) == 0 {
		return ""
	}
	return " [" + strings.Join(citations, "; ") + "]"
}

func answered(d *comity.Decision) string {
	switch {
	case d.Effect == comity.Deny && d.About == "state":
		return "The answer: this does not comply with the law."
	case d.Effect == comity.Deny:
		return "The answer: no."
	case d.Effect == comity.Review:
		return "The answer: not without a human being who looks at it first."
	case len(d.Conditions) > 0:
		return "The answer: yes, under conditions."
	}
	return "The answer: yes."
}

// rules tells in the words of the packs what the requirements are that applied.
func rules(eng *engine.Engine, d *comity.Decision) []string {
	var out []string
	for _, p := range eng.Program().Model().Packs {
		for _, q := range p.Requirements {
			text := q.Text["en"]
			if text == "" || !slices.Contains(d.Applicable, q.ID) {
				continue
			}
			out = append(out, fmt.Sprintf("A rule of %s: %s%s", p.Name, sentence(text), cited(q.Cites)))
		}
	}
	return out
}

// sentence ends a text with a full stop.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || strings.HasSuffix(text, ".") || strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

// lowerFirst lets a sentence follow another clause, unless it begins with an abbreviation.
func lowerFirst(text string) string {
	if len(text) > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z' {
		return strings.ToLower(text[:1]) + text[1:]
	}
	return text
}
