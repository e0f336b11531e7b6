// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// The library that reads Parquet allocates what a page says of itself: its unpacked size,
// the number of its values, the length of a run. This file looks at a page first, unpacks
// it against a limit, and refuses one that says more than it holds. What is refused costs
// the column, not the file.

const (
	maxPageHeader = 64 << 10
	maxPageValues = 4 << 20

	// plainDictionary is no longer written, and stands in many files.
	plainDictionary = format.Encoding(2)
)

// pages walks over the pages of a column chunk.
type pages struct {
	file  io.ReaderAt
	size  int64
	codec format.CompressionCodec
	at    int64
	end   int64
	limit int64
	rep   int // the highest levels
	def   int
}

// page is what a checked page costs and holds.
type page struct {
	values int64
	bytes  int64
}

var errPages = errors.New("a page is damaged, or says more of itself than it holds")

func tooLarge(what string, n, limit int64) error {
	return fmt.Errorf("a page has %s %d, more than %d", what, n, limit)
}

// next checks the page that the library reads next, and the dictionary before it.
func (p *pages) next() (page, error) {
	var out page
	for {
		h, n, err := p.header()
		if err != nil {
			return out, err
		}
		packed := make([]byte, h.CompressedPageSize)
		if _, err := io.ReadFull(io.NewSectionReader(p.file, p.at+n, int64(len(packed))), packed); err != nil {
			return out, errPages
		}
		p.at += n + int64(len(packed))
		out.bytes += n + int64(len(packed))
		switch h.Type {
		case format.DictionaryPage:
			err = p.dictionary(h, packed)
		case format.DataPage:
			out.values = int64(h.DataPageHeader.V.NumValues)
			return out, p.first(h, packed)
		case format.DataPageV2:
			out.values = int64(h.DataPageHeaderV2.V.NumValues)
			return out, p.second(h, packed)
		default:
			err = errors.New("a page is of a kind that is not known")
		}
		if err != nil {
			return out, err
		}
	}
}

// header reads a page's header and holds its sizes against the limits. It returns its
// length.
func (p *pages) header() (*format.PageHeader, int64, error) {
	if p.at >= p.end {
		return nil, 0, io.EOF
	}
	head := make([]byte, min(maxPageHeader, p.end-p.at))
	if _, err := io.ReadFull(io.NewSectionReader(p.file, p.at, int64(len(head))), head); err != nil {
		return nil, 0, errPages
	}
	var protocol thrift.CompactProtocol
	r := protocol.NewReaderFromBytes(head)
	h := new(format.PageHeader)
	if err := thrift.NewDecoder(r).Decode(h); err != nil {
		return nil, 0, errPages
	}
	n := int64(r.BytesRead())
	values := max(h.DataPageHeader.V.NumValues, h.DataPageHeaderV2.V.NumValues, h.DictionaryPageHeader.V.NumValues)
	switch {
	case h.CompressedPageSize < 0 || h.UncompressedPageSize < 0 || int64(h.CompressedPageSize) > p.end-p.at-n:
		return nil, 0, errPages
	case int64(h.CompressedPageSize) > p.limit:
		return nil, 0, tooLarge("a size of", int64(h.CompressedPageSize), p.limit)
	case int64(h.UncompressedPageSize) > p.limit:
		return nil, 0, tooLarge("an unpacked size of", int64(h.UncompressedPageSize), p.limit)
	case values > maxPageValues:
		return nil, 0, tooLarge("a number of values of", int64(values), maxPageValues)
	}
	return h, n, nil
}

// unpack unpacks to exactly the size that the header says.
func (p *pages) unpack(packed []byte, size int64) ([]byte, error) {
	var in io.Reader
	var err error
	switch p.codec {
	case format.Uncompressed:
		in = bytes.NewReader(packed)
	case format.Snappy:
		n, used := binary.Uvarint(packed)
		if used <= 0 || n != uint64(size) {
			return nil, errPages
		}
		return unsnappy(packed, int(size))
	case format.Gzip:
		in, err = gzip.NewReader(bytes.NewReader(packed))
	case format.Brotli:
		in = brotli.NewReader(bytes.NewReader(packed))
	case format.Zstd:
		var z *zstd.Decoder
		if z, err = zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(p.limit)+1<<20)); err == nil {
			defer z.Close()
		}
		in = z
	case format.Lz4Raw:
		out := make([]byte, size)
		n, err := lz4.UncompressBlock(packed, out)
		if err != nil || int64(n) != size {
			return nil, errPages
		}
		return out, nil
	default:
		return nil, fmt.Errorf("the compression %s is not read", p.codec)
	}
	if err != nil {
		return nil, errPages
	}
	out := make([]byte, size)
	if _, err := io.ReadFull(in, out); err != nil {
		return nil, errPages
	}
	var more [1]byte
	if n, _ := in.Read(more[:]); n > 0 {
		return nil, errors.New("a page unpacks to more than it says")
	}
	return out, nil
}

func (p *pages) dictionary(h *format.PageHeader, packed []byte) error {
	if e := h.DictionaryPageHeader.V.Encoding; e != format.Plain && e != plainDictionary {
		return fmt.Errorf("a dictionary in the encoding %s is not read", e)
	}
	_, err := p.unpack(packed, int64(h.UncompressedPageSize))
	return err
}

// first checks a data page of version 1: levels, each with its length, then the values.
func (p *pages) first(h *format.PageHeader, packed []byte) error {
	data, err := p.unpack(packed, int64(h.UncompressedPageSize))
	if err != nil {
		return err
	}
	v := h.DataPageHeader.V
	for _, level := range []struct {
		most     int
		encoding format.Encoding
	}{{p.rep, v.RepetitionLevelEncoding}, {p.def, v.DefinitionLevelEncoding}} {
		if level.most == 0 {
			continue
		}
		if level.encoding != format.RLE || len(data) < 4 {
			return errPages
		}
		n := binary.LittleEndian.Uint32(data)
		if uint64(n) > uint64(len(data)-4) {
			return errPages
		}
		if err := runs(data[4:4+n], bits.Len(uint(level.most)), v.NumValues); err != nil {
			return err
		}
		data = data[4+n:]
	}
	return encoded(data, v.Encoding, v.NumValues)
}

// second checks a data page of version 2, whose levels are not packed.
func (p *pages) second(h *format.PageHeader, packed []byte) error {
	v := h.DataPageHeaderV2.V
	rep, def := int64(v.RepetitionLevelsByteLength), int64(v.DefinitionLevelsByteLength)
	if rep < 0 || def < 0 || rep+def > int64(len(packed)) || rep+def > int64(h.UncompressedPageSize) || v.NumNulls < 0 || v.NumRows < 0 || v.NumRows > v.NumValues {
		return errPages
	}
	if err := runs(packed[:rep], bits.Len(uint(p.rep)), v.NumValues); err != nil {
		return err
	}
	if err := runs(packed[rep:rep+def], bits.Len(uint(p.def)), v.NumValues); err != nil {
		return err
	}
	data := packed[rep+def:]
	if size := int64(h.UncompressedPageSize) - rep - def; len(data) > 0 && (!v.IsCompressed.Valid || v.IsCompressed.V) {
		var err error
		if data, err = p.unpack(data, size); err != nil {
			return err
		}
	}
	return encoded(data, v.Encoding, v.NumValues)
}

// encoded checks the numbers that values say of themselves.
func encoded(data []byte, e format.Encoding, values int32) error {
	switch e {
	case format.Plain, format.ByteStreamSplit:
		return nil
	case plainDictionary, format.RLEDictionary:
		if len(data) == 0 {
			return nil
		}
		if data[0] > 32 {
			return errPages
		}
		return runs(data[1:], int(data[0]), values)
	case format.RLE: // of truth values, with their length
		if len(data) < 4 {
			return errPages
		}
		return runs(data[4:], 1, values)
	case format.DeltaBinaryPacked, format.DeltaLengthByteArray:
		for range 2 { // the size of a block, and its parts
			_, n := binary.Uvarint(data)
			if n <= 0 {
				return errPages
			}
			data = data[n:]
		}
		if total, n := binary.Uvarint(data); n <= 0 || total > uint64(values) {
			return errPages
		}
		return nil
	}
	// In DELTA_BYTE_ARRAY a few bytes repeat what may be a long value: there is no bound.
	return fmt.Errorf("the encoding %s is not read", e)
}

// runs walks over runs of equal values and groups of eight packed ones: together they are
// no more than the page has.
func runs(data []byte, width int, values int32) error {
	total := uint64(0)
	for len(data) > 0 && total < uint64(values) {
		head, n := binary.Uvarint(data)
		if n <= 0 || head > 1<<33 {
			return errPages
		}
		data = data[n:]
		size := uint64(width+7) / 8
		count := head >> 1
		if head&1 == 1 {
			size, count = count*uint64(width), count*8
		}
		if total += count; total > uint64(values)+7 {
			return errPages
		}
		data = data[min(size, uint64(len(data))):]
	}
	if total >= uint64(values) && len(data) > 0 && width > 0 {
		return errPages // what follows would be read, too
	}
	return nil
}
