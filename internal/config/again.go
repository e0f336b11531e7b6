// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"reflect"
	"slices"
)

// Changes are the keys whose values a file has anew, such as limits.body.
type Changes struct {
	// Applied take effect with a reload, Restart at the next start.
	Applied, Restart []string
}

// Again reads the file anew: the result is this configuration with what a reload can apply,
// and the hash of what the file says now. Without a file nothing changes.
func (c Config) Again() (Config, Changes, error) {
	if c.source == nil {
		return c, Changes{}, nil
	}
	now, err := Read(c.path)
	if err != nil {
		return c, Changes{}, err
	}
	ch := Changes{}
	for _, key := range differing(reflect.ValueOf(*c.source), reflect.ValueOf(now), "") {
		if reloadable(key) {
			ch.Applied = append(ch.Applied, key)
		} else {
			ch.Restart = append(ch.Restart, key)
		}
	}
	if !bytes.Equal(c.source.attributes, now.attributes) && !slices.Contains(ch.Restart, "attributes") {
		ch.Restart = append(ch.Restart, "attributes")
	}
	next, source := c, *c.source
	next.Packs, source.Packs = now.Packs, now.Packs
	next.hash, next.source = now.hash, &source
	return next, ch, nil
}

// reloadable tells the keys that need no restart.
func reloadable(key string) bool {
	return slices.Contains([]string{"packs.dirs", "packs.only", "packs.candidate"}, key)
}

// differing lists the keys of two structs whose values are not equal.
func differing(a, b reflect.Value, prefix string) (keys []string) {
	for i := range a.NumField() {
		name := a.Type().Field(i).Tag.Get("yaml")
		if name == "" {
			continue
		}
		x, y := a.Field(i), b.Field(i)
		switch {
		case x.Kind() == reflect.Struct:
			keys = append(keys, differing(x, y, prefix+name+".")...)
		case x.Kind() == reflect.Slice && x.Len() == 0 && y.Len() == 0:
		case !reflect.DeepEqual(x.Interface(), y.Interface()):
			keys = append(keys, prefix+name)
		}
	}
	return keys
}
