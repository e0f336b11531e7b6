// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"encoding/binary"
	"errors"
)

// Limits of a Parquet footer. A list's length is allocated before its elements are read, so
// that a few bytes could ask for all memory there is.
const (
	maxFooter   = 16 << 20
	maxElements = 2_000_000
	maxStructs  = 400_000
	maxNesting  = 32
)

var errFooter = errors.New("its footer is damaged, or larger than any real one")

// footer walks over a structure in Thrift's compact protocol without keeping anything, and
// adds up what a reader would have to allocate.
type footer struct {
	data              []byte
	elements, structs int
}

// checkFooter refuses a footer whose lists are longer than their bytes can hold, or too
// many.
func checkFooter(data []byte) error {
	f := &footer{data: data}
	return f.object(0)
}

func (f *footer) byte() (byte, error) {
	if len(f.data) == 0 {
		return 0, errFooter
	}
	b := f.data[0]
	f.data = f.data[1:]
	return b, nil
}

func (f *footer) uvarint() (uint64, error) {
	v, n := binary.Uvarint(f.data)
	if n <= 0 {
		return 0, errFooter
	}
	f.data = f.data[n:]
	return v, nil
}

func (f *footer) skip(n uint64) error {
	if n > uint64(len(f.data)) {
		return errFooter
	}
	f.data = f.data[n:]
	return nil
}

// object reads fields up to the one that stops.
func (f *footer) object(depth int) error {
	if f.structs++; depth > maxNesting || f.structs > maxStructs {
		return errFooter
	}
	for {
		head, err := f.byte()
		if err != nil || head == 0 {
			return err
		}
		if head>>4 == 0 { // the number of the field follows
			if _, err := f.uvarint(); err != nil {
				return err
			}
		}
		if err := f.value(head&15, false, depth); err != nil {
			return err
		}
	}
}

// value reads a value of a type of the compact protocol. A truth value stands in its type,
// unless it is an element of a list.
func (f *footer) value(typ byte, element bool, depth int) error {
	switch typ {
	case 1, 2:
		if element {
			return f.skip(1)
		}
		return nil
	case 3:
		return f.skip(1)
	case 4, 5, 6:
		_, err := f.uvarint()
		return err
	case 7:
		return f.skip(8)
	case 8:
		n, err := f.uvarint()
		if err != nil {
			return err
		}
		return f.skip(n)
	case 9, 10:
		return f.list(depth)
	case 12:
		return f.object(depth + 1)
	}
	return errFooter // a map, which Parquet does not use, or nothing that there is
}

func (f *footer) list(depth int) error {
	head, err := f.byte()
	if err != nil {
		return err
	}
	n := uint64(head >> 4)
	if n == 15 {
		if n, err = f.uvarint(); err != nil {
			return err
		}
	}
	if n > uint64(len(f.data)) || depth > maxNesting {
		return errFooter
	}
	if f.elements += int(n); f.elements > maxElements {
		return errFooter
	}
	for range n {
		if err := f.value(head&15, true, depth+1); err != nil {
			return err
		}
	}
	return nil
}
