// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

var codecs = map[string]compress.Codec{
	"none": &parquet.Uncompressed, "snappy": &parquet.Snappy, "gzip": &parquet.Gzip,
	"zstd": &parquet.Zstd, "brotli": &parquet.Brotli, "lz4": &parquet.Lz4Raw,
}

type person struct {
	ID    int64    `parquet:"id,delta"`
	Name  string   `parquet:"name,dict"`
	Email *string  `parquet:"email,optional"`
	Tags  []string `parquet:"tags,list"`
	Ok    bool     `parquet:"ok"`
	Notes string   `parquet:"notes,delta"`
	Born  int32    `parquet:"born,date"`
}

// people makes a file of 1,000 rows in several pages and groups.
func people(t testing.TB, codec string, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[person](&b, append(options, parquet.Compression(codecs[codec]), parquet.MaxRowsPerRowGroup(400), parquet.PageBufferSize(2048))...)
	for i := range 1000 {
		mail := strings.Repeat("x", i%7) + "@example.org"
		p := person{ID: int64(i), Name: []string{"Anna", "Bert"}[i%2], Email: &mail, Tags: []string{"a", "b"}[:i%3%2+1], Ok: i%2 == 0, Notes: "note", Born: 5000}
		if i%5 == 0 {
			p.Email = nil
		}
		if _, err := w.Write([]person{p}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParquet(t *testing.T) {
	for codec := range codecs {
		for _, version := range []int{1, 2} {
			data := people(t, codec, parquet.DataPageVersion(version))
			r := &record{}
			out, err := Read(bytes.NewReader(data), int64(len(data)), "a", Limits{}, r)
			if err != nil || out.Rows != 1000 || !(out.Complete || len(out.Notes) == 1) {
				t.Fatalf("%s, version %d: %+v, %v", codec, version, out, err)
			}
			if r.values["id"][99] != "99" || r.values["name"][1] != "Bert" || r.values["email"][0] != "x@example.org" || r.values["born"][0] != "1983-09-10" {
				t.Errorf("%s, version %d: %v", codec, version, r.values)
			}
			if tags := r.values["tags.list.element"]; len(tags) != 100 {
				t.Errorf("%s, version %d: %v %v", codec, version, r.names, tags)
			}
		}
	}
}

func TestParquetRows(t *testing.T) {
	data := people(t, "snappy")
	r := &record{}
	out, err := Read(bytes.NewReader(data), int64(len(data)), "a", Limits{Rows: 30}, r)
	if err != nil || out.Complete || out.Rows != 30 || len(r.values["id"]) != 30 {
		t.Errorf("%+v, %v, %d", out, err, len(r.values["id"]))
	}
}

// TestHonestBomb is a file of a few kilobytes with a value of 8 MB, read with a limit of 1 MB.
func TestHonestBomb(t *testing.T) {
	type row struct {
		V string `parquet:"v"`
		W string `parquet:"w"`
	}
	for _, codec := range []string{"gzip", "zstd", "snappy"} {
		var b bytes.Buffer
		w := parquet.NewGenericWriter[row](&b, parquet.Compression(codecs[codec]), parquet.SkipPageBounds("v"), parquet.DataPageStatistics(false))
		if _, err := w.Write([]row{{strings.Repeat("a", 8<<20), "anna@example.org"}}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r := &record{}
		before := allocated()
		out, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()), "a", Limits{Page: 1 << 20}, r)
		if err != nil || len(out.Notes) == 0 || !strings.Contains(out.Notes[0], "column 1 was not read whole: a page has") {
			t.Errorf("%s: %+v, %v", codec, out, err)
		}
		if len(r.values["w"]) != 1 {
			t.Errorf("%s: the other column has %v", codec, r.values["w"])
		}
		if grown := allocated() - before; grown > 6<<20 {
			t.Errorf("%s: allocated %d bytes", codec, grown)
		}
	}
}

// TestLyingPages are pages that hold more than their header says, or say more than they
// hold.
func TestLyingPages(t *testing.T) {
	var zeros bytes.Buffer
	z := gzip.NewWriter(&zeros)
	if _, err := z.Write(make([]byte, 100<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	plain := func(size, values int32, e format.Encoding) *format.PageHeader {
		h := &format.PageHeader{Type: format.DataPage, UncompressedPageSize: size}
		h.DataPageHeader = thrift.Null[format.DataPageHeader]{Valid: true, V: format.DataPageHeader{NumValues: values, Encoding: e, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE}}
		return h
	}
	run := binary.AppendUvarint([]byte{1}, 1<<31) // of the width 1, two thousand million times
	delta := binary.AppendUvarint([]byte{128, 1, 4}, 1<<31)
	for what, c := range map[string]struct {
		codec format.CompressionCodec
		head  *format.PageHeader
		body  []byte
	}{
		"gzip":          {format.Gzip, plain(1000, 10, format.Plain), zeros.Bytes()},
		"snappy":        {format.Snappy, plain(1000, 10, format.Plain), binary.AppendUvarint(nil, 1<<32-1)},
		"lz4":           {format.Lz4Raw, plain(1000, 10, format.Plain), []byte("damaged")},
		"values":        {format.Uncompressed, plain(4, 1<<30, format.Plain), []byte("abcd")},
		"unpacked size": {format.Gzip, plain(1<<30, 1, format.Plain), zeros.Bytes()},
		"run":           {format.Uncompressed, plain(int32(len(run)), 10, format.RLEDictionary), append(run, 0)},
		"delta":         {format.Uncompressed, plain(int32(len(delta)), 10, format.DeltaBinaryPacked), delta},
		"prefixes":      {format.Uncompressed, plain(4, 1, format.DeltaByteArray), []byte("abcd")},
	} {
		t.Run(what, func(t *testing.T) {
			c.head.CompressedPageSize = int32(len(c.body))
			head, err := thrift.Marshal(new(thrift.CompactProtocol), c.head)
			if err != nil {
				t.Fatal(err)
			}
			file := append(head, c.body...)
			p := &pages{file: bytes.NewReader(file), size: int64(len(file)), codec: c.codec, end: int64(len(file)), limit: 64 << 20}
			before := allocated()
			if _, err := p.next(); err == nil {
				t.Error("no error")
			}
			if grown := allocated() - before; grown > 4<<20 {
				t.Errorf("allocated %d bytes", grown)
			}
		})
	}
}
