// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Label is what a finding is called, and what that means in two vocabularies: a fideslang
// data category and a class of the Data Privacy Vocabulary.
type Label struct {
	Name        string
	Category    string
	DPV         string
	Sensitivity string
}

// kind gives the labels of one sort their meaning.
type kind struct {
	category, dpv, sensitivity string
}

const (
	dpvBase = "https://w3id.org/dpv/pd#"
	low     = "low"
	medium  = "medium"
	high    = "high"
)

// kinds are what a detector may be of.
var kinds = map[string]kind{
	"person":        {"user.name", "Name", medium},
	"title":         {"user.name", "Name", low},
	"address":       {"user.contact.address.street", "PhysicalAddress", medium},
	"postcode":      {"user.contact.address.postal_code", "PhysicalAddress", medium},
	"place":         {"user.location", "Location", low},
	"organization":  {"user.contact.organization", "ProfessionalEmployment", low},
	"group":         {"user.demographic.race_ethnicity", "Nationality", high},
	"age":           {"user.demographic.age_range", "AgeExact", medium},
	"date":          {"user.behavior", "Identifying", low},
	"birth":         {"user.demographic.date_of_birth", "BirthDate", medium},
	"email":         {"user.contact.email", "EmailAddress", medium},
	"phone":         {"user.contact.phone_number", "TelephoneNumber", medium},
	"url":           {"user.contact.url", "Contact", low},
	"ip":            {"user.device.ip_address", "IPAddress", medium},
	"device":        {"user.device.device_id", "MACAddress", medium},
	"card":          {"user.payment", "CreditCardNumber", high},
	"bank":          {"user.financial.bank_account", "BankAccount", high},
	"crypto":        {"user.financial", "FinancialAccount", medium},
	"national":      {"user.government_id.national_identification_number", "OfficialID", high},
	"identity_card": {"user.government_id.national_identification_number", "OfficialID", high},
	"tax":           {"user.government_id", "OfficialID", medium},
	"passport":      {"user.government_id.passport_number", "Passport", high},
	"license":       {"user.government_id.drivers_license_number", "OfficialID", high},
	"vehicle":       {"user.government_id", "VehicalLicenseRegistration", medium}, // spelt so in the vocabulary,
	"health":        {"user.health_and_medical", "HealthRecord", high},
	"professional":  {"user.job_title", "ProfessionalCertification", low},
	"secret":        {"user.authorization.credentials", "SecretText", high},
	"password":      {"user.authorization.password", "Password", high},
	"id":            {"user.unique_id", "Identifying", medium},
}

// newLabel makes a label of a kind; category, if given, replaces the kind's.
func newLabel(name, kindName, category string) (*Label, error) {
	k, ok := kinds[kindName]
	if !ok && (kindName != "" || category == "") {
		return nil, fmt.Errorf("unknown kind %q; kinds are %s", kindName, strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
	}
	if !ok {
		k = kinds["id"]
	}
	if category != "" {
		k.category = category
	}
	if !strings.HasPrefix(k.category, "user") && !strings.HasPrefix(k.category, "system") {
		return nil, fmt.Errorf("category %q is no fideslang data category: it starts with user or system", k.category)
	}
	return &Label{name, k.category, dpvBase + k.dpv, k.sensitivity}, nil
}

// labels are those that no table of detectors makes.
type labels struct {
	person, title, street, place, org, group, age, date, birth, email, phone, url, domain, ip, mac,
	iban, card, ssn, crypto, key, password, account, zip, passport *Label
}

func newLabels() *labels {
	l := func(name, kindName string) *Label {
		k := kinds[kindName]
		return &Label{name, k.category, dpvBase + k.dpv, k.sensitivity}
	}
	return &labels{
		person: l("PERSON", "person"), title: l("TITLE", "title"), street: l("STREET_ADDRESS", "address"),
		place: l("LOCATION", "place"), org: l("ORGANIZATION", "organization"), group: l("NRP", "group"),
		age: l("AGE", "age"), date: l("DATE_TIME", "date"), birth: l("DATE_TIME", "birth"),
		email: l("EMAIL_ADDRESS", "email"), phone: l("PHONE_NUMBER", "phone"), url: l("URL", "url"),
		domain: l("DOMAIN_NAME", "url"), ip: l("IP_ADDRESS", "ip"), mac: l("MAC_ADDRESS", "device"),
		iban: l("IBAN_CODE", "bank"), card: l("CREDIT_CARD", "card"), ssn: l("US_SSN", "national"), crypto: l("CRYPTO", "crypto"), key: l("SECRET", "secret"),
		password: l("PASSWORD", "password"), account: l("ACCOUNT_NUMBER", "id"), zip: l("ZIP_CODE", "postcode"), passport: l("PASSPORT", "passport"),
	}
}
