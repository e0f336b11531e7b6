// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"os"
	"strings"
	"testing"
)

// Names in many languages, as schemas write them: with and without marks, in cases of all
// sorts, written together, with whose it is before or behind.
func TestColumnLanguages(t *testing.T) {
	file, err := os.ReadFile("testdata/columns_world.txt")
	if err != nil {
		t.Fatal(err)
	}
	c := classifier(t)
	seen := map[string]int{}
	for line := range strings.Lines(string(file)) {
		f := strings.Fields(line)
		if len(f) != 4 || f[0] == "#" {
			continue
		}
		seen[f[0]]++
		table := strings.TrimPrefix(f[1], "_")
		if got := c.Column(Column{Table: table, Column: f[2]}); got.Category != f[3] {
			t.Errorf("%s: %s.%s is %s (%s), want %s", f[0], f[1], f[2], got.Category, got.Why, f[3])
		}
	}
	if len(seen) < 23 {
		t.Errorf("%d languages, want 23: %v", len(seen), seen)
	}
}

// Few samples decide if they are found with certainty, and do not overrule the name.
func TestColumnSamples(t *testing.T) {
	const mail, card, pesel, date, url = "anna@example.org", "4111 1111 1111 1111", "44051401359", "2024-05-01", "https://example.org/1"
	c := classifier(t)
	for _, v := range []struct {
		column  string
		samples []string
		want    string
		score   float64
	}{
		{"c1", []string{mail}, "user.contact.email", 0.73},
		{"c1", []string{mail, "", "bert@example.org"}, "user.contact.email", 0.8},
		{"c1", []string{mail, "bert@example.org", "cleo@example.org"}, "user.contact.email", 0.95},
		{"c1", []string{card}, "user.payment", 0.73},
		{"c1", []string{mail, "none"}, None, 0.7},
		{"c1", []string{mail, "none", "bert@example.org", "cleo@example.org"}, "user.contact.email", 0.84},
		{"c1", []string{"write to " + mail}, None, 0.7},
		{"c1", []string{pesel}, None, 0.7}, // one number in ten has a right check digit
		{"c1", []string{pesel, pesel}, None, 0.7},
		{"c1", []string{pesel, "02070803628", "92071314764"}, "user.government_id.national_identification_number", 0.95},
		{"c1", []string{date, date, date}, None, 0.7},
		{"c1", []string{url, url, url}, None, 0.7},
		{"username", []string{mail}, "user.account.username", 0.8},
		{"username", []string{mail, mail, mail}, "user.contact.email", 0.95},
		{"email", []string{mail}, "user.contact.email", 0.95},
		{"name", nil, "user.name", 0.5}, // of whom, no table says
	} {
		got := c.Column(Column{Column: v.column, Samples: v.samples})
		if got.Category != v.want || got.Score != v.score {
			t.Errorf("%s %q: %+v, want %s %v", v.column, v.samples, got, v.want, v.score)
		}
	}
}

// What the table, the path and the words around a phrase make of it.
func TestColumnContext(t *testing.T) {
	c := classifier(t)
	for _, v := range []struct{ table, column, typ, want string }{
		{"customers", "customer_name", "text", "user.name"},
		{"products", "product_name", "text", None},
		{"emp_emergency_contacts", "eec_name", "text", "user.name"},
		{"wp_comments", "comment_content", "text", "user.content"},
		{"order_lines", "name", "text", None},
		{"orders", "billing_state", "text", "user.contact.address.state"},
		{"orders", "customer_state", "text", None},
		{"orders", "customer.marketing_consent.state", "text", None},
		{"orders", "company_city", "text", None},
		{"stores", "city", "text", None},
		{"store_employees", "city", "text", "user.contact.address.city"},
		{"posts", "last_editor_user_id", "int", None},
		{"posts", "user_id", "int", "user.unique_id"},
		{"users", "_id", "text", None},
		{"users", "id", "int", "user.unique_id"},
		{"user_entity", "id", "int", "user.unique_id"},
		{"user_roles", "id", "int", None},
		{"app.users", "app_id", "text", "user.unique_id"},
		{"app.users", "web_id", "text", None},
		{"crm.accounts", "account_number", "text", None},
		{"bank.accounts", "account_number", "text", "user.financial.bank_account"},
		{"accounts", "account_number", "text", "user.financial.bank_account"},
		{"api_log", "client_name", "text", None},
		{"invoices", "client_name", "text", "user.name"},
		{"servers", "ip_address", "text", None},
		{"visits", "ip_address", "text", "user.device.ip_address"},
		{"drug_orders", "quantity", "float", "user.health_and_medical"},
		{"orders", "quantity", "float", None},
		{"payment_cards", "name", "text", "user.name"},
		{"persons", "is_smoker", "boolean", "user.health_and_medical"},
		{"persons", "email", "boolean", None},
		{"persons", "phone_work", "text", "user.contact.phone_number"},
		{"persons", "phone_type", "text", None},
		{"persons", "id_customer", "int", "user.unique_id"},
		{"persons", "email_lower", "text", "user.contact.email"},
		{"persons", "customer_ids", "text", None},
		{"cards", "dynamic_last4", "text", "user.financial.bank_account"},
	} {
		if got := c.Column(Column{Table: v.table, Column: v.column, Type: v.typ}); got.Category != v.want {
			t.Errorf("%s.%s: %s (%s), want %s", v.table, v.column, got.Category, got.Why, v.want)
		}
	}
}

// Special categories of the law are sensitive, and each has a class of the Data Privacy
// Vocabulary.
func TestColumnMeanings(t *testing.T) {
	c := classifier(t)
	for column, want := range map[string]ColumnAnswer{
		"sexual_orientation": {"user.demographic.sexual_orientation", dpvBase + "Sexual", high, 0.8, ""},
		"religion":           {"user.demographic.religious_belief", dpvBase + "ReligiousBelief", high, 0.8, ""},
		"ethnicity":          {"user.demographic.race_ethnicity", dpvBase + "Ethnicity", high, 0.8, ""},
		"political_opinion":  {"user.demographic.political_opinion", dpvBase + "PoliticalOpinion", high, 0.8, ""},
		"union_membership":   {"user.demographic.union_membership", dpvBase + "TradeUnionMembership", high, 0.8, ""},
		"diagnosis":          {"user.health_and_medical", dpvBase + "MedicalHealth", high, 0.8, ""},
		"dna_profile":        {"user.health_and_medical.genetic", dpvBase + "Genetic", high, 0.8, ""},
		"iris_scan":          {"user.biometric.retinal", dpvBase + "Biometric", high, 0.8, ""},
		"criminal_record":    {"user.criminal_history", dpvBase + "Criminal", high, 0.8, ""},
		"first_name":         {"user.name.first", dpvBase + "Name", medium, 0.8, ""},
		"city":               {"user.contact.address.city", dpvBase + "PhysicalAddress", medium, 0.8, ""},
		"passport_no":        {"user.government_id.passport_number", dpvBase + "Passport", high, 0.8, ""},
		"email":              {"user.contact.email", dpvBase + "EmailAddress", medium, 0.8, ""},
	} {
		got := c.Column(Column{Table: "employees", Column: column})
		got.Why = ""
		if got != want {
			t.Errorf("%s: %+v, want %+v", column, got, want)
		}
	}
	for _, rules := range c.columns.byPhrase {
		for _, r := range rules {
			if r.category != None && r.category != "user" && dpvOf(r.category) == dpvBase+"PersonalData" {
				t.Errorf("%s has no class of the Data Privacy Vocabulary", r.category)
			}
			if r.category != None && !strings.HasPrefix(r.category, "user") || r.in != "" && c.columns.about[r.in] == nil {
				t.Errorf("%s in %q: no such category or context", r.category, r.in)
			}
		}
	}
}

// A name of a megabyte costs no more than its end.
func TestColumnIsBounded(t *testing.T) {
	c := classifier(t)
	for _, part := range []string{"a_", "name.", "customer", "姓", "de_la_", "\xff", "addressaddress_"} {
		long := strings.Repeat(part, 1<<20/len(part))
		col := Column{Table: long, Column: long + "_email"}
		if n := testing.AllocsPerRun(1, func() { c.Column(col) }); n > 50_000 {
			t.Errorf("%q: %v allocations", part, n)
		}
		if got := c.Column(Column{Column: long + "_email"}); got.Category != "user.contact.email" {
			t.Errorf("%q: %s", part, got.Category)
		}
	}
	for category, rules := range c.columns.byPhrase {
		if n := len(strings.Fields(category)); n > maxPhrase {
			t.Errorf("%q in %v has %d words", category, rules, n)
		}
	}
}
