// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/snappy"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/comity-project/comity"
)

func unsnappy(packed []byte, size int) ([]byte, error) {
	out, err := snappy.Decode(make([]byte, size), packed)
	if err != nil {
		return nil, errPages
	}
	return out, nil
}

// readParquet reads the first rows of each column.
func readParquet(file io.ReaderAt, size int64, limits Limits, sink Sink) (out Result, err error) {
	out.Format = Parquet
	defer func() {
		if v := recover(); v != nil {
			err = invalid("the Parquet file is damaged", "")
		}
	}()
	f, err := openParquet(file, size)
	if err != nil {
		return out, err
	}
	leaves := f.Schema().Columns()
	if len(leaves) > limits.Columns {
		out.note("more than %d columns; the others were not looked at", limits.Columns)
		leaves = leaves[:limits.Columns]
	}
	out.Complete = true
	p := &parquetFile{File: f, file: file, size: size, limits: limits, sink: sink, out: &out}
	full := 0
	for i, path := range leaves {
		leaf, ok := f.Schema().Lookup(path...)
		if !ok {
			continue
		}
		number := sink.Column(strings.Join(path, "."), typeOf(leaf.Node))
		if out.Bytes >= limits.Bytes {
			full++
			continue
		}
		rows, err := p.column(i, number, leaf)
		if err != nil {
			return out, err
		}
		out.Rows = max(out.Rows, rows)
	}
	if full > 0 {
		out.Complete = false
		out.note("%d columns were judged by their names alone: the limit of %d bytes was reached", full, limits.Bytes)
	}
	if out.Rows < f.NumRows() {
		out.Complete = false
		out.note("read the first %d of %d rows", out.Rows, f.NumRows())
	}
	return out, nil
}

// openParquet checks the footer before the library reads it.
func openParquet(file io.ReaderAt, size int64) (*parquet.File, error) {
	damaged := &comity.Error{Code: comity.CodeInvalid, Op: "open Parquet file", Err: errFooter}
	var tail [8]byte
	if size < 12 {
		return nil, damaged
	}
	if _, err := file.ReadAt(tail[:], size-8); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read: %w", err)
	}
	n := int64(binary.LittleEndian.Uint32(tail[:4]))
	switch {
	case string(tail[4:]) == "PARE":
		return nil, invalid("the Parquet file is encrypted", "")
	case string(tail[4:]) != "PAR1" || n > size-12 || n > maxFooter:
		return nil, damaged
	}
	footer := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(file, size-8-n, n), footer); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if checkFooter(footer) != nil {
		return nil, damaged
	}
	f, err := parquet.OpenFile(file, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, damaged
	}
	return f, nil
}

type parquetFile struct {
	*parquet.File
	file   io.ReaderAt
	size   int64
	limits Limits
	sink   Sink
	out    *Result
}

// column reads a column until there are rows enough. What is wrong with it is a note.
func (p *parquetFile) column(index, number int, leaf parquet.LeafColumn) (rows int64, err error) {
	for g, group := range p.RowGroups() {
		meta := p.Metadata().RowGroups[g].Columns[index].MetaData
		start := meta.DataPageOffset
		if meta.DictionaryPageOffset != 0 {
			start = meta.DictionaryPageOffset
		}
		if start < 4 || meta.TotalCompressedSize < 0 || meta.TotalCompressedSize > p.size-start {
			p.skip(leaf, errPages)
			return rows, nil
		}
		check := &pages{
			file: p.file, size: p.size, codec: meta.Codec, at: start, end: start + meta.TotalCompressedSize,
			limit: p.limits.Page, rep: leaf.MaxRepetitionLevel, def: leaf.MaxDefinitionLevel,
		}
		n, err := p.chunk(group.ColumnChunks()[index], check, number, leaf, p.limits.Rows-rows)
		rows += n
		var stop *stopped
		switch {
		case errors.As(err, &stop):
			return rows, stop.err
		case err != nil:
			p.skip(leaf, err)
			return rows, nil
		}
		if rows >= p.limits.Rows || p.out.Bytes >= p.limits.Bytes {
			return rows, nil
		}
	}
	return rows, nil
}

func (p *parquetFile) skip(leaf parquet.LeafColumn, err error) {
	p.out.Complete = false
	if len(p.out.Notes) < 20 {
		p.out.note("column %d was not read whole: %v", leaf.ColumnIndex+1, err)
	}
}

// stopped is an error of the sink, which ends everything.
type stopped struct{ err error }

func (s *stopped) Error() string { return s.err.Error() }

// chunk reads the pages of a column chunk, each after it was checked.
func (p *parquetFile) chunk(c parquet.ColumnChunk, check *pages, number int, leaf parquet.LeafColumn, most int64) (rows int64, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = errPages
		}
	}()
	in := c.Pages()
	defer in.Close()
	for rows < most && p.out.Bytes < p.limits.Bytes {
		cost, err := check.next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		p.out.Bytes += cost.bytes
		if err := p.sink.Read(cost.bytes); err != nil {
			return rows, &stopped{err}
		}
		page, err := in.ReadPage()
		if err != nil {
			return rows, errPages
		}
		n, err := p.values(page.Values(), number, leaf, most-rows)
		rows += n
		parquet.Release(page)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// values gives the sink the values of the rows that are still wanted.
func (p *parquetFile) values(in parquet.ValueReader, number int, leaf parquet.LeafColumn, most int64) (rows int64, err error) {
	buf := make([]parquet.Value, 256)
	for {
		n, err := in.ReadValues(buf)
		for _, v := range buf[:n] {
			if v.RepetitionLevel() == 0 {
				if rows == most {
					return rows, nil
				}
				rows++
			}
			text := p.text(v, leaf)
			if text == "" {
				continue
			}
			if err := p.sink.Value(number, text); err != nil {
				return rows, &stopped{err}
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case err != nil:
			return rows, errPages
		case n == 0:
			return rows, nil
		}
	}
}

// text writes a value; bytes that are no text are none.
func (p *parquetFile) text(v parquet.Value, leaf parquet.LeafColumn) string {
	if v.IsNull() {
		return ""
	}
	switch v.Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		b := v.ByteArray()
		cut := len(b) > p.limits.Value
		b = b[:min(len(b), p.limits.Value)]
		for i := 0; cut && i < utf8.UTFMax && len(b) > 0 && !utf8.Valid(b); i++ {
			b = b[:len(b)-1]
		}
		if !utf8.Valid(b) {
			return ""
		}
		return string(b)
	case parquet.Int32:
		if t := leaf.Node.Type().LogicalType(); t != nil {
			if _, ok := t.Value.(*format.DateType); ok {
				return time.Unix(int64(v.Int32())*86400, 0).UTC().Format(time.DateOnly)
			}
		}
	}
	return v.String()
}

// typeOf names the type of a column.
func typeOf(n parquet.Node) string {
	if t := n.Type().LogicalType(); t != nil && t.Value != nil {
		name := strings.ToLower(t.Value.String())
		if name, _, _ = strings.Cut(name, "("); name == "string" {
			return "text"
		}
		return name
	}
	return strings.ToLower(n.Type().Kind().String())
}
