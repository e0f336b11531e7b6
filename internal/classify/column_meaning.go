// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import "strings"

// meanings are those of categories that no detector of values finds, in the Data Privacy
// Vocabulary, and how sensitive they are. They hold for what is below them too.
var meanings = map[string]kind{
	"user.account.username":   {"", "Username", medium},
	"user.account.settings":   {"", "Preference", low},
	"user.authorization":      {"", "Authenticating", high},
	"user.behavior":           {"", "Behavioral", low},
	"user.biometric":          {"", "Biometric", high},
	"user.childrens":          {"", "Offspring", medium},
	"user.contact":            {"", "Contact", low},
	"user.contact.fax_number": {"", "Contact", medium},
	"user.content":            {"", "Communication", medium},
	"user.content.self_image": {"", "Picture", medium},
	"user.criminal_history":   {"", "Criminal", high},
	"user.demographic":        {"", "Demographic", medium},
	"user.demographic.citizenship_or_immigration_status": {"", "Citizenship", high},
	"user.demographic.gender":                            {"", "Gender", medium},
	"user.demographic.language":                          {"", "Language", low},
	"user.demographic.marital_status":                    {"", "MaritalStatus", medium},
	"user.demographic.philosophical_belief":              {"", "PhilosophicalBelief", high},
	"user.demographic.political_opinion":                 {"", "PoliticalOpinion", high},
	"user.demographic.profile":                           {"", "Interest", medium},
	"user.demographic.race_ethnicity":                    {"", "Ethnicity", high},
	"user.demographic.religious_belief":                  {"", "ReligiousBelief", high},
	"user.demographic.sexual_orientation":                {"", "Sexual", high},
	"user.demographic.union_membership":                  {"", "TradeUnionMembership", high},
	"user.device":                                        {"", "DeviceBased", medium},
	"user.social":                                        {"", "Relationship", medium},
	"user.health_and_medical.record_id":                  {"", "HealthRecord", high},
	"user.financial":                                     {"", "Financial", medium},
	"user.health_and_medical":                            {"", "MedicalHealth", high},
	"user.health_and_medical.genetic":                    {"", "Genetic", high},
	"user.job_title":                                     {"", "Professional", low},
	"user.workplace":                                     {"", "Professional", low},
}

// dpvOf and sensitivityOf are those of the kind or meaning whose category is nearest.
func dpvOf(category string) string {
	if k := nearest(category); k.dpv != "" {
		return dpvBase + k.dpv
	}
	return dpvBase + "PersonalData"
}

func sensitivityOf(category string) string {
	if strings.HasPrefix(category, "user.government_id") {
		return high
	}
	if k := nearest(category); k.sensitivity != "" {
		return k.sensitivity
	}
	return medium
}

func nearest(category string) kind {
	for c := category; c != ""; c = parent(c) {
		if k, ok := meanings[c]; ok {
			return k
		}
		var best kind
		for _, k := range kinds {
			if k.category == c && (best.category == "" || k.dpv < best.dpv) {
				best = k
			}
		}
		if best.category != "" {
			return best
		}
	}
	return kind{}
}

// parent is the category above another, "" above the highest.
func parent(category string) string {
	return category[:max(0, strings.LastIndexByte(category, '.'))]
}
