// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import "strings"

// meaning is the class of the Data Privacy Vocabulary of a category, and how sensitive it is.
type meaning struct{ dpv, sensitivity string }

// meanings are those of categories that no detector of values finds, or that several do.
// They hold for what is below them too.
var meanings = map[string]meaning{
	"user.account.username":   {"Username", medium},
	"user.account.settings":   {"Preference", low},
	"user.authorization":      {"Authenticating", high},
	"user.behavior":           {"Behavioral", low},
	"user.biometric":          {"Biometric", high},
	"user.childrens":          {"Offspring", medium},
	"user.contact":            {"Contact", low},
	"user.contact.address":    {"PhysicalAddress", medium},
	"user.name":               {"Name", medium},
	"user.contact.fax_number": {"Contact", medium},
	"user.content":            {"Communication", medium},
	"user.content.self_image": {"Picture", medium},
	"user.criminal_history":   {"Criminal", high},
	"user.demographic":        {"Demographic", medium},
	"user.demographic.citizenship_or_immigration_status": {"Citizenship", high},
	"user.demographic.gender":                            {"Gender", medium},
	"user.demographic.language":                          {"Language", low},
	"user.demographic.marital_status":                    {"MaritalStatus", medium},
	"user.demographic.philosophical_belief":              {"PhilosophicalBelief", high},
	"user.demographic.political_opinion":                 {"PoliticalOpinion", high},
	"user.demographic.profile":                           {"Interest", medium},
	"user.demographic.race_ethnicity":                    {"Ethnicity", high},
	"user.demographic.religious_belief":                  {"ReligiousBelief", high},
	"user.demographic.sexual_orientation":                {"Sexual", high},
	"user.demographic.union_membership":                  {"TradeUnionMembership", high},
	"user.device":                                        {"DeviceBased", medium},
	"user.social":                                        {"Relationship", medium},
	"user.health_and_medical.record_id":                  {"HealthRecord", high},
	"user.financial":                                     {"Financial", medium},
	"user.health_and_medical":                            {"MedicalHealth", high},
	"user.health_and_medical.genetic":                    {"Genetic", high},
	"user.job_title":                                     {"Professional", low},
	"user.workplace":                                     {"Professional", low},
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

// nearest is the meaning of a category, or of the next above that has one.
func nearest(category string) meaning {
	for c := category; c != ""; c = parent(c) {
		if m, ok := meanings[c]; ok {
			return m
		}
		var best meaning
		for _, k := range kinds {
			if k.category == c && (best.dpv == "" || k.dpv+k.sensitivity < best.dpv+best.sensitivity) {
				best = meaning{k.dpv, k.sensitivity}
			}
		}
		if best.dpv != "" {
			return best
		}
	}
	return meaning{}
}

// parent is the category above another, "" above the highest.
func parent(category string) string {
	return category[:max(0, strings.LastIndexByte(category, '.'))]
}
