package engine

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/comity-project/comity"
)

var perfFacts = comity.Facts{"operation": "transfer", "date": "2025-10-01", "subject_location": "EEA", "controller_establishment": "IE",
	"data_categories": []any{"contact", "behavioural"}, "data_state": "plaintext", "from_region": "EEA", "to_region": "US", "transfer_mechanism": "dpf", "importer_certified": true}

func BenchmarkReal(b *testing.B) {
	p := embedded(b)
	in := p.NewInput()
	var res Result
	if err := p.Encode(in, perfFacts, time.Time{}); err != nil {
		b.Fatal(err)
	}
	b.Logf("rules %d words %d index %d bytes facts %d", len(p.rules), p.index.words, p.indexBytes(), len(p.index.facts))
	b.Run("evaluate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.evaluate(in, true, &res)
		}
	})
	b.Run("evaluate-ignore", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.evaluate(in, false, &res)
		}
	})
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Encode(in, perfFacts, time.Time{})
		}
	})
	b.Run("decision", func(b *testing.B) {
		b.ReportAllocs()
		p.evaluate(in, true, &res)
		for b.Loop() {
			p.Decision(in, &res, false)
		}
	})
	b.Run("until", func(b *testing.B) {
		b.ReportAllocs()
		p.evaluate(in, true, &res)
		for b.Loop() {
			p.validUntil(in, &res)
		}
	})
	e, _ := New(Options{})
	text := []byte(`{"operation":"transfer","date":"2025-10-01","subject_location":["EEA"],"controller_establishment":["IE"],"data_categories":["contact","behavioural"],"data_state":"plaintext","from_region":"EEA","to_region":"US","transfer_mechanism":"dpf","importer_certified":true}`)
	b.Run("json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			req, err := DecodeRequest(text)
			if err != nil {
				b.Fatal(err)
			}
			d, err := e.Decide(req)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := json.Marshal(&d); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("regions60", func(b *testing.B) {
		b.ReportAllocs()
		cands := p.model.Vocab.Regions().Countries()[:60]
		for b.Loop() {
			p.regions(in, true, cands)
		}
	})
}
