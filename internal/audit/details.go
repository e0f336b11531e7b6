// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import "fmt"

// checkDetails bounds what an application tells: a log is kept for years, and is no place for
// documents.
func checkDetails(details map[string]any) error {
	left := MaxDetails
	if len(details) == 0 {
		return nil
	}
	switch fault := spend(details, &left, MaxDetailsDepth); fault {
	case tooDeep:
		return invalidEvent(fmt.Sprintf("details are nested deeper than %d", MaxDetailsDepth), "flatten them")
	case tooMuch:
		return invalidEvent(fmt.Sprintf("details have more than %d bytes", MaxDetails), "keep large content elsewhere and record its hash")
	}
	return nil
}

// excess is the bound that details go beyond.
type excess uint8

const (
	within excess = iota
	tooDeep
	tooMuch
)

// ordinary is what a number or another value without a length counts.
const ordinary = 8

// spend takes the size of a value off what is left.
func spend(v any, left *int, depth int) excess {
	size := ordinary
	switch v := v.(type) {
	case string:
		size = len(v) + 2
	case []string:
		size = 2
		for _, text := range v {
			size += len(text) + 3
		}
	case []any:
		if depth == 0 {
			return tooDeep
		}
		size = 2
		for _, item := range v {
			if e := spend(item, left, depth-1); e != within {
				return e
			}
		}
	case map[string]any:
		if depth == 0 {
			return tooDeep
		}
		size = 2
		for name, item := range v {
			if *left -= len(name) + 4; *left < 0 {
				return tooMuch
			}
			if e := spend(item, left, depth-1); e != within {
				return e
			}
		}
	}
	if *left -= size; *left < 0 {
		return tooMuch
	}
	return within
}
