// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package objstore is the adapter of stores that speak the S3 protocol: so far, as a
// source of surveys.
package objstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/survey"
)

const (
	maxObjects  = 1_000_000
	listTimeout = 10 * time.Minute
)

// Survey reads the data files of a bucket as a source. It lists and gets, and nothing else.
type Survey struct {
	client         *minio.Client
	endpoint       string
	bucket, prefix string
	sizes          map[string]minio.ObjectInfo
}

// Options say where a bucket is, if not at Amazon.
type Options struct {
	Endpoint string // https://host[:port]; http only for what is meant to be readable on the way
	Region   string
}

// OpenSurvey reads s3://bucket/prefix. The keys are in AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; without them, the bucket is read as anybody.
func OpenSurvey(text string, o Options) (*Survey, error) {
	invalid := func(op, remedy, format string, args ...any) error {
		return &comity.Error{Code: comity.CodeInvalid, Op: op, Err: fmt.Errorf(format, args...), Remedy: remedy}
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return nil, invalid("read the URL", "write s3://bucket/prefix, and --endpoint for another store than Amazon's", "it names no bucket")
	}
	at, err := url.Parse(cmp.Or(o.Endpoint, "https://s3.amazonaws.com"))
	if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || at.User != nil || strings.Trim(at.Path, "/") != "" {
		return nil, invalid("read the endpoint", "write https://host:port", "it is no URL of a server")
	}
	client, err := minio.New(at.Host, &minio.Options{
		Creds: credentials.NewEnvAWS(), Secure: at.Scheme == "https", Region: cmp.Or(o.Region, os.Getenv("AWS_REGION"), "us-east-1"), MaxRetries: 3,
	})
	if err != nil {
		return nil, invalid("open the bucket", "", "%w", err)
	}
	return &Survey{client: client, endpoint: at.Host, bucket: u.Host, prefix: strings.TrimPrefix(u.Path, "/"), sizes: map[string]minio.ObjectInfo{}}, nil
}

// Name is the endpoint, the bucket and the prefix.
func (s *Survey) Name() string { return "s3://" + s.endpoint + "/" + s.bucket + "/" + s.prefix }

// Tables lists the objects whose names are those of data files. The entity tag of an object
// changes with its contents.
func (s *Survey) Tables(ctx context.Context) ([]survey.Table, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	var out []survey.Table
	for o := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix, Recursive: true}) {
		switch {
		case o.Err != nil:
			return nil, &comity.Error{Code: comity.CodeUnavailable, Op: "list the bucket", Err: answer(o.Err)}
		case strings.HasSuffix(o.Key, "/"), !survey.IsDataFile(o.Key):
			continue
		case len(out) >= maxObjects:
			return nil, &comity.Error{Code: comity.CodeTooLarge, Op: "list the bucket", Err: fmt.Errorf("more than %d objects", maxObjects), Remedy: "give a prefix"}
		}
		t := survey.Table{Name: o.Key}
		if tag := strings.Trim(o.ETag, `"`); tag != "" {
			t.Mark = fmt.Sprintf("etag %s size %d version %s", tag, o.Size, o.VersionID)
		}
		if o.StorageClass == "GLACIER" || o.StorageClass == "DEEP_ARCHIVE" {
			t.Skip = "archived: it has to be restored first"
		}
		s.sizes[o.Key] = o
		out = append(out, t)
	}
	return out, nil
}

// Read reads an object, as much of it as is looked at. It is read as it was listed: one that
// was replaced meanwhile is an error, and read by the next survey.
func (s *Survey) Read(ctx context.Context, t survey.Table, out *survey.Sampler) error {
	info := s.sizes[t.Name]
	var o minio.GetObjectOptions
	if info.ETag != "" {
		if err := o.SetMatchETag(strings.Trim(info.ETag, `"`)); err != nil {
			return err
		}
	}
	object, err := s.client.GetObject(ctx, s.bucket, t.Name, o)
	if err != nil {
		return s.failed(ctx, err)
	}
	defer object.Close()
	if err := out.File(object, info.Size, t.Name); err != nil {
		return s.failed(ctx, err)
	}
	return nil
}

// failed tells an object that cannot be read from a store that is gone.
func (s *Survey) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var r minio.ErrorResponse
	var u *url.Error
	switch {
	case errors.As(err, &r) && r.StatusCode == http.StatusPreconditionFailed:
		return errors.New("it was replaced while it was read")
	case errors.As(err, &r):
		return answer(err)
	case errors.As(err, &u):
		return fmt.Errorf("%w: %w", survey.ErrGone, u.Err)
	}
	return err
}

// answer is what the store says, without the request.
func answer(err error) error {
	var r minio.ErrorResponse
	if errors.As(err, &r) {
		return fmt.Errorf("the store answers %d: %s", r.StatusCode, cmp.Or(r.Message, r.Code))
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
