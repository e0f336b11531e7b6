// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package classify

// joinAddresses puts the parts of addresses together with what follows them.
func (r *reader) joinAddresses(parts []stretch) {
	for k := 0; k < len(parts); k++ {
		first := k
		p := parts[k]
		p.from = r.cornerStart(p.from)
		inline := !r.lineStart(p.from) || r.t[p.from].is(isUnit) && r.sentenceAbove(p.from)
		for k+1 < len(parts) && r.joins(p.to, parts[k+1].from, inline) {
			k++
			p.to = parts[k].to
		}
		end, comps, lines, zip := r.tail(p.to, inline)
		for k+1 < len(parts) && parts[k+1].from < end {
			k++
			end = max(end, parts[k].to)
		}
		if comps >= 2 || comps == 1 && zip || inline && lines > 0 {
			r.put(p.from, end, r.c.labels.street, 0.93, "address with place")
			r.use(p.from, end)
			if !inline && lines == 0 {
				r.letterAbove(p)
			}
			continue
		}
		r.putParts(p, parts[first:k+1])
		r.use(p.from, p.to)
		r.letterBelow(p.to)
		if !inline {
			r.letterAbove(p)
		}
	}
}

// fieldPost tells whether a part is the last line of a military address.
func (r *reader) fieldPost(i int) bool {
	w := r.fold(i)
	return w == "apo" || w == "fpo" || w == "dpo"
}

// putParts adds the parts of an address without a place, each by itself: a number, a
// street, a flat. Two streets that make a corner are one.
func (r *reader) putParts(whole stretch, parts []stretch) {
	if whole.from < parts[0].from || r.fieldPost(parts[len(parts)-1].from) {
		r.put(whole.from, whole.to, r.c.labels.street, 0.86, "parts of one address")
		return
	}
	for _, p := range parts {
		r.put(p.from, p.to, r.c.labels.street, 0.86, "street, unit or box")
	}
}

func (r *reader) use(from, to int) {
	for i := from; i < to; i++ {
		r.t[i].used = true
	}
	r.streets = append(r.streets, stretch{from, to})
}

// cornerStart takes "the corner of" with the street.
func (r *reader) cornerStart(i int) int {
	if r.fold(i-1) == "of" && r.fold(i-2) == "corner" {
		if r.fold(i-3) == "the" {
			return i - 3
		}
		return i - 2
	}
	return i
}

// joins tells whether two parts are of one address: on one line with at most a comma or
// "and" between, or on the next line in running text.
func (r *reader) joins(end, next int, inline bool) bool {
	switch next - end {
	case 0:
		return true
	case 1:
		return r.isMark(end, ",") || r.fold(end) == "and" || r.t[end].form == newline && r.fieldPost(next) || r.fold(end) == "st." || inline && r.t[end].form == newline
	case 2:
		return inline && r.isMark(end, ",") && r.t[end+1].form == newline
	}
	return false
}

// tail reads places and postal codes behind a street: how many, over how many ends of
// lines, and whether a postal code was among them.
func (r *reader) tail(i int, inline bool) (end, comps, lines int, zip bool) {
	end = i
	for comps < 6 {
		k, crossed := r.separator(i, inline)
		if k >= len(r.t) || k == i && comps == 0 && !r.adjacent(k) {
			return end, comps, lines, zip
		}
		to, isZip := r.tailPart(k)
		if to == 0 || crossed > 0 && !r.wholeLine(k, to) && !isZip && !r.endsPart(to) {
			return end, comps, lines, zip
		}
		zip = zip || isZip
		comps++
		lines += crossed
		i, end = to, to
	}
	return end, comps, lines, zip
}

func (r *reader) endsPart(i int) bool {
	return r.isMark(i, ",") || r.lineEnds(i) || r.at(i).form == number
}

// wholeLine tells whether a row of tokens fills its line, but for a number.
func (r *reader) wholeLine(from, to int) bool {
	return r.lineStart(from) && (r.lineEnds(to) || r.at(to).form == number)
}

// separator skips what stands between the parts of an address.
func (r *reader) separator(i int, lines bool) (next, crossed int) {
	for k := 0; k < 3 && i < len(r.t); k++ {
		switch {
		case r.isMark(i, ","):
		case r.t[i].form == newline && lines && crossed < 1:
			crossed++
		default:
			return i, crossed
		}
		i++
	}
	return i, crossed
}

// tailPart reads a unit, a postal code or a place.
func (r *reader) tailPart(i int) (end int, zip bool) {
	t := &r.t[i]
	n := t.end - t.start
	switch {
	case t.is(isUnit) && r.at(i+1).form == number:
		return i + 2, false
	case t.form == number && n >= 3 && n <= 6 && r.at(i-1).form != mark:
		if r.at(i+1).form == number && r.adjacent(i+1) && n == 3 {
			return i + 2, true
		}
		if n >= 4 {
			return i + 1, true
		}
		return 0, false
	case t.form == lower && (r.fold(i) == "nan" || r.lowerCase && t.is(isState)):
		return i + 1, false
	case t.form < capital && !(r.lowerCase && t.form == lower && t.is(isTown|isCity|isCountry|startsPhrase)):
		return 0, false
	}
	if to, _ := r.phrase(i, isCity|isTown|isCountry|isState); to > 0 && (r.endsPart(to) || !r.at(to).cased()) {
		return to, false
	}
	to := i + 1
	for to < len(r.t) && to < i+5 && r.adjacent(to) && (r.t[to].cased() || r.t[to].is(isParticle)) {
		to++
	}
	if r.at(i-1).form == newline || r.isMark(i-1, ",") {
		return to, false
	}
	return r.beforeCountry(i), false
}

// sentenceAbove tells whether the line above ends in running text, which goes on here.
func (r *reader) sentenceAbove(i int) bool {
	words := 0
	for k := r.lineBegin(i) - 2; k >= 0 && r.t[k].form != newline; k-- {
		if r.t[k].form == lower && r.t[k].is(isFrequent) {
			words++
		}
	}
	return words >= 2
}

// beforeCountry is the end of a row of names that ends in a country, as Ghent Belgium does.
func (r *reader) beforeCountry(i int) int {
	for j := i + 1; j < i+5 && j < len(r.t) && r.adjacent(j) && (r.t[j].cased() || r.t[j].is(isParticle)); j++ {
		if !r.t[j].cased() {
			continue
		}
		if to, _ := r.phrase(j, isCountry); to > 0 && (r.endsPart(to) || !r.at(to).cased()) {
			return to
		}
	}
	return 0
}

// letterAbove reads the lines above an address that is written on lines of its own: the
// name and the organisation.
func (r *reader) letterAbove(p stretch) {
	var above []stretch
	i := r.lineBegin(p.from) - 1
	for blank := 0; i > 0 && len(above) < 3; {
		from := r.lineBegin(i)
		row := r.lineRow(from, i)
		if row.to == row.from {
			if blank++; blank > 1 {
				break
			}
			i = from - 1
			continue
		}
		if !r.nameLine(row) {
			break
		}
		above = append(above, row)
		i = from - 1
	}
	if i <= 0 && r.t[0].form != newline {
		if row := r.lineRow(0, r.lineEnd(0)); len(above) < 3 && row.to > row.from && (len(above) == 0 || above[len(above)-1].from > row.from) && r.nameLine(row) && row.to <= p.from {
			above = append(above, row)
		}
	}
	for k, row := range above {
		h := hintPerson
		if k == 0 && len(above) > 1 && !r.sameRow(row, above[len(above)-1]) || k == 1 && len(above) == 3 {
			h = hintOrg
		}
		r.setHint(row, h)
	}
}

func (r *reader) sameRow(a, b stretch) bool {
	if a.to-a.from != b.to-b.from {
		return false
	}
	for i := range a.to - a.from {
		if r.t[a.from+i].hash != r.t[b.from+i].hash {
			return false
		}
	}
	return true
}

// lineBegin is the first token of the line of a token; lineEnd the newline behind it.
func (r *reader) lineBegin(i int) int {
	for i > 0 && r.t[i-1].form != newline {
		i--
	}
	return i
}

func (r *reader) lineEnd(i int) int {
	for i < len(r.t) && r.t[i].form != newline {
		i++
	}
	return i
}

// lineRow is a line without the marks around it.
func (r *reader) lineRow(from, to int) stretch {
	for from < to && r.t[from].form == mark {
		from++
	}
	for to > from && r.t[to-1].form == mark {
		to--
	}
	return stretch{from, to}
}

// nameLine tells whether a line could be a name and nothing else.
func (r *reader) nameLine(row stretch) bool {
	if row.to-row.from > 8 {
		return false
	}
	for i := row.from; i < row.to; i++ {
		t := &r.t[i]
		if t.used || t.form == lower && !t.is(isParticle) && !r.lowerCase && r.fold(i) != "and" {
			return false
		}
	}
	return true
}

// letterBelow reads the lines under a street: the place, the postal code, the country.
func (r *reader) letterBelow(i int) {
	for lines := 0; i < len(r.t) && lines < 5; lines++ {
		end := r.lineEnd(i)
		row := r.lineRow(i, end)
		if row.to > row.from && lines > 0 && !r.placeLine(row) && !r.unitLine(row) {
			return
		}
		i = end + 1
	}
}

func (r *reader) unitLine(row stretch) bool { return r.t[row.from].used }

// placeLine reads a place, perhaps with a postal code behind it.
func (r *reader) placeLine(row stretch) bool {
	end := row.to
	for end > row.from && r.t[end-1].form == number {
		end--
	}
	if r.t[row.from].form == number && end > row.from {
		return false
	}
	if row.to-end > 2 || end-row.from > 6 || end == row.from && row.to-end != 1 {
		return false
	}
	for i := row.from; i < end; i++ {
		if t := &r.t[i]; t.form == mark && !r.isMark(i, "(") && !r.isMark(i, ")") && !r.isMark(i, ",") && !r.isMark(i, ".") || t.form == lower && !t.is(isParticle|isState) && !r.lowerCase && r.fold(i) != "nan" && !t.is(isFrequent) {
			return false
		}
	}
	if end < row.to {
		n := r.t[row.to-1].end - r.t[end].start
		if n < 4 || n > 6 {
			return false
		}
		r.put(end, row.to, r.c.labels.street, 0.8, "postal code")
	}
	if end > row.from && !r.t[row.from].used {
		r.put(row.from, end, r.c.labels.place, 0.78, "line of an address")
	}
	for i := row.from; i < row.to; i++ {
		r.t[i].used = true
	}
	return true
}
