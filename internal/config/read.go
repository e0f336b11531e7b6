// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// maxFile bounds a configuration in bytes.
const maxFile = 1 << 20

// Read reads a file. All its faults are reported at once, each with its line and column.
func Read(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		code := comity.CodeInvalid
		if errors.Is(err, fs.ErrNotExist) {
			code = comity.CodeNotFound
		}
		return Config{}, &comity.Error{Code: code, Op: "read configuration", Err: err}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return Config{}, &comity.Error{Code: comity.CodeInvalid, Op: "read configuration", Err: err}
	case len(data) > maxFile:
		return Config{}, &comity.Error{Code: comity.CodeTooLarge, Op: path, Err: fmt.Errorf("a configuration has at most %d bytes", maxFile)}
	}
	c, err := Parse(path, data)
	if err == nil {
		c.relativeTo(filepath.Dir(path))
		err = c.readAttributes(data)
	}
	if err == nil {
		source := c
		c.path, c.source = path, &source
	}
	return c, err
}

// readAttributes reads the file once, so that the hash is of what is used.
func (c *Config) readAttributes(config []byte) error {
	if c.Attributes == "" {
		return nil
	}
	data, err := os.ReadFile(c.Attributes)
	if err != nil {
		return &comity.Error{Code: comity.CodeNotFound, Op: "read attributes", Err: err}
	}
	c.attributes = data
	sum := sha256.Sum256(append(append(config, 0), data...))
	c.hash = "sha256:" + hex.EncodeToString(sum[:])
	return nil
}

// Parse reads a configuration; name stands before its errors.
func Parse(name string, data []byte) (Config, error) {
	var c Config
	r := &reader{name: name}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return c, nil
	case err != nil:
		return c, &comity.Error{Code: comity.CodeInvalid, Op: name, Err: err}
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return c, &comity.Error{Code: comity.CodeInvalid, Op: name, Err: errors.New("there is more than one document")}
	}
	r.value(doc.Content[0], reflect.ValueOf(&c).Elem(), "")
	r.check(&doc, &c)
	switch len(r.faults) {
	case 0:
	case 1:
		return Config{}, r.faults[0]
	default:
		return Config{}, &comity.Error{Code: r.faults[0].Code, Op: "read configuration", Err: errors.Join(r.errs()...)}
	}
	sum := sha256.Sum256(data)
	c.hash = "sha256:" + hex.EncodeToString(sum[:])
	return c, nil
}

// reader fills a struct from YAML and collects faults.
type reader struct {
	name   string
	faults []*comity.Error
}

func (r *reader) errs() []error {
	out := make([]error, len(r.faults))
	for i, f := range r.faults {
		out[i] = f
	}
	return out
}

func (r *reader) fail(n *yaml.Node, code comity.Code, remedy, format string, args ...any) {
	r.faults = append(r.faults, &comity.Error{
		Code: code, Op: fmt.Sprintf("%s:%d:%d", r.name, n.Line, n.Column), Line: n.Line, Column: n.Column,
		Err: fmt.Errorf(format, args...), Remedy: remedy,
	})
}

var durationType = reflect.TypeFor[time.Duration]()

func (r *reader) value(n *yaml.Node, v reflect.Value, key string) {
	switch {
	case n.Kind == yaml.AliasNode:
		r.fail(n, comity.CodeInvalid, "write it out", "aliases are not read")
	case v.Kind() == reflect.Struct:
		r.fields(n, v)
	case v.Kind() == reflect.Slice:
		r.list(n, v, key)
	case n.Kind != yaml.ScalarNode:
		r.fail(n, comity.CodeInvalid, "", "%s is one value", key)
	case v.Type() == durationType:
		d, err := time.ParseDuration(n.Value)
		if err != nil || d < 0 {
			r.fail(n, comity.CodeInvalid, "write a number with its unit, such as 30s or 2m", "%s is no length of time", key)
		}
		v.SetInt(int64(d))
	default:
		r.scalar(n, v, key)
	}
}

func (r *reader) scalar(n *yaml.Node, v reflect.Value, key string) {
	switch v.Kind() {
	case reflect.String:
		if n.Tag != "!!str" && n.Tag != "!!int" && n.Tag != "!!float" {
			r.fail(n, comity.CodeInvalid, "write a text", "%s is a text", key)
		}
		v.SetString(n.Value)
	case reflect.Bool:
		b, err := strconv.ParseBool(n.Value)
		if err != nil || n.Tag != "!!bool" {
			r.fail(n, comity.CodeInvalid, "", "%s is true or false", key)
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil || i < 0 {
			r.fail(n, comity.CodeInvalid, "", "%s is a whole number, zero or more", key)
		}
		v.SetInt(i)
	case reflect.Float64:
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || !(f >= 0 && f < 1e12) {
			r.fail(n, comity.CodeInvalid, "", "%s is a number, zero or more", key)
		}
		v.SetFloat(f)
	}
}

func (r *reader) list(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.SequenceNode {
		r.fail(n, comity.CodeInvalid, "write each on a line of its own after a hyphen", "%s is a list", key)
		return
	}
	for _, item := range n.Content {
		x := reflect.New(v.Type().Elem()).Elem()
		r.value(item, x, key)
		v.Set(reflect.Append(v, x))
	}
}

func (r *reader) fields(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		if n.Tag != "!!null" {
			r.fail(n, comity.CodeInvalid, "write key: value", "keys with values are expected")
		}
		return
	}
	at, names := map[string]int{}, []string{}
	for i := range v.NumField() {
		if name := v.Type().Field(i).Tag.Get("yaml"); name != "" {
			at[name] = i
			names = append(names, name)
		}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, val := n.Content[i], n.Content[i+1]
		field, ok := at[k.Value]
		switch {
		case !ok:
			r.fail(k, comity.CodeUnknown, pack.Suggest(k.Value, names), "unknown key %q", pack.Short(k.Value))
		case seen[k.Value]:
			r.fail(k, comity.CodeConflict, "give it once", "%s is given twice", k.Value)
		case val.Tag == "!!null":
		default:
			r.value(val, v.Field(field), k.Value)
		}
		seen[k.Value] = true
	}
}

// check refuses values that no server could use.
func (r *reader) check(doc *yaml.Node, c *Config) {
	root := doc.Content[0]
	at := func(path ...string) *yaml.Node { return find(root, path) }
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		r.fail(at("tls"), comity.CodeInvalid, "give both", "tls has only one of cert and key")
	}
	if c.TLS.ClientCA != "" && c.TLS.Cert == "" {
		r.fail(at("tls", "client_ca"), comity.CodeInvalid, "give tls.cert and tls.key", "client_ca is of no use without TLS")
	}
	if len(c.Certificates) > 0 && c.TLS.ClientCA == "" {
		r.fail(at("certificates"), comity.CodeInvalid, "give tls.client_ca", "nothing verifies the client certificates")
	}
	if (c.OIDC.Issuer == "") != (c.OIDC.Audience == "") {
		r.fail(at("oidc"), comity.CodeInvalid, "give both", "oidc has only one of issuer and audience")
	}
	if u, err := url.Parse(c.PublicURL); c.PublicURL != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		r.fail(at("public_url"), comity.CodeInvalid, "write https://host", "public_url is no https address")
	}
	if a := c.AuthZEN.Conditional; a != "" && a != "allow" && a != "deny" {
		r.fail(at("authzen", "conditional"), comity.CodeInvalid, "use allow or deny", "unknown value %q", pack.Short(a))
	}
	var level slog.Level
	if c.LogLevel != "" && level.UnmarshalText([]byte(c.LogLevel)) != nil {
		r.fail(at("log_level"), comity.CodeInvalid, "use debug, info, warn or error", "unknown level %q", pack.Short(c.LogLevel))
	}
	for i, cert := range c.Certificates {
		if cert.Name == "" || cert.Principal == "" || len(cert.Scopes) == 0 {
			r.fail(at("certificates").Content[i], comity.CodeInvalid, "give all three", "a certificate needs name, principal and scopes")
		}
	}
}

// find is the node of a value, or the nearest one above it.
func find(n *yaml.Node, path []string) *yaml.Node {
	if len(path) == 0 || n.Kind != yaml.MappingNode {
		return n
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == path[0] {
			return find(n.Content[i+1], path[1:])
		}
	}
	return n
}

// relativeTo makes the paths of a file count from its folder.
func (c *Config) relativeTo(dir string) {
	paths := []*string{&c.Data, &c.Anchor, &c.TLS.Cert, &c.TLS.Key, &c.TLS.ClientCA, &c.Packs.Candidate, &c.EventTypes, &c.Attributes}
	for i := range c.Packs.Dirs {
		paths = append(paths, &c.Packs.Dirs[i])
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) && !strings.HasPrefix(*p, "~") {
			*p = filepath.Join(dir, *p)
		}
	}
}
