// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/app"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/httpapi"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/internal/principal"
)

// stopWithin bounds how long a server finishes what it accepted.
const stopWithin = 30 * time.Second

// folderFlags name the data folder and the configuration.
type folderFlags struct{ file, data, anchor string }

func (f *folderFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "config", "", "configuration file (docs/config.md); none is needed")
	cmd.Flags().StringVar(&f.data, "data", "", "data folder (default comity-data)")
	cmd.Flags().StringVar(&f.anchor, "anchor", "", "folder of the last signed head and the keys, outside the data folder (default under $XDG_STATE_HOME)")
	_ = cmd.MarkFlagDirname("data")
	_ = cmd.MarkFlagDirname("anchor")
	_ = cmd.MarkFlagFilename("config", "yaml")
}

// config joins the file with the flags, which count more.
func (f *folderFlags) config() (c config.Config, err error) {
	if f.file != "" {
		if c, err = config.Read(f.file); err != nil {
			return c, err
		}
	}
	if f.data != "" {
		c.Data = f.data
	}
	if f.anchor != "" {
		c.Anchor = f.anchor
	}
	return c.WithDefaults(), nil
}

func newServe() *cobra.Command {
	var f folderFlags
	var listen string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answer over HTTP, with a record of every answer",
		Long: `Opens or creates a data folder and answers over HTTP: decisions, events for the
log, AuthZEN, and the log itself. Every answer is recorded before it is given.

Without configuration it serves on loopback, where everybody on this machine may
ask, until the first principal gets a key. Every other address needs TLS and a
way to authenticate.

  curl -H 'Content-Type: application/json' -d @question.json http://127.0.0.1:8080/v1/decisions

SIGHUP reads the packs and their part of the configuration anew, and says which
other keys changed and need a restart. SIGTERM and SIGINT stop it: what was accepted is
answered and the log is sealed.`,
		Example: `  comity serve
  comity serve --data comity-data --listen 127.0.0.1:9000
  comity serve --config comity.yaml`,
		Args: noArgs("did you mean: comity serve --data "),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.config()
			if err != nil {
				return err
			}
			if listen != "" {
				c.Listen = listen
			}
			useProcessors()
			return serve(cmd.Context(), c, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f.bind(cmd)
	cmd.Flags().StringVar(&listen, "listen", "", "address of the server; port 0 takes a free one (default 127.0.0.1:8080)")
	return cmd
}

// service is a server and what it needs.
type service struct {
	app     *app.App
	handler *httpapi.Handler
	http    *http.Server
	traces  func(context.Context) error
	logger  *slog.Logger
	tls     bool
}

// serve runs until a signal or the context ends it.
func serve(ctx context.Context, c config.Config, out, errOut io.Writer) (err error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return usageError("log_level", "use debug, info, warn or error", "%w", err)
	}
	logger := slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: level}))
	if err := checkAddress(c); err != nil {
		return err
	}
	// The address first: a server that cannot be reached needs no data folder.
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return &comity.Error{Code: comity.CodeUnavailable, Op: "listen on " + c.Listen, Err: errors.Unwrap(err), Remedy: "stop the other program, or give --listen another address"}
	}
	defer l.Close()
	a, err := app.Open(ctx, c, logger)
	if err != nil {
		return err
	}
	s, err := newService(ctx, c, a, logger)
	if err != nil {
		return errors.Join(err, a.Close(ctx))
	}
	s.announce(out, l.Addr())
	return s.run(ctx, l)
}

// checkAddress refuses to serve strangers without TLS or without knowing who asks.
func checkAddress(c config.Config) error {
	if onLoopback(c.Listen) {
		return nil
	}
	refuse := func(what, remedy string) error {
		return usageError("listen on "+c.Listen, remedy, "an address that others can reach needs %s", what)
	}
	if c.TLS.Cert == "" {
		return refuse("TLS", "set tls.cert and tls.key in the configuration, or serve on 127.0.0.1")
	}
	if c.OIDC.Issuer != "" || len(c.Certificates) > 0 {
		return nil
	}
	list, err := principal.Read(app.PrincipalsFile(c.Data))
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return refuse("authentication", "comity principal add NAME --scope decide gives the first key; or set oidc or certificates in the configuration")
	}
	return nil
}

func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// newService puts the HTTP handler in front of an open data folder.
func newService(ctx context.Context, c config.Config, a *app.App, logger *slog.Logger) (*service, error) {
	s := &service{app: a, logger: logger}
	auth, err := authenticator(c, a)
	if err != nil {
		return nil, err
	}
	tracer, stop, err := httpapi.Tracer(ctx, c.Traces)
	if err != nil {
		return nil, err
	}
	s.traces = stop
	o := httpapi.Options{
		Door: a.Door, Auth: bearer{auth}, Vocabulary: func() *pack.Vocabulary { return a.Door.Engine().Program().Model().Vocab },
		Reloader: a, Packs: a, Reader: a, Eraser: a, Logs: map[string]httpapi.Log{a.LogName: a}, PublicLogs: c.PublicLogs, PublicMetrics: c.PublicMetrics,
		Ready: a.Ready, Recorder: a.Book, PublicURL: c.PublicURL, Tracer: tracer, Logger: logger,
		AuthZEN: httpapi.AuthZEN{AllowConditional: c.AuthZEN.Conditional == "allow"},
		Limits: httpapi.Limits{
			Body: c.Limits.Body, Stream: c.Limits.Stream, Memory: c.Limits.Memory, Batch: c.Limits.Batch, Connections: c.Limits.Connections,
			PerPrincipal: c.Limits.PerPrincipal, PerCell: c.Limits.PerCell,
			Header: c.Limits.Header, Read: c.Limits.Read, Write: c.Limits.Write, Idle: c.Limits.Idle,
		},
	}
	if onLoopback(c.Listen) {
		local := principal.Local()
		o.Local, o.Configured = &local, auth.Configured
	}
	if s.handler, err = httpapi.New(o); err != nil {
		return nil, err
	}
	s.http = httpapi.NewServer(s.handler, nil)
	if c.TLS.Cert != "" {
		s.tls = true
		s.http.TLSConfig, err = httpapi.TLSConfig(httpapi.TLSOptions{CertFile: c.TLS.Cert, KeyFile: c.TLS.Key, ClientCAFile: c.TLS.ClientCA, AllowTLS12: c.TLS.Allow12})
	}
	return s, err
}

// authenticator accepts what the configuration names.
func authenticator(c config.Config, a *app.App) (*principal.Authenticator, error) {
	auth := &principal.Authenticator{Keys: a.Principals}
	if o := c.OIDC; o.Issuer != "" {
		auth.Tokens = principal.NewTokens(principal.TokenOptions{
			Issuer: o.Issuer, Audience: o.Audience, NameClaim: o.NameClaim, TenantClaim: o.TenantClaim, ScopeClaim: o.ScopeClaim, Now: time.Now,
		})
	}
	if len(c.Certificates) == 0 {
		return auth, nil
	}
	byName := map[string]principal.Principal{}
	for _, cert := range c.Certificates {
		scopes, err := principal.ParseScopes(cert.Scopes)
		if err != nil {
			return nil, err
		}
		byName[cert.Name] = principal.Principal{Name: cert.Principal, Tenant: cert.Tenant, Scopes: scopes}
	}
	auth.Certificates = principal.NewCertificates(byName)
	return auth, nil
}

// bearer shows the handler's credentials to the authenticator.
type bearer struct{ auth *principal.Authenticator }

func (b bearer) Authenticate(ctx context.Context, c httpapi.Credentials) (decide.Caller, error) {
	return b.auth.Authenticate(ctx, c.Token, c.Certificates)
}

// announce prints where everything is.
func (s *service) announce(out io.Writer, addr net.Addr) {
	scheme := "http"
	if s.tls {
		scheme = "https"
	}
	p := s.app.Paths
	fmt.Fprintf(out, "serving  %s://%s\n", scheme, addr)
	fmt.Fprintf(out, "data     %s\n", p.Data)
	fmt.Fprintf(out, "anchor   %s\n", p.Anchor)
	fmt.Fprintf(out, "keys     %s (signs the log), %s\n", p.LogKey, p.SubjectKeys)
	fmt.Fprintf(out, "verify   %s\n", s.app.VerifierKey())
	if err := s.app.Ready(); err != nil {
		fmt.Fprintf(out, "reading  only: %s\n", clean(err.Error()))
	}
}

// run serves until it is told to stop, then finishes.
func (s *service) run(ctx context.Context, l net.Listener) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	ended := make(chan error, 1)
	go manageMemory(ctx)
	l = s.handler.Listener(l, !s.tls)
	go func() {
		if s.tls {
			ended <- s.http.ServeTLS(l, "", "")
		} else {
			ended <- s.http.Serve(l)
		}
	}()
	for {
		select {
		case err := <-ended:
			return errors.Join(err, s.close())
		case <-ctx.Done():
			stop() // a second signal ends the process
			s.logger.Info("stopping")
			return s.close()
		case <-hup:
			s.reload(ctx)
		}
	}
}

// reload reads the packs anew, for whoever may send signals to this process.
func (s *service) reload(ctx context.Context) {
	done, err := s.app.Reload(ctx, principal.Local())
	if err != nil {
		s.logger.Error("nothing was reloaded", "error", err)
		return
	}
	s.logger.Info("reloaded", "program", s.app.Door.Engine().Program().Hash(), "candidate", done.Candidate, "entry", *done.Record.Index, "applied", done.Applied)
	if len(done.Restart) > 0 {
		s.logger.Warn("these keys of the configuration changed and need a restart", "keys", done.Restart)
	}
}

// close answers what was accepted and seals the log.
func (s *service) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	return errors.Join(err, s.handler.Close(ctx), s.app.Close(ctx), s.traces(ctx))
}
