// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package enginebench

import (
	"io/fs"
	"slices"

	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/packs"
)

// first are the packs of the first figures, to which later ones are compared: what more law
// costs shows beside them. The Swiss act is there because the DPF's Swiss sibling cites it.
var first = []string{
	"cn_pipl", "eu_ai_act", "eu_dpd_95_46", "eu_eprivacy", "eu_gdpr", "eu_us_dpf", "uk_gdpr", "us_ca_ccpa",
	"ch_nfadp", "us_hipaa", "us_il_bipa", "us_ny_nyc_ll144", "us_sec_17a4", "us_tax_records",
}

// somePacks are the embedded packs with certain ids.
type somePacks struct{ ids []string }

func (s somePacks) Open(name string) (fs.File, error) {
	if name == "vocabulary.yaml" { // it stays without the embedded packs
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return packs.FS.Open(name)
}

func (s somePacks) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(packs.FS, name)
	if name != "." {
		return list, err
	}
	return slices.DeleteFunc(list, func(d fs.DirEntry) bool { return !slices.Contains(s.ids, d.Name()) }), err
}

// realEngines are the packs of the first figures, and all.
func realEngines() ([]*engine.Engine, error) {
	var out []*engine.Engine
	for _, o := range []engine.Options{
		{NoEmbedded: true, Folders: []engine.Folder{{Name: "first packs", FS: somePacks{first}}}},
		{},
	} {
		e, err := engine.New(o)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}
