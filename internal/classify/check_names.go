// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

import "strings"

// rangeChecks are those that know which numbers were never given, but no check digit.
var rangeChecks = newWordList("ssn", "ssn_form", "itin", "us_ein", "us_tin", "ymd", "nl_postcode", "uk_postcode", "uk_plate", "in_state")

// namedChecks are the checks that a detector may name.
var namedChecks = map[string]check{
	"luhn": func(s string) bool { return luhn(strings.TrimPrefix(s, "IT")) }, "verhoeff": verhoeff, "mod11_10": func(s string) bool { return mod1110(strings.TrimLeft(s, "DEHR")) },
	"mod97": func(s string) bool { return mod97(s) == 1 },
	"ymd":   ymd,
	"card":  cardNumber, "imei": imei,
	"ssn": ssn, "ssn_form": ssnForm, "itin": itin, "npi": func(s string) bool { return len(s) == 10 && luhn("80840"+s) },
	"weights731": weights731, "de_health": deHealth, "de_idnr": deIDNr,
	"ad_nrt": adNRT, "ar_cuit": arCUIT, "at_vnr": atVNR, "at_uid": atUID,
	"au_abn": auABN, "au_medicare": auMedicare, "au_tfn": auTFN,
	"be_nn": beNN, "be_bis": beBIS, "be_ssn": func(s string) bool { return beNN(s) || beBIS(s) }, "be_vat": func(s string) bool { return beVAT(strings.TrimPrefix(s, "BE")) }, "be_eid": beEID,
	"bg_egn": bgEGN, "br_cpf": brCPF, "br_cnpj": brCNPJ, "br_tax": func(s string) bool { return brCPF(s) || brCNPJ(s) },
	"ca_sin": caSIN, "ca_tax": luhn, "ch_ssn": chSSN, "ch_uid": chUID, "cl_rut": clRUT,
	"cn_ric": cnRIC, "cn_id": func(s string) bool { return cnRIC(s) || cnOld(s) }, "cn_uscc": cnUSCC, "co_nit": coNIT,
	"cy_vat": tail(9, cyVAT), "cz_rc": czRC, "cz_dic": func(s string) bool { return czDIC(strings.TrimPrefix(s, "CZ")) },
	"do_rnc": doRNC, "ec_ci": ecCI, "ec_ruc": ecRUC, "ee_ik": eeIK,
	"es_dni": esDNI, "es_nie": esNIE, "es_id": func(s string) bool { return esDNI(s) || esNIE(s) }, "es_nif": esNIF, "es_cif": esCIF,
	"fi_hetu": fiHETU, "fr_nir": frNIR, "fr_nif": frNIF, "fr_siret": frSIRET, "fr_tva": frTVA,
	"gb_nino": gbNINO, "gb_vat": gbVAT, "gb_utr": gbUTR, "gr_amka": func(s string) bool { return luhn(s) && dmy(s) },
	"gt_nit": gtNIT, "hk_id": hkID, "id_nik": idNIK, "id_npwp": func(s string) bool { return len(s) >= 9 && luhn(s[:9]) },
	"ie_pps": func(s string) bool { return iePPS(strings.TrimPrefix(s, "IE")) }, "ie_vat": func(s string) bool { return ieVAT(strings.TrimPrefix(s, "IE")) }, "il_id": ilID, "in_aadhaar": inAadhaar, "in_pan": inPAN, "in_gstin": inGSTIN, "in_epic": func(s string) bool { return luhn(s[3:]) },
	"ir_id": irID, "is_kennitala": isKennitala, "it_cf": itCF, "jp_cn": jpCN,
	"kr_rrn": krRRN, "kr_frn": krFRN, "kr_brn": krBRN, "lt_pvm": func(s string) bool { return ltPVM(strings.TrimPrefix(s, "LT")) }, "lu_tva": tail(8, luTVA), "lv_pk": lvPK, "lv_pvn": tail(11, lvPVN),
	"ly_id": lyID, "ma_ice": func(s string) bool { return remainder(s, 97) == 0 },
	"mx_curp": mxCURP, "mx_rfc": mxRFC, "my_nric": myNRIC, "mz_nuit": mzNUIT,
	"nl_bsn": nlBSN, "nl_btw": nlBTW, "no_fnr": noFNR, "nz_ird": nzIRD, "pk_cnic": pkCNIC, "pe_cui": peCUI,
	"pl_pesel": plPESEL, "pt_nif": tail(9, ptNIF), "py_ruc": pyRUC,
	"ro_cnp": roCNP, "ro_cui": roCUI, "ro_cf": func(s string) bool { return roCUI(s) || roCNP(s) },
	"ru_inn": ruINN, "ru_ogrn": ruOGRN, "ru_snils": ruSNILS,
	"se_pnr": sePNR, "se_vat": tail(12, func(s string) bool { return luhn(s[:10]) && s[10:] == "01" }),
	"sg_nric": sgNRIC, "sg_uen": sgUEN, "si_emso": siEMSO, "si_ddv": tail(8, siDDV), "sk_dph": func(s string) bool { s = strings.TrimPrefix(s, "SK"); return s[0] != '0' && remainder(s, 11) == 0 },
	"th_pin": thPIN, "th_moa": thMOA, "th_tin": func(s string) bool { return thPIN(s) || thMOA(s) },
	"tr_id": trID, "tr_vkn": trVKN, "tw_id": twID, "tw_ubn": twUBN,
	"ua_edrpou": uaEDRPOU, "ua_rntrc": uaRNTRC, "us_aba": usABA, "us_tin": usTIN, "ve_rif": veRIF, "vn_mst": vnMST, "za_id": zaID,
	"nl_postcode": nlPostcode, "uk_driving": ukDriving,
	"baltic": balticDigit, "it_iva": tail(11, itIVA), "uy_rut": uyRUT, "us_ein": usEIN, "dk_cpr": dkCPR, "ca_bn": func(s string) bool { return luhn(s[:9]) }, "uk_postcode": ukPostcode, "uk_plate": ukPlate, "in_state": inState,
	"nl_onderwijs": nlOnderwijs, "no_mva": noMVA, "ph_tin": phTIN, "si_maticna": siMaticna, "us_dea": usDEA,
	"pl_regon": plREGON, "cz_ico": czICO,
}
