// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package packs_test

import (
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/internal/scenario"
	"github.com/comity-project/comity/packs"
)

// researched lists, for each pack, the requirements that the research into its law names.
// The pack may hold more, never less.
var researched = map[string]string{
	"ae_pdpl":     "AE-PDPL-22 AE-HEALTH-13",
	"ar_pdpa":     "AR-25326-12 AR-25326-5",
	"au_privacy":  "AU-APP-3-3 AU-APP-8 AU-APP-1-7",
	"br_lgpd":     "BR-LGPD-7 BR-LGPD-11 BR-LGPD-14 BR-LGPD-20 BR-LGPD-33 BR-LGPD-48 BR-MCI-15",
	"ca_pipeda":   "CA-PIPEDA-4-3 CA-PIPEDA-5-3 CA-PIPEDA-4-1-3",
	"ca_qc_law25": "CA-QC-17 CA-QC-12-1 CA-QC-45 CA-QC-3-3",
	"ch_nfadp":    "CH-FADP-16 CH-FADP-21 CH-FADP-6-7 CH-FADP-24 CH-FADP-19",
	"cn_pipl": "CN-PIPL-6 CN-PIPL-13 CN-PIPL-24 CN-PIPL-26 CN-PIPL-29 CN-PIPL-38 CN-PIPL-39 CN-PIPL-40 CN-PIPL-41 CN-SAM-4 " +
		"CN-CBDF-5 CN-CBDF-7 CN-CBDF-8 CN-PIPL-57",
	"eu_ai_act": "EU-AIA-5-1-A EU-AIA-5-1-C EU-AIA-5-1-D EU-AIA-5-1-E EU-AIA-5-1-F EU-AIA-5-1-G EU-AIA-5-1-H EU-AIA-5-NCII " +
		"EU-AIA-16 EU-AIA-16-I EU-AIA-26 EU-AIA-26-6 EU-AIA-50-1 EU-AIA-50-4 EU-AIA-53-1-D EU-AIA-10-5",
	"eu_dpd_95_46": "EU-DPD-25 EU-DPD-7 EU-DPD-12-14",
	"eu_eprivacy":  "EU-EPRIV-5-3",
	"eu_gdpr": "EU-GDPR-5-1-C EU-GDPR-5-1-E EU-GDPR-6 EU-GDPR-7-3 EU-GDPR-8 EU-GDPR-9 EU-GDPR-10 EU-GDPR-12-3 EU-GDPR-13-14 " +
		"EU-GDPR-15-1-H EU-GDPR-17 EU-GDPR-21-2 EU-GDPR-22 EU-GDPR-25 EU-GDPR-28 EU-GDPR-30 EU-GDPR-32 EU-GDPR-33 " +
		"EU-GDPR-34 EU-GDPR-35 EU-GDPR-44 EU-GDPR-45 EU-GDPR-46 EU-GDPR-48 EU-GDPR-49",
	"eu_member_states": "",
	"eu_us_dpf":        "DPF-LIST DPF-UK",
	"id_pdp":           "ID-PDP-46 ID-PDP-56",
	"in_dpdp":          "IN-DPDP-4 IN-DPDP-9 IN-DPDP-8-6 IN-DPDP-8-7 IN-DPDP-LOG IN-DPDP-16",
	"in_rbi_psd":       "IN-RBI-PSD",
	"iso27001": "ISO-A-5-12 ISO-A-5-15 ISO-A-5-18 ISO-A-5-24 ISO-A-5-31 ISO-A-5-33 ISO-A-5-34 ISO-A-8-2 ISO-A-8-5 ISO-A-8-8 " +
		"ISO-A-8-9 ISO-A-8-10 ISO-A-8-11 ISO-A-8-12 ISO-A-8-13 ISO-A-8-15 ISO-A-8-16 ISO-A-8-24 ISO-MD26",
	"jp_appi":    "JP-APPI-28 JP-APPI-SR4 JP-APPI-20",
	"ke_dpa":     "KE-DPA-31 KE-DPA-30 KE-DPA-48",
	"kr_pipa":    "KR-PIPA-28-8 KR-PIPA-37-2 KR-PIPA-34",
	"mx_lfpdppp": "MX-LF-7 MX-LF-8",
	"ng_ndpa":    "NG-NDPA-41 NG-NDPA-40",
	"pci_dss": "PCI-3-2-1 PCI-3-3-1 PCI-3-5-1 PCI-3-5-1-2 PCI-4-2-1 PCI-6-3-3 PCI-7-2-4 PCI-8-2-8 PCI-8-4-2 PCI-8-4-1 " +
		"PCI-10-5-1 PCI-11-3 PCI-12-10-1",
	"ru_152fz":     "RU-152FZ-18-5 RU-152FZ-12 RU-152FZ-9 RU-152FZ-16 RU-152FZ-21",
	"sa_pdpl":      "SA-PDPL-29 SA-PDPL-5 SA-PDPL-20",
	"sg_pdpa":      "SG-PDPA-13 SG-PDPA-26 SG-PDPA-26D",
	"soc2":         "SOC2-CC6-1 SOC2-CC6-2 SOC2-CC7-1 SOC2-CC7-2 SOC2-CC8-1 SOC2-C1-2 SOC2-P",
	"th_pdpa":      "TH-PDPA-26 TH-PDPA-28",
	"tr_kvkk":      "TR-KVKK-9 TR-KVKK-6",
	"uk_gdpr":      "UK-GDPR-22 UK-GDPR-22A UK-GDPR-22B UK-GDPR-44 UK-DPA-164A",
	"us_ca_ccpa":   "US-CA-100 US-CA-105 US-CA-120 US-CA-120C US-CA-121 US-CA-130 US-CA-ADMT US-CA-SCOPE",
	"us_cloud_act": "US-CLOUD-ACT",
	"us_co_ai_act": "US-CO-AI-24205 US-CO-ADMT",
	"us_co_cpa":    "US-CO-1306 US-CO-1308",
	"us_coppa":     "US-COPPA-312-5 US-COPPA-312-5A2 US-COPPA-312-10",
	"us_ct_ctdpa":  "US-CT-520",
	"us_doj_bulk":  "US-DOJ-301 US-DOJ-401",
	"us_fcra":      "US-FCRA-1681B US-FCRA-1681M",
	"us_ftc_act":   "US-FTC-5 US-HBNR-318",
	"us_glba":      "US-GLBA-6802 US-GLBA-314-4J US-GLBA-314-4C5",
	"us_hipaa": "US-HIPAA-502-E US-HIPAA-506 US-HIPAA-508 US-HIPAA-524 US-HIPAA-308-RA US-HIPAA-312 US-HIPAA-404 " +
		"US-HIPAA-316-B2 US-HIPAA-514",
	"us_il_bipa":      "US-IL-BIPA-15A US-IL-BIPA-15B US-IL-BIPA-15C US-IL-BIPA-15D US-IL-BIPA-20",
	"us_il_hb3773":    "US-IL-HRA-2-102L",
	"us_ny_nyc_ll144": "NYC-LL144-AUDIT NYC-LL144-PUB NYC-LL144-NOTICE",
	"us_sec_17a4":     "US-SEC-17A4-B",
	"us_tax_records":  "US-TAX-6001",
	"us_tx_tdpsa":     "US-TX-541 US-TX-CUBI",
	"us_va_cdpa":      "US-VA-578 US-VA-577",
	"vn_pdpl":         "VN-PDPL-CTIA VN-D13-25",
	"za_popia":        "ZA-POPIA-69 ZA-POPIA-72 ZA-POPIA-71",
	// Beyond the research.
	"cn_export_control": "",
	"cn_secrecy":        "",
	"company_example":   "",
	"eu_free_flow":      "",
	"eu_sanctions":      "",
	"eu_vat_invoice":    "",
	"in_gst_invoice":    "",
	"uk_sanctions":      "",
	"uk_vat_invoice":    "",
	"us_de_dpdpa":       "",
	"us_fl_fdbr":        "",
	"us_ia_icdpa":       "",
	"us_in_icdpa":       "",
	"us_ky_kcdpa":       "",
	"us_md_modpa":       "",
	"us_mn_mcdpa":       "",
	"us_mt_mcdpa":       "",
	"us_ne_ndpa":        "",
	"us_nh_nhpa":        "",
	"us_nj_njdpa":       "",
	"us_or_ocpa":        "",
	"us_preservation":   "",
	"us_ri_dtppa":       "",
	"us_sanctions":      "",
	"us_tn_tipa":        "",
	"us_ut_ucpa":        "",
	"us_wa_mhmda":       "",
	"usmca":             "",
}

// load compiles the embedded packs; a fault in one of them fails every pack.
func load(t *testing.T) *engine.Engine {
	t.Helper()
	eng, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return eng
}

// TestPacks holds each pack against its cases and against what every pack must be.
func TestPacks(t *testing.T) {
	eng := load(t)
	m := eng.Program().Model()
	if len(m.Packs) != len(researched) {
		t.Errorf("%d packs, %d in the list", len(m.Packs), len(researched))
	}
	for _, p := range m.Packs {
		t.Run(p.ID, func(t *testing.T) {
			t.Run("lint", func(t *testing.T) { lint(t, eng, p) })
			t.Run("files", func(t *testing.T) { files(t, p) })
			t.Run("reviews", func(t *testing.T) { reviews(t, p) })
			t.Run("penalties", func(t *testing.T) { penalties(t, p) })
			t.Run("requirements", func(t *testing.T) { requirements(t, p) })
			t.Run("cases", func(t *testing.T) { cases(t, eng, p) })
		})
	}
}

func lint(t *testing.T, eng *engine.Engine, p *pack.Pack) {
	list := eng.Findings()
	pack.Undated(eng.Program().Model(), &list)
	for _, f := range list {
		if strings.HasPrefix(f.Pos.File, "packs/"+p.ID+"/") {
			t.Error(f)
		}
	}
	if _, err := fs.Stat(packs.FS, path.Join(p.ID, "pack.yaml")); err != nil {
		t.Errorf("the folder of the pack has another name: %v", err)
	}
}

// anchor finds what YAML may not hold here, outside comments and texts.
var anchor = regexp.MustCompile(`(^|[:\-,\[{] )[&*][A-Za-z]`)

func files(t *testing.T, p *pack.Pack) {
	err := fs.WalkDir(packs.FS, p.ID, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(packs.FS, name)
		if err != nil {
			return err
		}
		for i, line := range bytes.Split(data, []byte("\n")) {
			switch {
			case bytes.ContainsRune(line, '—'):
				t.Errorf("packs/%s:%d: an em dash", name, i+1)
			case bytes.HasSuffix(line, []byte(" ")) || bytes.Contains(line, []byte("\t")) || bytes.HasSuffix(line, []byte("\r")):
				t.Errorf("packs/%s:%d: a tab, or white space at the end of a line", name, i+1)
			case anchor.Match(line) && !bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")):
				t.Errorf("packs/%s:%d: an anchor or alias", name, i+1)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// reviews: every pack was read, and will be again within two years.
func reviews(t *testing.T, p *pack.Pack) {
	first, err := pack.ParseDay("2026-01-01") // no pack is older than the project
	if err != nil {
		t.Fatal(err)
	}
	if p.Reviewed < first || p.NextReview <= p.Reviewed || p.NextReview > p.Reviewed+731 {
		t.Errorf("reviewed on %s, next on %s", p.Reviewed, p.NextReview)
	}
	if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(p.Version) || p.Summary == "" || len(p.Sources) == 0 {
		t.Errorf("version %q, summary %q, %d sources: each is needed", p.Version, p.Summary, len(p.Sources))
	}
}

// unpunished are packs whose breach costs nothing by law: standards, treaties that bind
// states, and a company's own policy.
var unpunished = []string{"company_example", "eu_free_flow", "iso27001", "pci_dss", "soc2", "usmca"}

// penalties: every pack says what a breach can cost and how that is computed, or that it
// costs nothing by law, and what happens instead.
func penalties(t *testing.T, p *pack.Pack) {
	if len(p.Penalties) == 0 {
		t.Fatal("no penalties; where there are none, the maximum says: none by law: what happens instead")
	}
	for i, x := range p.Penalties {
		if x.Maximum["en"] == "" || x.Computed["en"] == "" {
			t.Errorf("%s: maximum %q, computed %q: each is needed", x.Pos, x.Maximum["en"], x.Computed["en"])
		}
		none := strings.HasPrefix(x.Maximum["en"], "none by law")
		if i == 0 && none != slices.Contains(unpunished, p.ID) {
			t.Errorf("%s: %q does not fit the list of packs whose breach costs nothing by law", x.Pos, x.Maximum["en"])
		}
	}
}

func requirements(t *testing.T, p *pack.Pack) {
	var have []string
	for _, q := range p.Requirements {
		have = append(have, q.ID)
		if q.Text["en"] == "" || q.Title == "" {
			t.Errorf("%s lacks its title or English text", q.ID)
		}
	}
	for _, id := range strings.Fields(researched[p.ID]) {
		if !slices.Contains(have, id) {
			t.Errorf("%s is missing", id)
		}
	}
}

// cases decides the pack's cases: each is right, and together they use every part.
func cases(t *testing.T, eng *engine.Engine, p *pack.Pack) {
	list, err := scenario.Embedded([]string{p.ID})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	var outcomes []scenario.Outcome
	for _, c := range list {
		o := scenario.Run(eng, c)
		outcomes = append(outcomes, o)
		for _, f := range o.Faults {
			t.Errorf("%s:%d: %s: %s (cited: %s)", c.File, c.Line, c.Name, f, strings.Join(o.Decision.Citations, "; "))
		}
		if other := names[c.Name]; other != "" {
			t.Errorf("%s:%d: the name %q stands also in %s", c.File, c.Line, c.Name, other)
		}
		names[c.Name] = c.File
		for _, id := range slices.Concat(c.Stops, c.Passes) {
			if !slices.ContainsFunc(eng.Program().Model().Packs, func(q *pack.Pack) bool {
				return slices.ContainsFunc(q.Requirements, func(r *pack.Requirement) bool { return r.ID == id })
			}) {
				t.Errorf("%s:%d: %s: there is no requirement %s", c.File, c.Line, c.Name, id)
			}
		}
	}
	for _, u := range scenario.Cover(eng.Program().Model(), []string{p.ID}, outcomes).Uncovered {
		t.Error(u)
	}
}
