// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// Types that only this program appends: decisions, and changes of what decides.
const (
	TypeDecision         = "decision"
	TypeBatch            = "batch"
	TypeLogCreated       = "log.created"
	TypeLogAdopted       = "log.adopted"
	TypeLogRecovered     = "log.recovered"
	TypeKeyRotated       = "key.rotated"
	TypeKeyRetired       = "key.retired"
	TypePacksProposed    = "packs.proposed"
	TypePacksChanged     = "packs.changed"
	TypeConfigChanged    = "config.changed"
	TypePrincipalAdded   = "principal.added"
	TypePrincipalRevoked = "principal.revoked"
	TypeErasureOrdered   = "erasure.ordered"
	TypeSubjectErased    = "subject.erased"
	TypeLeaseUsed        = "lease.used"
)

// Types that applications append without declaring them.
const (
	TypeAuthentication = "authentication"
	TypeDataAccess     = "data_access"
	TypePrivileged     = "privileged_operation"
	TypeConfiguration  = "configuration_change"
	TypeSystemAccess   = "system_access"
	TypeDataDisposal   = "data_disposal"
	TypeKeyUse         = "key_use"
	TypeAIInference    = "ai_inference"
)

// TypeNames lists the types that need no declaration.
func TypeNames() []string {
	return []string{
		TypeDecision, TypeBatch, TypeLogCreated, TypeLogAdopted, TypeLogRecovered, TypeKeyRotated, TypeKeyRetired,
		TypePacksChanged, TypeConfigChanged, TypePrincipalAdded, TypePrincipalRevoked, TypeErasureOrdered,
		TypeSubjectErased, TypeLeaseUsed, TypeAuthentication, TypeDataAccess, TypePrivileged, TypeConfiguration,
		TypeSystemAccess, TypeDataDisposal, TypeKeyUse, TypeAIInference,
	}
}

// ownType tells the types that only this program appends. Declared names have no dot.
func ownType(name string) bool {
	return name == TypeDecision || name == TypeBatch || strings.Contains(name, ".")
}

// Type says what an event of an application must have.
type Type struct {
	Name, Text string
	// Needs lists members of the event besides type: actor, action, resource, success,
	// subject, tenant, region, source, purpose.
	Needs []string
	// Fields are the members of details. With Open, others may stand beside them.
	Fields []Field
	Open   bool
}

// Field is one member of details.
type Field struct {
	Name, Text string
	// Kind is string, number, integer, bool, instant, object or any, and may stand in
	// brackets for a list, such as [string]; one value is a list of one.
	Kind     string
	Required bool
	// Values are all that a string may be, if not empty.
	Values   []string
	Min, Max *float64 // bounds of a number
}

// Types are the declared types of events, by name.
type Types struct {
	byName map[string]Type
}

// BuiltinTypes are the types that need no declaration. They take any details, so that an
// application need not know us to be heard; those that are named are checked.
func BuiltinTypes() *Types {
	zero, one := 0.0, 1.0
	t := &Types{byName: map[string]Type{}}
	for _, d := range []Type{
		{Name: TypeAuthentication, Text: "Somebody proved who he is, or could not.", Needs: []string{"actor", "success"}},
		{Name: TypeDataAccess, Text: "Data was read, or the attempt was refused.", Needs: []string{"actor", "action", "resource", "success"}},
		{Name: TypePrivileged, Text: "Somebody used a right that others lack.", Needs: []string{"actor", "action", "success"}},
		{Name: TypeConfiguration, Text: "A system was set up differently.", Needs: []string{"actor", "action", "success"}},
		{Name: TypeSystemAccess, Text: "Somebody entered a system.", Needs: []string{"actor", "success"}},
		{Name: TypeDataDisposal, Text: "Data was destroyed.", Needs: []string{"actor", "resource", "success"}},
		{Name: TypeKeyUse, Text: "A cryptographic key was used.", Needs: []string{"actor", "action", "resource", "success"}},
		{Name: TypeAIInference, Text: "A model drew a conclusion.", Needs: []string{"actor", "success"}, Fields: []Field{
			{Name: "model_version", Kind: "string", Required: true, Text: "Which model, in which version."},
			{Name: "prediction", Kind: "any", Required: true, Text: "What the model said."},
			{Name: "confidence", Kind: "number", Required: true, Min: &zero, Max: &one, Text: "How sure it was, 0 to 1."},
			{Name: "features", Kind: "[any]", Required: true, Text: "What the prediction was drawn from."},
			{Name: "located_in", Kind: "[string]", Required: true, Text: "Where the data was."},
			{Name: "stored_in", Kind: "[string]", Required: true, Text: "Where it is stored."},
			{Name: "processed_in", Kind: "[string]", Required: true, Text: "Where it was processed."},
		}},
	} {
		d.Open = true
		t.byName[d.Name] = d
	}
	return t
}

// Names lists the types.
func (t *Types) Names() []string { return slices.Sorted(maps.Keys(t.byName)) }

// Type is one type by its name.
func (t *Types) Type(name string) (Type, bool) {
	d, ok := t.byName[name]
	return d, ok
}

// Check holds an event of an application against its type. A type that only this program
// appends is refused.
func (t *Types) Check(e *Event) error {
	d, ok := t.byName[e.Type]
	switch {
	case e.Type == "":
		return invalidEvent("type is missing", "name one: "+strings.Join(t.Names(), ", "))
	case !ok && ownType(e.Type):
		return &comity.Error{
			Code: comity.CodeForbidden, Op: "check event", Err: fmt.Errorf("type %q is written by the log itself", e.Type),
			Remedy: "use a type of your own",
		}
	case !ok:
		remedy := pack.Suggest(e.Type, t.Names())
		if remedy == "" {
			remedy = "declare it in the file of event types"
		}
		return &comity.Error{Code: comity.CodeUnknown, Op: "check event", Err: fmt.Errorf("type %q is not declared", e.Type), Remedy: remedy}
	}
	for _, need := range d.Needs {
		if !e.has(need) {
			return invalidEvent(fmt.Sprintf("%s is missing, which %s needs", need, d.Name), "add it")
		}
	}
	return d.checkDetails(e.Details)
}

// eventMembers are what Type.Needs can name.
func eventMembers() []string {
	return []string{"actor", "action", "resource", "success", "subject", "tenant", "region", "source", "purpose"}
}

func (e *Event) has(member string) bool {
	switch member {
	case "actor":
		return e.Principal != ""
	case "action":
		return e.Action != ""
	case "resource":
		return e.Resource.ID != ""
	case "success":
		return e.Outcome != ""
	case "subject":
		return e.Subject.ID != ""
	case "tenant":
		return e.Tenant != ""
	case "region":
		return e.Region != ""
	case "source":
		return e.Source != ""
	case "purpose":
		return e.Purpose != ""
	}
	return false
}

func (d *Type) checkDetails(details map[string]any) error {
	names := make([]string, len(d.Fields))
	for i, f := range d.Fields {
		names[i] = f.Name
	}
	if !d.Open {
		for _, k := range slices.Sorted(maps.Keys(details)) {
			if !slices.Contains(names, k) {
				remedy := pack.Suggest(k, names)
				if remedy == "" {
					remedy = "remove it or declare it"
				}
				return &comity.Error{Code: comity.CodeUnknown, Op: "check event", Err: fmt.Errorf("details.%s is not a field of %s", k, d.Name), Remedy: remedy}
			}
		}
	}
	for i := range d.Fields {
		f := &d.Fields[i]
		v, ok := details[f.Name]
		if !ok || v == nil {
			if !f.Required {
				continue
			}
			return invalidEvent(fmt.Sprintf("details.%s is missing, which %s needs", f.Name, d.Name), f.nearest(details))
		}
		if err := f.check(v); err != nil {
			return invalidEvent(fmt.Sprintf("details.%s %v", f.Name, err), f.Text)
		}
	}
	return nil
}

// nearest finds a name that was probably meant as f.
func (f *Field) nearest(details map[string]any) string {
	for _, k := range slices.Sorted(maps.Keys(details)) {
		if s := pack.Suggest(k, []string{f.Name}); strings.HasPrefix(s, "did you mean") {
			return fmt.Sprintf("%q stands there: %s", k, s)
		}
	}
	return f.Text
}

func (f *Field) check(v any) error {
	kind, list := strings.CutPrefix(f.Kind, "[")
	if !list {
		return f.checkOne(kind, v)
	}
	kind = strings.TrimSuffix(kind, "]")
	switch items := v.(type) {
	case []any:
		for i, item := range items {
			if err := f.checkOne(kind, item); err != nil {
				return fmt.Errorf("(item %d) %w", i+1, err)
			}
		}
		return notEmpty(len(items))
	case []string:
		for _, item := range items {
			if err := f.checkOne(kind, item); err != nil {
				return err
			}
		}
		return notEmpty(len(items))
	}
	return f.checkOne(kind, v)
}

func notEmpty(n int) error {
	if n == 0 {
		return errors.New("is an empty list")
	}
	return nil
}

func (f *Field) checkOne(kind string, v any) error {
	ok := true
	switch kind {
	case "any":
	case "string":
		var s string
		if s, ok = v.(string); ok {
			return f.checkText(s)
		}
	case "bool":
		_, ok = v.(bool)
	case "object":
		_, ok = v.(map[string]any)
	case "instant":
		ok = isInstant(v)
	case "number", "integer":
		var x float64
		if x, ok = number(v); ok && (kind == "number" || x == math.Trunc(x)) {
			return f.checkBounds(x)
		}
		ok = false
	}
	if !ok {
		return fmt.Errorf("is not of type %s", f.Kind)
	}
	return nil
}

func (f *Field) checkText(s string) error {
	if s == "" && f.Required {
		return errors.New("is empty")
	}
	if len(f.Values) > 0 && !slices.Contains(f.Values, s) {
		return fmt.Errorf("%q is none of %s", s, strings.Join(f.Values, ", "))
	}
	return nil
}

func (f *Field) checkBounds(x float64) error {
	if f.Min != nil && x < *f.Min || f.Max != nil && x > *f.Max {
		return fmt.Errorf("%v is out of bounds", x)
	}
	return nil
}

func isInstant(v any) bool {
	switch v := v.(type) {
	case time.Time:
		return true
	case string:
		_, err := time.Parse(time.RFC3339, v)
		return err == nil
	}
	return false
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	}
	return 0, false
}

func invalidEvent(what, remedy string) error {
	return &comity.Error{Code: comity.CodeInvalid, Op: "check event", Err: errors.New(what), Remedy: remedy}
}
